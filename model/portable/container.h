// The bytes of an .aec file: io/FORMAT.md.
#pragma once

#include "model/portable/common.h"

namespace aecomp_portable {

/// Tools of format version 2, by the bits of the header. A file with another bit is refused.
enum Tool : uint8_t { kQualitiesByPlace = 1, kPlanes = 8 };
constexpr uint8_t kKnownTools = kQualitiesByPlace | kPlanes;

struct Chunk {
  char type[5];
  Bytes content;
};

struct Container {
  aecp_info info = {};
  uint8_t tools = 0;
  uint8_t strength = 0, reference = 0;    ///< of the map of qualities, which there is where strength is not 0
  std::vector<std::vector<Bytes>> tiles;  ///< streams of each
  std::vector<Chunk> chunks;

  /// Null: there is none.
  const Chunk* Find(const char* type) const;
};

/// Its views point into the file, which must stay.
Status ReadContainer(Bytes file, Container* container);

}  // namespace aecomp_portable
