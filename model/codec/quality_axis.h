// The scale on which people choose a quality, 0 to 100, and the axis of a model, which has steps.
//
// A model's axis has even steps of the logarithm of lambda, and most of it looks poor. The scale is made for eyes: 75
// shows no artefact at arm's length on photographs, and what lies above it is for those who look closer.
#pragma once

#include "model/network/architecture.h"

namespace aecomp {

/// What is used unless another one is asked for.
inline constexpr double kDefaultQuality = 75;

/// The step, 0 .. architecture.max_quality(), for a quality of 0 .. 100. Rises with the quality.
int StepOfQuality(double quality, const Architecture& architecture);

/// The quality in the middle of those that StepOfQuality turns into `step`, or nearly so at the ends of the axis.
double QualityOfStep(int step, const Architecture& architecture);

}  // namespace aecomp
