#include "model/base/number_check.h"

#include <bit>
#include <cstddef>
#include <cstdint>

#include "model/base/multiversion.h"

namespace aecomp {
namespace {

/// The bits of magnitudes are ordered as the magnitudes are, with infinity and NaNs last.
AECOMP_MULTIVERSION
int AnyBeyond(const float* values, size_t count, uint32_t most) {
  int found = 0;
  for (size_t i = 0; i < count; ++i) found |= (std::bit_cast<uint32_t>(values[i]) & 0x7FFFFFFFu) > most;
  return found;
}

}  // namespace

bool AllWithin(std::span<const float> values, float most) {
  return AnyBeyond(values.data(), values.size(), std::bit_cast<uint32_t>(most)) == 0;
}

}  // namespace aecomp
