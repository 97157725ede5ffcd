// What training needs to go on exactly where it stopped, in one safetensors file (f32).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/entropy/coding_tables.h"
#include "model/network/architecture.h"
#include "train/optimiser/adam.h"

namespace aecomp {

/// The numbers beside parameters and optimiser state.
struct TrainState {
  int64_t step = 0;    ///< steps done
  double hours = 0;    ///< wall time spent in steps
  int64_t pixels = 0;  ///< shown to the model
  uint64_t seed = 0;
  std::string start;       ///< what the run began with: a model's file name, "none" (untrained), "released model"
  std::string history;     ///< JSON array: provenance of the runs before this one
  std::string settings;    ///< JSON object: what the run was started with; empty in checkpoints of older programs
  std::string validation;  ///< ValidationHistory; may be empty
  std::string images;      ///< ImageRecord; empty in checkpoints of older programs
  std::vector<FrequencyRow> y_tables;  ///< of FileRate; empty: the rate is that of noise
  bool has_checksum = true;            ///< not so in checkpoints of older programs
};

Status WriteCheckpoint(const std::string& path, const Architecture& architecture, const Parameters& parameters,
                       Adam& adam, const TrainState& state);

/// The architecture text of a checkpoint, so that its parameters can be made before ReadCheckpoint fills them.
Result<std::string> CheckpointArchitecture(const std::string& path);

/// The numbers alone.
Result<TrainState> ReadTrainState(const std::string& path);

/// kModel when the file is not a checkpoint of this architecture, does not match its checksum, or holds a number that
/// is not finite.
Status ReadCheckpoint(const std::string& path, Parameters& parameters, Adam& adam, TrainState& state);

}  // namespace aecomp
