#include "model/base/parameters.h"

#include <bit>

#include "model/base/multiversion.h"

namespace aecomp {
namespace {

AECOMP_MULTIVERSION
int NotFinite(const float* values, size_t count) {
  int found = 0;
  for (size_t i = 0; i < count; ++i) found |= (std::bit_cast<uint32_t>(values[i]) & 0x7F800000u) == 0x7F800000u;
  return found;
}

}  // namespace

bool AllFinite(const std::vector<float>& values) { return NotFinite(values.data(), values.size()) == 0; }

}  // namespace aecomp
