// One image through one codec at one quality: real bytes, the pixels that come back, and the time both take.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/formats/opencv_api.h"
#include "io/image.h"
#include "io/status.h"
#include "model/codec/codec.h"

namespace aecomp {

struct Measurement {
  std::string codec, image;
  double quality = 0;  ///< on the codec's own axis
  int width = 0, height = 0;
  uint64_t bytes = 0;
  double psnr = 0, ms_ssim = 0;  ///< PSNR in dB
  double encode_seconds = 0, decode_seconds = 0;
  double estimated_bits = 0;  ///< aecomp only: CompressStats::estimated_bits

  double pixels() const { return static_cast<double>(width) * height; }
  double bpp() const { return 8.0 * static_cast<double>(bytes) / pixels(); }
};

/// quality: 0..100. What `compress` and `decompress` do, without the files. `estimate`: with estimated_bits, which
/// takes time that is then part of encode_seconds.
Result<Measurement> MeasureAecomp(Codec& codec, const Image& image, const std::string& name, double quality,
                                  bool estimate);

/// A codec of OpenCV; quality as OpenCvApi::encode takes it.
struct PeerCodec {
  const char* name;
  const char* extension;
  std::vector<int> qualities;
};
const std::vector<PeerCodec>& PeerCodecs();
Result<Measurement> MeasurePeer(const OpenCvApi& api, const PeerCodec& peer, const Image& image,
                                const std::string& name, int quality);

}  // namespace aecomp
