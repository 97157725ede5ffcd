// What is left at "automatic" in TrainOptions.
#pragma once

#include <string>

#include "io/status.h"
#include "model/network/architecture.h"
#include "train/train_options.h"

namespace aecomp {

/// What a checkpoint keeps of the options, so that a run can be resumed with none of them repeated. JSON.
std::string SettingsToJson(const TrainOptions& options);

/// Fills in what is still automatic: from the JSON of a checkpoint (empty: one of an older program). kUsage when
/// options.tune is not what the checkpoint has, "psnr" where it has none: what the optimiser knows, and which model is
/// the best, hold for one distortion.
Status AdoptSettings(const std::string& settings, TrainOptions& options);

/// Fills in what is still automatic but batch and patch, which depend on the images. `trained`: the run starts from a
/// trained model; `prior`: of its architecture; `memory`: bytes that are free.
void ApplyDefaults(bool trained, PriorType prior, double memory, TrainOptions& options);

}  // namespace aecomp
