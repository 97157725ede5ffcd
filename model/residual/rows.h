// The samples around the one that is coded: the present row and the two above it, with a border on every side.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace aecomp::residual {

/// Three rows of one channel, T for each column. A position may look two columns to the left and to the right; what is
/// read beyond, up to kBorder columns away, is some number.
template <class T>
class Rows {
 public:
  static constexpr int kBorder = 8;

  explicit Rows(int width, T outside = T())
      : width_(width), stride_(static_cast<size_t>(width) + 2 * kBorder), values_(3 * stride_, outside) {
    for (size_t i = 0; i < 3; ++i) rows_[i] = values_.data() + i * stride_ + kBorder;
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  Rows(Rows&&) = default;

  T* row() { return rows_[0]; }
  const T* row() const { return rows_[0]; }
  const T* above() const { return rows_[1]; }
  const T* above2() const { return rows_[2]; }

  /// The present row is complete: its last value continues it to the right, and the next row has its first value to
  /// the left. What lies above the first row repeats it.
  void Next() {
    for (int i = 0; i < kBorder; ++i) rows_[0][width_ + i] = rows_[0][width_ - 1];
    T* const oldest = rows_[2];
    rows_[2] = rows_[1], rows_[1] = rows_[0], rows_[0] = oldest;
    for (int i = 1; i <= kBorder; ++i) rows_[0][-i] = rows_[1][0];
    if (std::exchange(first_, false)) std::copy_n(rows_[1] - kBorder, stride_, rows_[2] - kBorder);
  }

  /// Call it in the first row before column x is read: the missing row above repeats the value to the left.
  void ContinueUpwards(int x) {
    for (int i = -2; i <= 2; ++i) rows_[1][x + i] = rows_[2][x + i] = rows_[0][x - 1];
  }

 private:
  int width_;
  size_t stride_;
  std::vector<T> values_;
  T* rows_[3];
  bool first_ = true;
};

}  // namespace aecomp::residual
