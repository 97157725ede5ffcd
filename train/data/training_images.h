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
  const Image* coded = nullptr;  ///< what is compressed
  const Image* clean = nullptr;  ///< what the result is compared with: of the same size
};

struct TrainingImages {
  Dataset training, validation;  ///< validation may be empty
  std::vector<Image> noisy;      ///< of the validation images, when training is to remove noise

  /// For Validate; they point into this.
  std::vector<ValidationImage> ForValidation() const;
};

using Say = std::function<void(const std::string&)>;

/// Finds, decodes and splits. Of 8 images or more a tenth is held out, 2 to 12, those whose names hash lowest: the same
/// ones in every run. Of large images parts are kept so that all fit into options.image_memory bytes; held-out ones are
/// cut to 512x512 pixels at most, which keeps validation short. `smallest`: below it images are left out. `say` gets a
/// line for each image that is left out, and a summary.
Result<TrainingImages> LoadTrainingImages(const TrainOptions& options, int channels, int smallest, const Say& say);

/// Leaves out what crops of `patch` pixels do not fit into, with a line each.
Status DropSmall(TrainingImages& images, int patch, const Say& say);

}  // namespace aecomp
