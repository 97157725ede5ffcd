// Training images: decoded once, kept as bytes in memory, cut into batches by threads that run ahead of the trainer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/image.h"
#include "io/status.h"
#include "model/tensor.h"

namespace aecomp {

/// Image files below the folders (by extension, recursively), sorted by path.
Result<std::vector<std::string>> ListImages(const std::vector<std::string>& folders);

class Dataset {
 public:
  /// Decodes all files as 8-bit images of `channels`; unreadable ones and ones smaller than `patch` are left out, with
  /// a line each in `notes`. Fails when nothing is left.
  static Result<Dataset> Load(const std::vector<std::string>& files, int channels, int patch,
                              std::vector<std::string>* notes);

  size_t size() const { return images_.size(); }
  const Image& image(size_t i) const { return images_[i]; }

  /// A random patch of [patch, patch, C] in [0, 1] of a random image (likelier the larger it is): cropped, half of the
  /// time reduced by a random factor of up to 2, half of the time mirrored. `random`: any 64 bits; equal bits, equal
  /// patch.
  void Sample(uint64_t random, int patch, float* out) const;

 private:
  std::vector<Image> images_;
  std::vector<double> cumulative_;  // of area^0.7
};

struct Batch {
  AlignedBuffer<float> x;      ///< [N, patch, patch, C]
  std::vector<float> quality;  ///< [N], in 1/16 steps, uniform over the quality axis
};

/// Batches by number, made ahead of time on a thread of its own: batch k depends on seed and k only.
class BatchLoader {
 public:
  BatchLoader(const Dataset& dataset, int batch, int patch, int channels, double max_quality, uint64_t seed,
              int64_t first);
  ~BatchLoader();
  /// The next batch; valid until the next call.
  const Batch& Next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// splitmix64: independent random bits for (seed, index).
uint64_t MixBits(uint64_t seed, uint64_t index);

}  // namespace aecomp
