// Mutations of PNG files that leave lengths and CRCs right.
#pragma once

#include "tests/fuzz/target.h"

namespace aecomp::fuzz {

/// Changes one chunk of a PNG, or the order or number of its chunks, and mends its CRC; of compressed content rather
/// what is in it. What is no PNG is changed as a whole.
Bytes MutatePng(const Bytes& input, Random& random, const RawMutator& raw);

/// The same for chunks without a PNG's signature before them.
Bytes MutatePngChunks(const Bytes& chunks, Random& random, const RawMutator& raw);

/// Small PNG files of every number of channels and both depths, with metadata, with a palette, of one bit.
std::vector<Bytes> PngSeeds();

}  // namespace aecomp::fuzz
