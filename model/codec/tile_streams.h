// Symbols of tiles into the streams of a file, and back. A tile has a stream of z, one of the coarse channels where the
// model has such, and some of y, as many as every other tile.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "io/container.h"
#include "io/rans.h"
#include "io/status.h"
#include "model/codec/tile_symbols.h"
#include "model/codec/tiles.h"
#include "model/entropy/integer_prior.h"

namespace aecomp {

/// The symbols of a tile that are coded, each with the row of its table, as lists: far less than TileSymbols, so that
/// those of all tiles can wait for the last one.
struct CodedSymbols {
  std::vector<int16_t> z, coarse, y;
  std::vector<uint8_t> z_rows, coarse_rows, y_rows;
};
/// z_context: whether z is coded by context. The prior must have tables for it.
CodedSymbols ListSymbols(const IntegerPrior& prior, int quality, const Tile& tile, TileSymbols symbols,
                         bool z_context = false);

/// How many streams a tile has at least.
size_t LeastStreams(const IntegerPrior& prior);

/// The streams of all tiles of an image, which are made in parallel.
Result<std::vector<TileStreams>> EncodeStreams(const IntegerPrior& prior, std::span<const CodedSymbols> tiles,
                                               bool z_context = false);

/// Reads the symbols of one tile. kCorrupt whatever the streams hold, never a crash.
class SymbolReader {
 public:
  /// streams: at least LeastStreams; they and the prior must outlive this.
  SymbolReader(const IntegerPrior& prior, int quality, const TileStreams& streams, bool z_context = false);

  /// z: [h', w', N] of the tile, filled.
  Status ReadZ(const Tile& tile, std::vector<int16_t>& z) const;
  /// rows: [h, w, M], see TileSymbols. y: [h, w, M], filled: 0 where the streams of y code nothing.
  Status ReadY(const Tile& tile, const std::vector<uint8_t>& rows, std::vector<int16_t>& y) const;
  /// The next symbols of the coarse channels. rows: none of them 0.
  Status ReadCoarse(std::span<const uint8_t> rows, std::span<int16_t> symbols) { return coarse_.Next(rows, symbols); }
  /// Whether the stream of the coarse channels ended where it should.
  Status Finish() const { return coarse_.Finish(); }

 private:
  const IntegerPrior& prior_;
  const int quality_;
  const bool z_context_;
  const TileStreams& streams_;
  const size_t first_of_y_;
  ValueDecoder coarse_;  // of an empty stream where there are no coarse channels
};

}  // namespace aecomp
