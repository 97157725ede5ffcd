// Which images a run trains on and which are held out.
#pragma once

#include <functional>
#include <string>

#include "io/status.h"
#include "train/dataset.h"
#include "train/trainer.h"

namespace aecomp {

struct TrainingImages {
  Dataset training, validation;  ///< validation may be empty
};

/// Finds, splits (by a hash of the names, so that every run holds out the same images) and decodes. `say` gets a line
/// for each image that is left out, and a summary.
Result<TrainingImages> LoadTrainingImages(const TrainOptions& options, int channels,
                                          const std::function<void(const std::string&)>& say);

}  // namespace aecomp
