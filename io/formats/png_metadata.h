// PNG's ancillary chunks: which are kept, and what makes one sound. A PNG that is read and an .aec that is decoded are
// held to the same rules, so that whatever was taken in comes out again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/formats/metadata.h"
#include "io/formats/png_chunks.h"

namespace aecomp {

inline constexpr std::string_view kPngTextTypes = "tEXt zTXt iTXt";
inline constexpr std::string_view kPngColourTypes = "gAMA cHRM sRGB cICP mDCV cLLI pHYs";

/// Whether `types`, separated by spaces, has this type.
bool IsPngTypeIn(std::string_view type, std::string_view types);

/// What is wrong with a chunk of the types above: its checksum, its length, a keyword or a text that the PNG
/// specification does not allow (11.3). Empty: nothing.
std::string PngChunkProblem(const PngChunk& chunk);

/// Whether these are whole chunks of these types and nothing else. Their checksums are not looked at.
bool ArePngChunksOf(std::span<const uint8_t> bytes, std::string_view types);

/// Only the chunks that PngChunkProblem finds nothing wrong with; the others are named.
std::vector<uint8_t> SoundPngChunks(std::span<const uint8_t> bytes, LeftOut& left_out);

/// All that a PNG can hold of the metadata, as chunks that may stand before the palette and the pixels.
std::vector<uint8_t> PngChunksOf(const Metadata& metadata, LeftOut& left_out);

}  // namespace aecomp
