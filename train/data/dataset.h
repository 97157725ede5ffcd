// Training images: decoded once, kept as samples in memory, cut into batches by threads that run ahead of the trainer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/image.h"
#include "io/status.h"
#include "model/base/tensor.h"

namespace aecomp {

/// Image files below the folders (by extension, recursively), sorted by path.
Result<std::vector<std::string>> ListImages(const std::vector<std::string>& folders);

/// What is decoded and how much of it is kept.
struct LoadOptions {
  int channels = 3;  ///< 3: gray is repeated; 1: colour becomes its luma. Alpha is ignored.
  int smallest = 1;  ///< images below this height or width are left out
  /// Of larger images a window of so many pixels is kept, at a place that their name decides; half of it where samples
  /// have 16 bits; 0: all.
  int64_t most_pixels = 0;
};

/// 8-bit images as they are; images of 16 bits (which may hold 12 or 14) spread between their lowest and highest
/// sample, as the codec sees them.
class Dataset {
 public:
  /// Decodes all files. Those that are left out get a line each in `notes`. Fails when nothing is left.
  static Result<Dataset> Load(const std::vector<std::string>& files, const LoadOptions& options,
                              std::vector<std::string>* notes);

  size_t size() const { return images_.size(); }
  const Image& image(size_t i) const { return images_[i]; }
  const std::string& name(size_t i) const { return names_[i]; }  ///< path of the file

  /// Moves the images for which `wanted(i)` holds to a data set of their own; the others keep their order.
  Dataset Take(const std::function<bool(size_t i)>& wanted);
  /// Keeps a window of at most this many pixels of every image.
  void Shrink(int64_t most_pixels);

  /// Standard deviation of the Gaussian noise that Sample adds, in 1/255; 0: none.
  void set_noise(double sigma) { noise_ = sigma; }
  double noise() const { return noise_; }

  /// Part of the patches that Sample reduces by a random factor of up to 2: for codecs of all kinds of images. One of
  /// a single kind learns more from images as they are. Half if not set.
  void set_reduced(double part) { reduced_ = part; }

  /// A random patch of [patch, patch, C] in [0, 1] of a random image (likelier the larger it is): cropped, some of them
  /// reduced, half of the time mirrored, then with noise, clipped. `random`: any 64
  /// bits; equal bits, equal patch. `clean` (may be null): the same without noise.
  void Sample(uint64_t random, int patch, float* out, float* clean = nullptr) const;

 private:
  void CountAreas();

  std::vector<Image> images_;
  std::vector<std::string> names_;
  std::vector<double> cumulative_;  // of area^0.7
  double noise_ = 0, reduced_ = 0.5;
};

/// Pixels [x, x + w) x [y, y + h) of an image of 8 or 16 bits as [h, w, C] in [0, 1].
void ReadPixels(const Image& image, int x, int y, int w, int h, float* out);

/// A copy with Gaussian noise of `sigma`/255 of the range, rounded and clipped: what a camera would have stored.
Image WithNoise(const Image& image, double sigma, uint64_t seed);

struct Batch {
  AlignedBuffer<float> x;      ///< [N, patch, patch, C]
  AlignedBuffer<float> clean;  ///< the same without noise; empty when the data set adds none
  std::vector<float> quality;  ///< [N], in 1/16 steps, uniform over the quality axis
};

/// Which part of each batch this process makes: part `rank` of `ranks` equal ones.
struct BatchShare {
  int rank = 0, ranks = 1;
};

/// Batches by number, made ahead of time on a thread of its own: batch k depends on seed and k only. `batch` counts
/// the patches of one share.
class BatchLoader {
 public:
  BatchLoader(const Dataset& dataset, int batch, int patch, int channels, double max_quality, uint64_t seed,
              int64_t first, BatchShare share = {});
  ~BatchLoader();
  /// The next batch; valid until the next call.
  const Batch& Next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// 64 bits of a file's name without its folders: what decides by chance, but alike in every run.
uint64_t HashName(const std::string& path);

/// splitmix64: independent random bits for (seed, index).
uint64_t MixBits(uint64_t seed, uint64_t index);

}  // namespace aecomp
