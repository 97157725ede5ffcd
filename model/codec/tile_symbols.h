// The symbols of a tile: the tile coder makes them of y, the entropy coder makes streams of them.
#pragma once

#include <cstdint>
#include <vector>

namespace aecomp {

/// h, w: of the tile with its padding; h', w': of its z.
struct TileSymbols {
  std::vector<int16_t> z;     ///< [h', w', N]
  std::vector<int16_t> y;     ///< [h, w, M]; 0 where nothing is coded
  std::vector<uint8_t> rows;  ///< [h, w, M] of y_tables: how the streams of y code an element; 0: they do not code it
  std::vector<uint8_t> qualities;    ///< [h, w] of the positions; empty: all have the quality of the tile
  std::vector<int16_t> coarse;       ///< elements of coarse channels in the order in which they are coded; also in y
  std::vector<uint8_t> coarse_rows;  ///< of y_tables, none of them 0
};

}  // namespace aecomp
