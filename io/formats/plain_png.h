// PNG files of the usual kind, read 1.9 to 2.9 times as fast as by libpng (tests/bench/png_bench.cpp, a Zen 5 CPU).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "io/image.h"

namespace aecomp {

/// Samples of 8 or 16 bits, gray or RGB, with alpha or without. Nothing for files that are of another kind (palettes,
/// fewer bits, one transparent colour, interlaced, rows of more than 64 MiB), and for damaged files: libpng reads the
/// former and reports the latter.
std::optional<Image> DecodePlainPng(std::span<const uint8_t> file);

}  // namespace aecomp
