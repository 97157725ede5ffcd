// Mutations of safetensors files that leave the length of their header right.
#pragma once

#include "tests/fuzz/target.h"

namespace aecomp::fuzz {

/// Changes the JSON header or the tensors' bytes of a safetensors file.
Bytes MutateSafetensors(const Bytes& input, Random& random, const RawMutator& raw);

}  // namespace aecomp::fuzz
