// Analysis and synthesis whose integers come nearer to their floats: see RoundNetwork.
#pragma once

#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/codec/model_file.h"
#include "model/network/architecture.h"
#include "train/data/dataset.h"

namespace aecomp {

/// Rounds the deep path of the encoder for random patches of the images, and returns its ranges. This changes what the
/// encoder gives: tables and ranges that are fitted to y have to be fitted afterwards. kModel when the architecture's
/// encoder cannot run in integers, or when a number is not finite.
Result<std::vector<float>> RoundEncoder(const Architecture& architecture, const Dataset& dataset,
                                        Parameters& parameters);

/// The same for the decoder, for latents as files hold them: model needs all that coding them does.
Result<std::vector<float>> RoundDecoder(const Dataset& dataset, Model& model);

}  // namespace aecomp
