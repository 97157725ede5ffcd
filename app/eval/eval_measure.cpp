#include "app/eval/eval_measure.h"

#include <chrono>

#include "io/container.h"
#include "io/metrics.h"
#include "model/codec/quality_axis.h"

namespace aecomp {
namespace {

class Stopwatch {
 public:
  double Seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

Status Compare(const Image& image, const Image& restored, Measurement& m) {
  if (restored.width != image.width || restored.height != image.height || restored.channels != image.channels) {
    return InputError(m.image + ": came back from " + m.codec + " in another size or number of channels");
  }
  m.width = image.width, m.height = image.height;
  m.psnr = Psnr(image, restored);
  m.ms_ssim = MsSsim(image, restored);
  return {};
}

}  // namespace

Result<Measurement> MeasureAecomp(Codec& codec, const Image& image, const std::string& name, double quality,
                                  bool estimate) {
  Measurement m;
  m.codec = "aecomp", m.image = name, m.quality = quality;
  CompressStats stats;
  const Stopwatch encode;
  AECOMP_ASSIGN_OR_RETURN(const auto bytes,
                          codec.Compress(image, StepOfQuality(quality, codec.model().architecture.max_quality()),
                                         estimate ? &stats : nullptr));
  m.encode_seconds = encode.Seconds();
  m.bytes = bytes.size();
  m.estimated_bits = stats.estimated_bits;
  const Stopwatch decode;
  AECOMP_ASSIGN_OR_RETURN(const Container container, ParseContainer(bytes, name));
  AECOMP_ASSIGN_OR_RETURN(const Image restored, codec.Decompress(container, name));
  m.decode_seconds = decode.Seconds();
  AECOMP_RETURN_IF_ERROR(Compare(image, restored, m));
  return m;
}

const std::vector<PeerCodec>& PeerCodecs() {
  static const std::vector<PeerCodec> peers = {
      {"jpeg", ".jpg", {5, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95}},
      {"webp", ".webp", {0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95}},
      // thousandths of the size of the pixels: 0.024 bpp each
      {"jpeg2000", ".jp2", {5, 7, 10, 14, 20, 28, 40, 56, 80, 110, 160}},
  };
  return peers;
}

Result<Measurement> MeasurePeer(const OpenCvApi& api, const PeerCodec& peer, const Image& image,
                                const std::string& name, int quality) {
  Measurement m;
  m.codec = peer.name, m.image = name, m.quality = quality;
  const Stopwatch encode;
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, api.encode(image, peer.extension, quality));
  m.encode_seconds = encode.Seconds();
  m.bytes = bytes.size();
  const Stopwatch decode;
  AECOMP_ASSIGN_OR_RETURN(const Image restored, api.decode(bytes, name));
  m.decode_seconds = decode.Seconds();
  AECOMP_RETURN_IF_ERROR(Compare(image, restored, m));
  return m;
}

}  // namespace aecomp
