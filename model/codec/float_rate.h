// The rate of a tile under the float entropy model: the yardstick of the integer one, for `aecomp eval --estimate`.
#pragma once

#include "io/status.h"
#include "model/codec/model_file.h"
#include "model/codec/tile_quality.h"
#include "model/codec/tile_symbols.h"
#include "model/codec/tiles.h"

namespace aecomp {

/// Bits of the symbols z and y of a tile, with sigma as the float networks predict it, neither rounded to a table nor
/// computed in integers. A symbol that is too rare for a table costs what an escape does. Compiles two networks, so
/// it is slow. Fails (kModel) where the tile does not fit the model.
Result<double> EstimateBits(Model& model, const TileQuality& q, const Tile& tile, const TileSymbols& symbols);

}  // namespace aecomp
