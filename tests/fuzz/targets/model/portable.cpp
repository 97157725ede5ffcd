// A whole .aec file as the portable decoder reads it. What it decodes, the codec decodes to the same samples, and the
// other way round.
#include "io/formats/alpha.h"
#include "model/codec/codec.h"
#include "model/portable/aecomp_portable.h"
#include "tests/fuzz/inputs.h"
#include "tests/fuzz/mutators/aec.h"

namespace aecomp::fuzz {
namespace {

constexpr uint64_t kMostPixels = 1 << 16;  // decoding more is slow, and not because anything is wrong

struct Decoders {
  Decoders() {
    const Bytes file = SourceFile("tests/golden/golden.aecm");
    codec = std::make_unique<Codec>(
        std::shared_ptr<Model>(ParseModel(file, "golden.aecm", ModelUse::kDecompression).value()));
    Promise(aecp_load_model(file.data(), file.size(), &portable, nullptr) == AECP_OK, "the golden model can be read");
  }
  std::unique_ptr<Codec> codec;
  aecp_model* portable = nullptr;
};

Result<Image> ByCodec(Codec& codec, const Container& container) {
  const ContainerHeader& h = container.header;
  AECOMP_RETURN_IF_ERROR(CheckAlpha(h, container.extra, "a.aec"));
  AECOMP_ASSIGN_OR_RETURN(Image image, codec.Decompress(container, "a.aec", Region{0, 0, h.width, h.height}));
  return RestoreAlpha(std::move(image), container.extra, "a.aec");
}

/// Whatever the bytes are: samples, or an error with a text.
aecp_code Decode(View bytes, const aecp_model* model, aecp_image* image) {
  aecp_options options = {};
  options.most_pixels = kMostPixels;
  char error[AECP_ERROR_SIZE] = "";
  const aecp_code code = aecp_decode(bytes.data(), bytes.size(), model, &options, image, error);
  if (code != AECP_OK) PromiseMessage(error);
  Promise(code != AECP_MEMORY, "a small picture needs little memory");
  Promise((code == AECP_OK) == (image->samples != nullptr), "there are samples, or there is an error");
  return code;
}

bool Accepts(View input) {
  static Decoders decoders;
  aecp_image image;
  if (Decode(input, decoders.portable, &image) == AECP_OK) aecp_free_image(&image);
  auto parsed = ParseContainer(input, "a.aec");
  aecp_info info;
  const bool read = aecp_read_info(input.data(), input.size(), &info, nullptr) == AECP_OK;
  Promise(!read || parsed.ok(), "the portable decoder reads no file that the codec refuses");
  if (!read || uint64_t{info.width} * info.height > kMostPixels) return false;

  Container& container = parsed.value();
  container.header.model = decoders.codec->model().id;
  const Bytes bytes = SerializeContainer(container);
  const auto expected = ByCodec(*decoders.codec, container);
  const bool decoded = Decode(bytes, decoders.portable, &image) == AECP_OK;
  Promise(expected.ok() || !decoded, "the portable decoder decodes no file that the codec refuses");
  // The PNG library reads on where the stream of an alpha is damaged behind its last sample.
  const bool whole = expected.ok() && MetadataFromChunks(container.extra, "a.aec").ok() && info.has_alpha == 0;
  Promise(decoded || !whole, "the portable decoder decodes a file that the codec decodes");
  if (!decoded) return false;
  const Image& e = expected.value();
  const int channels = image.info.channels + image.info.has_alpha;
  Promise(static_cast<uint32_t>(e.width) == image.info.width && e.channels == channels && e.bits == image.info.bits &&
              e.pixels.size() == image.size,
          "both decoders give images of one kind");
  Promise(std::equal(e.pixels.begin(), e.pixels.end(), static_cast<const uint8_t*>(image.samples)),
          "both decoders give the same samples");
  aecp_free_image(&image);
  return true;
}

}  // namespace

Target PortableTarget() { return {"portable", Accepts, AecSeeds, MutateAec}; }

}  // namespace aecomp::fuzz
