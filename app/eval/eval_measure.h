// One image through aecomp at one quality: real bytes, the pixels that come back, and the time both take.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "app/eval/metric.h"
#include "io/image.h"
#include "io/status.h"
#include "model/codec/codec.h"

namespace aecomp {

struct Measurement {
  std::string codec, image;
  double quality = 0;  ///< on the codec's own axis
  int width = 0, height = 0;
  uint64_t bytes = 0;
  Scores scores;
  double encode_seconds = 0, decode_seconds = 0;
  double estimated_bits = 0;  ///< aecomp only: CompressStats::estimated_bits

  double pixels() const { return static_cast<double>(width) * height; }
  double bpp() const { return 8.0 * static_cast<double>(bytes) / pixels(); }
};

class Stopwatch {
 public:
  double Seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// A measurement without its scores, which Measure fills in, and what they are measured on.
struct Restored {
  Measurement measurement;
  Image image;
};

/// kInput when `restored` is unlike the original in size, channels or depth. codec: whom the message names.
Status CheckAlike(const Image& original, const Image& restored, const std::string& name, const std::string& codec);

/// Does the work of `compress` and `decompress`, without files. quality: 0..100. `estimate`: sets estimated_bits, whose
/// time then counts in encode_seconds.
Result<Restored> RunAecomp(Codec& codec, const Image& image, const std::string& name, double quality, bool estimate);

}  // namespace aecomp
