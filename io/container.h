// The .aec file: header, tiles with a byte index, chunks with checksums. io/FORMAT.md specifies the bytes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/status.h"

namespace aecomp {

/// What identifies a model: the first 64 bits of a hash of its file (Hash64). All of it is stored in an .aec.
using ModelId = std::array<uint8_t, 8>;
std::string ToHex(const ModelId& id);

inline constexpr int kFormatVersion = 2;       ///< the newest; files that need no tools are written as version 1
inline constexpr uint32_t kMaxSide = 1 << 20;  ///< width and height, in pixels
inline constexpr uint64_t kMaxPixels = uint64_t{1} << 30;          ///< width * height
inline constexpr uint32_t kMinTileSize = 64, kMaxTileSize = 8192;  ///< powers of two
inline constexpr int kMaxStreams = 255;                            ///< of a tile
inline constexpr int kMaxExtraChunks = 1024;

// Tools of version 2: what decoding needs beyond version 1. model/CODING.md has a section for each.
inline constexpr uint8_t kToolQualityMap = 1, kToolResidual = 4, kToolPlanar = 8, kToolNoBase = 16, kToolZContext = 32;
inline constexpr uint32_t kMaxResidualError = 32767;

struct ContainerHeader {
  uint32_t width = 0, height = 0;
  uint8_t channels = 3;  ///< of the decoded image: 1 or 3
  uint8_t bits = 8;      ///< per sample of the decoded image
  uint8_t quality = 0;   ///< in 1/16 steps of the model's quality axis: 0 .. 112
  /// How qualities differ by place; strength 0: they do not. See model/entropy/quality_map.h.
  uint8_t map_strength = 0, map_reference = 0;
  bool planar = false;     ///< coarse channels are predicted in planes, see model/entropy/coarse.h
  bool z_context = false;  ///< z is coded by context, see model/entropy/z_context.h
  ModelId model{};
  uint32_t tile_size = 1024;  ///< a power of two
  bool residual = false;      ///< a residual layer is the last stream of every tile
  bool base = true;           ///< there is a network part; false only with a residual layer
  uint32_t most_error = 0;    ///< with a residual layer: no sample is farther than this from the original; 0: lossless

  uint32_t tile_columns() const { return (width + tile_size - 1) / tile_size; }
  uint32_t tile_rows() const { return (height + tile_size - 1) / tile_size; }
  /// The tools that this file needs, as bits.
  uint8_t tools() const {
    return static_cast<uint8_t>((map_strength != 0 ? kToolQualityMap : 0) | (residual ? kToolResidual : 0) |
                                (planar ? kToolPlanar : 0) | (base ? 0 : kToolNoBase) |
                                (z_context ? kToolZContext : 0));
  }
  int version() const { return tools() != 0 ? 2 : 1; }
};

/// Entropy-coded streams of one tile, in the order that the codec wants. Every tile of a file has the same number.
struct TileStreams {
  std::vector<std::vector<uint8_t>> streams;
};

/// A chunk that is neither header nor tiles (metadata, alpha): kept in order. Unknown chunks whose type starts with a
/// lower-case letter may be skipped by a decoder, others make it refuse; parsing keeps both, the caller decides.
struct ExtraChunk {
  std::array<char, 4> type{};
  std::vector<uint8_t> payload;
};

struct Container {
  ContainerHeader header;
  std::vector<TileStreams> tiles;  ///< row by row
  std::vector<ExtraChunk> extra;
};

/// True when the bytes begin as an .aec does.
bool LooksLikeContainer(std::span<const uint8_t> bytes);

/// The header must be within the limits above and there must be as many tiles as the size gives (both the caller's
/// duty: checked, the program aborts).
std::vector<uint8_t> SerializeContainer(const Container& container);

/// Header only, enough for `aecomp info`; does not touch the tiles. `name`: what messages call the file.
Result<ContainerHeader> ParseHeader(std::span<const uint8_t> bytes, const std::string& name);

/// Everything; lengths are checked before anything is allocated, checksums before anything is believed.
Result<Container> ParseContainer(std::span<const uint8_t> bytes, const std::string& name);

}  // namespace aecomp
