// The scale on which people choose a quality, 0 to 100, and the axis of a model, which has steps.
//
// A model's axis has even steps of the logarithm of lambda, and 3/4 of it look poor. The scale is made for eyes: 75
// shows no artefact at arm's length on photographs, and what lies above it is for those who look closer.
#pragma once

namespace aecomp {

/// What is used unless another one is asked for.
inline constexpr double kDefaultQuality = 75;

/// The step, 0 .. max_step, for a quality of 0 .. 100. Rises with the quality.
int StepOfQuality(double quality, int max_step);

/// The quality in the middle of those that StepOfQuality turns into `step`, or nearly so at the ends of the axis.
double QualityOfStep(int step, int max_step);

}  // namespace aecomp
