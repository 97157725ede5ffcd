// How an image is cut into tiles that are coded apart from each other, so that memory is bounded and a part of an image
// can be decoded alone; and how the symbols of a tile are cut into streams.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "io/container.h"
#include "model/network/architecture.h"

namespace aecomp {

/// In elements of y unless said otherwise.
struct Tile {
  int row = 0, column = 0;       ///< of its first element in the y of the image
  int coded_h = 0, coded_w = 0;  ///< what its pixels need; the rest is padding, with symbol 0
  int h = 0, w = 0;              ///< what the prior's networks see: a whole number of elements of z
};

inline int DivideUp(int64_t a, int b) { return static_cast<int>((a + b - 1) / b); }

/// Row by row, as in the container. Networks of one image size (Architecture::tile) cut each of them into squares of
/// their own, from its upper left corner on; its y is theirs side by side.
inline std::vector<Tile> MakeTiles(const ContainerHeader& header, const Architecture& a) {
  std::vector<Tile> tiles;
  // Elements of y that `pixels` need, and with padding.
  const auto coded = [&](int pixels, int of_one) {
    return a.tile != 0 ? DivideUp(pixels, a.tile) * of_one : DivideUp(pixels, a.latent_stride);
  };
  const auto padded = [&](int pixels, int of_one) {
    return a.tile != 0 ? coded(pixels, of_one) : DivideUp(pixels, a.hyper_stride) * (a.hyper_stride / a.latent_stride);
  };
  const int size = static_cast<int>(header.tile_size);
  for (uint32_t y = 0; y < header.height; y += header.tile_size) {
    for (uint32_t x = 0; x < header.width; x += header.tile_size) {
      const int pixels_h = static_cast<int>(std::min(header.tile_size, header.height - y));
      const int pixels_w = static_cast<int>(std::min(header.tile_size, header.width - x));
      Tile t;
      t.row = static_cast<int>(y / header.tile_size) * padded(size, a.tile_rows);
      t.column = static_cast<int>(x / header.tile_size) * padded(size, a.tile_columns);
      t.coded_h = coded(pixels_h, a.tile_rows), t.coded_w = coded(pixels_w, a.tile_columns);
      t.h = padded(pixels_h, a.tile_rows), t.w = padded(pixels_w, a.tile_columns);
      tiles.push_back(t);
    }
  }
  return tiles;
}

/// Rows and columns of y.
struct Plane {
  int rows = 0, columns = 0;
};

/// All tiles of an image.
struct TileGrid {
  uint32_t tile_size = 0;   ///< side of a tile in pixels
  std::vector<Tile> tiles;  ///< row by row
  Plane coded, padded;      ///< y of the image, without and with the padding of its tiles
};

inline TileGrid MakeTileGrid(const ContainerHeader& header, const Architecture& a) {
  TileGrid grid{header.tile_size, MakeTiles(header, a), {}, {}};
  const Tile& last = grid.tiles.back();
  grid.coded = {last.row + last.coded_h, last.column + last.coded_w};
  grid.padded = {last.row + last.h, last.column + last.w};
  return grid;
}

/// Part `i` of `parts` of a list of `count` symbols: from .first to .second.
inline std::pair<size_t, size_t> StreamRange(size_t count, size_t i, size_t parts) {
  return {count * i / parts, count * (i + 1) / parts};
}

}  // namespace aecomp
