// Rows of the base x^, continued by a column to each side and a row above and below.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "model/residual/prediction.h"
#include "model/residual/samples.h"

namespace aecomp::residual {

/// T: as that of ChannelRows.
template <class T>
class BaseView {
 public:
  /// base: null where there is none; it must outlive this.
  explicit BaseView(const Samples* base) : base_(base) {
    if (base == nullptr) return;
    for (auto& channel : rows_) {
      for (auto& row : channel) row.resize(static_cast<size_t>(base->width) + 1 + Rows<T>::kBorder);
    }
  }

  /// Makes ready for row y; rows may come in any order.
  void MoveTo(int y) {
    if (base_ == nullptr) return;
    for (int i = 0; i < 3; ++i) {
      const uint16_t* from = base_->Row(std::clamp(y + i - 1, 0, base_->height - 1));
      for (int c = 0; c < base_->channels; ++c) {
        std::vector<T>& to = rows_[static_cast<size_t>(c)][static_cast<size_t>(i)];
        for (int x = 0; x < base_->width; ++x)
          to[static_cast<size_t>(x) + 1] = static_cast<T>(from[x * base_->channels + c]);
        to.front() = to[1];
        to[static_cast<size_t>(base_->width) + 1] = to[static_cast<size_t>(base_->width)];
      }
    }
  }
  BaseRows<T> Of(int channel) const {
    if (base_ == nullptr) return {};
    const auto& rows = rows_[static_cast<size_t>(channel)];
    return {rows[0].data() + 1, rows[1].data() + 1, rows[2].data() + 1};
  }

 private:
  const Samples* base_;
  std::array<std::array<std::vector<T>, 3>, 3> rows_;
};

}  // namespace aecomp::residual
