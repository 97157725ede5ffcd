// Training images: decoded once and kept in memory. A thread that runs ahead of the trainer cuts them into batches.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/formats/decode_options.h"
#include "io/image.h"
#include "io/status.h"
#include "model/base/tensor.h"

namespace aecomp {

/// Image files below the folders (by extension, recursively), sorted by path, each once. others (may be null): how many
/// files of other kinds lie there. kInput when a folder, or one below it, cannot be read.
Result<std::vector<std::string>> ListImages(const std::vector<std::string>& folders, size_t* others = nullptr);

/// Which images are decoded, and how much of each is kept.
struct LoadOptions {
  int channels = 3;  ///< 3: gray is repeated; 1: colour becomes its luma. Alpha is ignored.
  int smallest = 1;  ///< images below this height or width are left out
  /// Of a larger image a window of so many pixels is kept, of half as many where samples have 16 bits. The image's name
  /// decides its place. 0: the whole image.
  int64_t most_pixels = 0;
  DecodeOptions decode = {};
};

/// 8-bit images as they are; images of 16 bits (which may hold 12 or 14) spread between their lowest and highest
/// sample, as the codec sees them.
class Dataset {
 public:
  /// Decodes all files. `notes` gets a line for each file that is left out. kInput when no image is left.
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

  /// Share of the patches that Sample reduces by a random factor of up to 2; a half if it is not set. Reduced patches
  /// help a codec for all kinds of images. A codec for a single kind learns more from images as they are.
  void set_reduced(double part) { reduced_ = part; }

  /// Writes a random patch, [patch, patch, C] in [0, 1]. A large image is chosen more often than a small one. The patch
  /// is cropped, reduced or not, mirrored in half of the cases; then noise is added and the sum is clipped. random: any
  /// 64 bits; equal bits give an equal patch. clean (may be null): gets the patch without noise.
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

/// A copy with Gaussian noise of `sigma`/255 of the range, rounded and clipped as a camera would store it.
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

/// Makes batches ahead of time on a thread of its own. Batch number k depends on the seed and on k only. batch: patches
/// of one share.
class BatchLoader {
 public:
  BatchLoader(const Dataset& dataset, int batch, int patch, int channels, double max_quality, uint64_t seed,
              int64_t first, BatchShare share = {});
  ~BatchLoader();
  /// The next batch; valid until the next call.
  const Batch& Next();
  /// The batch of the last call of Next, or null.
  const Batch* Last() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// 64 random bits that depend on a file's name without its folders: chance that is alike in every run.
uint64_t HashName(const std::string& path);

}  // namespace aecomp
