// Which images a run trains on and which are held out.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "io/status.h"
#include "train/data/dataset.h"
#include "train/train_options.h"

namespace aecomp {

struct ValidationImage {
  const Image* coded = nullptr;  ///< the image to compress
  const Image* clean = nullptr;  ///< the image to compare the result with, of the same size
};

struct TrainingImages {
  Dataset training, validation;  ///< validation may be empty
  std::vector<Image> noisy;      ///< the validation images with noise, when training is to remove noise

  /// The images for Validate. They point into this object.
  std::vector<ValidationImage> ForValidation() const;
};

using Say = std::function<void(const std::string&)>;

/// Finds and decodes the images and splits them. Of 8 images or more a tenth is held out, 2 to 12 images: the ones
/// whose names hash lowest, so every run holds out the same ones. Of large images parts are kept, so that all images
/// fit into options.image_memory bytes. Held-out images are cut to at most 512x512 pixels, which keeps validation
/// short. Images below `smallest` pixels are left out. `say` gets a line for each image that is left out, and a
/// summary.
Result<TrainingImages> LoadTrainingImages(const TrainOptions& options, int channels, int smallest, const Say& say);

/// Leaves out the training images that are smaller than crops of `patch` pixels, with a line for each. kInput when none
/// is left.
Status DropSmall(TrainingImages& images, int patch, const Say& say);

}  // namespace aecomp
