#include "model/codec/latents.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>

#include "model/base/multiversion.h"
#include "model/integer/integer_blocks.h"

namespace aecomp {
namespace {

/// Rounds to steps of kLatentUnit. A NaN becomes the lowest value.
AECOMP_MULTIVERSION
void ToSteps(const float* values, int count, int16_t* steps) {
  constexpr float kMost = 32767;
  for (int c = 0; c < count; ++c) {
    float v = values[c] * (1 / kLatentUnit);
    v = v > -kMost ? v : -kMost;
    v = v < kMost ? v : kMost;
    steps[c] = static_cast<int16_t>(static_cast<int32_t>(std::rint(v)));
  }
}

}  // namespace

void LatentPlane::Resize(int rows, int columns) {
  row_stride_ = int64_t{columns} * channels_;
  const auto size = static_cast<size_t>(rows * row_stride_);
  if (integer_ && integers_.size() < size) integers_ = AlignedBuffer<int16_t>(size);
  if (!integer_ && floats_.size() < size) floats_ = AlignedBuffer<float>(size);
}

void LatentPlane::Scroll(int first, int kept, int rows, int columns) {
  if (kept == 0) return Resize(rows, columns);
  const auto scroll = [&](auto& values) {
    auto before = std::move(values);
    auto* const from = before.data() + Offset(first, 0);
    const auto size = static_cast<size_t>(rows * row_stride_), count = static_cast<size_t>(kept * row_stride_);
    const bool enough = before.size() >= size;
    if (!enough) values = std::remove_reference_t<decltype(values)>(size);
    auto* const to = enough ? before.data() : values.data();
    std::memmove(to, from, count * sizeof *from);
    if (enough) values = std::move(before);
  };
  integer_ ? scroll(integers_) : scroll(floats_);
}

void LatentPlane::Set(int row, int column, const float* values) {
  if (integer_) {
    ToSteps(values, channels_, integers_.data() + Offset(row, column));
  } else {
    std::copy_n(values, channels_, floats_.data() + Offset(row, column));
  }
}

}  // namespace aecomp
