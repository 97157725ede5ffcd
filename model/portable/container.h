// The bytes of an .aec file: io/FORMAT.md.
#pragma once

#include "model/portable/common.h"

namespace aecomp_portable {

/// Tools of format version 2, by the bits of the header. A file with another bit is refused.
enum Tool : uint8_t { kQualitiesByPlace = 1, kResidual = 4, kPlanes = 8, kNoBase = 16, kZByContext = 32 };
constexpr uint8_t kKnownTools = kQualitiesByPlace | kResidual | kPlanes | kNoBase | kZByContext;

struct Chunk {
  char type[5];
  Bytes content;
};

struct Container {
  aecp_info info = {};
  uint8_t tools = 0;
  uint8_t strength = 0, reference = 0;    ///< of the map of qualities, which there is where strength is not 0
  int most_error = 0;                     ///< E of the residual layer
  std::vector<std::vector<Bytes>> tiles;  ///< streams of each, without that of the residual layer
  std::vector<Bytes> residuals;           ///< the stream of the residual layer of each tile; empty: there is none
  std::vector<Chunk> chunks;

  bool has_base() const { return (tools & kNoBase) == 0; }
  /// Null: there is none.
  const Chunk* Find(const char* type) const;
};

/// Its views point into the file, which must stay.
Status ReadContainer(Bytes file, Container* container);

}  // namespace aecomp_portable
