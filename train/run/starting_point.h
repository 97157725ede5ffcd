// The beginning of a training run: an architecture, and a model of it or none.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/codec/model_file.h"
#include "model/network/architecture.h"
#include "train/optimiser/recipe.h"
#include "train/train_options.h"

namespace aecomp {

struct StartingPoint {
  Architecture architecture;
  Recipe recipe;
  std::unique_ptr<Model> model;  ///< null: start untrained, or go on from a checkpoint
  std::vector<uint8_t> file;     ///< the bytes of that model
};

/// The architecture comes from the checkpoint (when resuming), the --arch file, the model to start from, or the
/// embedded model.
Result<StartingPoint> FindStartingPoint(const TrainOptions& options, const std::string& checkpoint);

/// The text of an --arch file. kInput when it cannot be read.
Result<std::string> ReadArchitectureText(const std::string& path);

/// Copies the weights of `model`. kModel when it lacks a parameter or has another shape.
Status CopyParameters(const Model& model, Parameters& parameters);

}  // namespace aecomp
