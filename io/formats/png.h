// PNG: read through libpng, written in one piece with libdeflate.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/image.h"
#include "io/status.h"

namespace aecomp {

inline constexpr uint64_t kMaxPngPixels = uint64_t{1} << 28;

bool LooksLikePng(std::span<const uint8_t> bytes);

struct PngSize {
  int width = 0, height = 0;
};
/// The header; nullopt where there is none. Reading may still refuse the file.
std::optional<PngSize> PeekPngSize(std::span<const uint8_t> bytes);

/// Gray or RGB, with alpha where the file has it, 8 or 16 bits: palettes and lower depths are expanded. kInput when
/// damaged, truncated or larger than `max_pixels`. `name`: what messages call the file. `passed_over` (may be null)
/// receives damage after which parts of the picture are guessed; it stays as it is where there is none.
Result<Image> DecodePng(std::span<const uint8_t> bytes, const std::string& name, uint64_t max_pixels = kMaxPngPixels,
                        std::string* passed_over = nullptr);

/// image: 8 or 16 bits, 1 to 4 channels. level: of compression, 0 (stored) to 9 (smallest).
Result<std::vector<uint8_t>> EncodePng(const Image& image, int level = 1);

}  // namespace aecomp
