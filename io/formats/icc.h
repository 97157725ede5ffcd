// Reads the header of an ICC profile (ICC.1:2022, 7.2), and nothing else of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace aecomp {

/// Whether the bytes begin with the header of a profile that is as long as it declares, or shorter than they are.
bool IsWholeIccProfile(std::span<const uint8_t> profile);

/// The colour space that the profile describes, in four letters: "RGB ", "GRAY", "CMYK", "Lab " and others. Empty where
/// the bytes do not begin as a profile does.
std::string IccSpace(std::span<const uint8_t> profile);

/// Why the profile cannot go with pixels of this many channels (1, 2: gray; 3, 4: RGB): its colour space is another
/// one, it ends too early, or it is none. Empty where it can, or where there is none.
std::string IccProblem(std::span<const uint8_t> profile, int channels);

}  // namespace aecomp
