// Mutations of .aec files that leave checksums and lengths right.
#pragma once

#include "tests/fuzz/target.h"

namespace aecomp::fuzz {

/// Changes one piece of an .aec (a field of the header, a stream, a chunk, or what a chunk holds) and writes it anew
/// with the checksums that belong to it. What is no .aec is changed as a whole.
Bytes MutateAec(const Bytes& input, Random& random, const RawMutator& raw);

/// Small .aec files: those of tests/golden, and one with alpha and metadata.
std::vector<Bytes> AecSeeds();

}  // namespace aecomp::fuzz
