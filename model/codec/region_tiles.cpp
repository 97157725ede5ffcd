#include "model/codec/region_tiles.h"

#include <algorithm>
#include <cstdint>

namespace aecomp {
namespace {

/// From `begin` to `end`, in elements of y along one axis.
struct Span {
  int begin = 0, end = 0;
};

/// The elements that `size` pixels from `first` depend on, of `count`.
Span Needed(int64_t first, int64_t size, int stride, int halo, int count) {
  if (halo >= count) return {0, count};
  const auto begin = static_cast<int>(first / stride), end = DivideUp(first + size, stride);
  return {std::max(0, begin - halo), std::min(count, end + halo)};
}

/// The elements of whole tiles of `side` elements that hold them.
Span Whole(const Span& span, int side, int count) {
  return {span.begin / side * side, std::min(count, DivideUp(span.end, side) * side)};
}

}  // namespace

RegionTiles TilesOf(const Region& region, const TileGrid& grid, int stride, int halo) {
  const Plane& all = grid.coded;
  const Span rows = Needed(region.y, region.height, stride, halo, all.rows);
  const Span columns = Needed(region.x, region.width, stride, halo, all.columns);
  const int side = static_cast<int>(grid.tile_size) / stride;
  const Span kept_rows = Whole(rows, side, all.rows), kept_columns = Whole(columns, side, all.columns);
  RegionTiles result;
  result.kept = {kept_rows.end - kept_rows.begin, kept_columns.end - kept_columns.begin};
  result.row = kept_rows.begin, result.column = kept_columns.begin;
  result.needed = {rows.begin - kept_rows.begin, columns.begin - kept_columns.begin, rows.end - rows.begin,
                   columns.end - columns.begin};
  for (size_t i = 0; i < grid.tiles.size(); ++i) {
    const Tile& t = grid.tiles[i];
    if (t.row < rows.end && t.row + t.coded_h > rows.begin && t.column < columns.end &&
        t.column + t.coded_w > columns.begin) {
      result.tiles.push_back(i);
    }
  }
  return result;
}

}  // namespace aecomp
