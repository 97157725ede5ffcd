// Everything about a run that is known before its first step: from the options of the user to images, architecture and
// sizes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/status.h"
#include "model/codec/model_file.h"
#include "model/entropy/quality_map.h"
#include "model/network/architecture.h"
#include "train/data/training_images.h"
#include "train/loss/distortion.h"
#include "train/optimiser/recipe.h"
#include "train/run/checkpoint.h"
#include "train/run/ranks.h"
#include "train/train_options.h"

namespace aecomp {

/// What stays as it is while a run goes on.
struct RunSetup {
  TrainOptions options;  ///< nothing is left at "automatic"
  Architecture architecture;
  Recipe recipe;
  TrainingImages images;

  /// What training and validation measure, as options.tune says.
  DistortionFactory Distortion() const;
  /// What qualities the positions of y have in training and validation: those that `compress --tune` gives them.
  QualityMap Map() const;
  bool validates() const { return images.validation.size() > 0; }
};

struct PreparedRun {
  RunSetup setup;
  TrainState state;                 ///< of the checkpoint, when one is resumed
  std::unique_ptr<Model> model;     ///< the trained model that the run begins with; null: none
  std::vector<uint8_t> start_file;  ///< the bytes of that model
};

/// Everything in which processes that train together must agree, as a text. state: with its settings.
std::string DescribeForRanks(const RunSetup& setup, const TrainState& state);

/// Reads what the options name, and fills in what they leave open. Says what it skips and chooses.
Result<PreparedRun> PrepareRun(TrainOptions options, Ranks& ranks, const Say& say);

}  // namespace aecomp
