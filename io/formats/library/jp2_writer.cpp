// JP2 files through OpenJPEG: gray or RGB of 8 or 16 bits, without loss.
#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "io/formats/library/decoders.h"
#include "io/formats/library/jp2_stream.h"
#include "io/memory.h"

namespace aecomp {
namespace {

OpjImage ToOpenJpeg(const Image& image) {
  std::vector<opj_image_cmptparm_t> parameters(static_cast<size_t>(image.channels));
  for (opj_image_cmptparm_t& p : parameters) {
    p = {};
    p.dx = p.dy = 1;
    p.w = static_cast<uint32_t>(image.width), p.h = static_cast<uint32_t>(image.height);
    p.prec = static_cast<uint32_t>(image.bits);
  }
  OpjImage out(opj_image_create(static_cast<uint32_t>(image.channels), parameters.data(),
                                image.channels == 3 ? OPJ_CLRSPC_SRGB : OPJ_CLRSPC_GRAY),
               opj_image_destroy);
  if (out == nullptr) return out;
  out->x1 = static_cast<uint32_t>(image.width), out->y1 = static_cast<uint32_t>(image.height);
  const size_t pixels = size_t{out->x1} * out->y1, channels = static_cast<size_t>(image.channels);
  for (size_t c = 0; c < channels; ++c) {
    int32_t* const to = out->comps[c].data;
    for (size_t i = 0; i < pixels; ++i) {
      uint16_t sample = image.pixels[(i * channels + c) * (image.bits == 16 ? 2 : 1)];
      if (image.bits == 16) std::memcpy(&sample, &image.pixels[(i * channels + c) * 2], 2);
      to[i] = sample;
    }
  }
  return out;
}

}  // namespace

Result<std::vector<uint8_t>> EncodeJp2(const Image& image) {
  const Status failed = WriteError(".jp2: OpenJPEG cannot write this image; use .png");
  if (image.channels != 1 && image.channels != 3) return UsageError(".jp2: alpha is not written here; use .png");
  opj_cparameters_t parameters;
  opj_set_default_encoder_parameters(&parameters);
  parameters.tcp_numlayers = 1, parameters.cp_disto_alloc = 1;
  parameters.tcp_rates[0] = 0;  // all bits
  parameters.irreversible = 0;
  parameters.tcp_mct = image.channels == 3 ? 1 : 0;
  // Each resolution halves both sides; OpenJPEG refuses more than there is to halve.
  const auto shorter = static_cast<unsigned>(std::min(image.width, image.height));
  parameters.numresolution = std::clamp(static_cast<int>(std::bit_width(shorter)), 1, 6);
  const OpjImage from = ToOpenJpeg(image);
  const OpjCodec codec(opj_create_compress(OPJ_CODEC_JP2), opj_destroy_codec);
  MemorySink sink;
  const OpjStream stream = WritingStream(sink);
  if (from == nullptr || codec == nullptr || stream == nullptr) throw std::bad_alloc();
  OpjMessages messages;
  HearMessages(codec.get(), messages);
  const bool written = opj_setup_encoder(codec.get(), &parameters, from.get()) == OPJ_TRUE &&
                       opj_start_compress(codec.get(), from.get(), stream.get()) == OPJ_TRUE &&
                       opj_encode(codec.get(), stream.get()) == OPJ_TRUE &&
                       opj_end_compress(codec.get(), stream.get()) == OPJ_TRUE;
  if (!written && SaysOutOfMemory(messages.error)) throw std::bad_alloc();
  if (!written) return failed;
  return std::move(sink.bytes);
}

}  // namespace aecomp
