// The model of a run as it stands.
#pragma once

#include <cstdint>
#include <vector>

#include "io/status.h"
#include "train/optimiser/adam.h"
#include "train/optimiser/schedule.h"
#include "train/run/checkpoint.h"
#include "train/run/ranks.h"
#include "train/run/rate_phase.h"
#include "train/run/run_setup.h"

namespace aecomp {

/// The bytes of a model with the averaged weights. Its provenance says how the run went up to here: rate: that of the
/// next step; schedule: with the learning rate in use.
Result<std::vector<uint8_t>> ExportRun(const RunSetup& setup, const TrainState& state, const Schedule& schedule,
                                       RateKind rate, const Adam& adam, const Ranks& ranks);

}  // namespace aecomp
