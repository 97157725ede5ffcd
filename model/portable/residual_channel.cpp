#include "model/portable/residual_channel.h"

#include <cstdlib>

namespace aecomp_portable {
namespace {

template <class T>
T Clamp(T v, T low, T high) {
  return std::min(std::max(v, low), high);
}

/// Rounded down; v > 0.
int Log2(uint32_t v) {
  int log = 0;
  for (int part = 16; part > 0; part /= 2) {
    if (v >> part != 0) v >>= part, log += part;
  }
  return log;
}

/// Taps of the base: row, counted from the one above, and column.
constexpr int kBase[8][2] = {{1, 0}, {1, -1}, {1, 1}, {0, 0}, {2, 0}, {2, 1}, {2, -1}, {0, 1}};

}  // namespace

ResidualChannel::ResidualChannel(std::vector<ResidualChannel*> before, size_t width, int32_t most, int32_t step,
                                 bool base)
    : before_(std::move(before)),
      most_(most),
      step_(step),
      base_(base),
      tap_count_(8 + 6 * before_.size() + (base ? 8 : 0)),
      feature_count_(9 + 2 * before_.size() + (base ? 1 : 0)),
      samples_(width, (most + 1) / 2),
      errors_(width, 0),
      by_spread_(160),
      by_texture_(27 * 5 * 6 * 3) {}

void ResidualChannel::Read(ResidualCoder* coder) {
  levels_ = std::min(static_cast<int>(coder->Bits(3)), 6);
  for (int i = 1; i < levels_; ++i) {
    const auto more = static_cast<int32_t>(coder->Number() % (1 << 20));
    thresholds_.push_back(i == 1 ? more : thresholds_.back() + more);
  }
  std::vector<AdaptiveTable> tables(tap_count_);
  for (size_t k = 0; k < static_cast<size_t>(3 * levels_); ++k) {
    weights_.push_back(k < 3 ? std::vector<int32_t>(kMostTaps) : weights_[k - 3]);
    for (size_t tap = 0; tap < tap_count_; ++tap) {
      weights_[k][tap] = Clamp(weights_[k][tap] + coder->Small(&tables[tap]), -1024, 1024);
    }
  }
  if (levels_ == 0) {
    weights_ = {std::vector<int32_t>(kMostTaps)};
    weights_[0][0] = 192, weights_[0][1] = -96, weights_[0][2] = 32;
    if (base_) weights_[0][tap_count_ - 8] = 128;
  }
  for (size_t i = 0; i < feature_count_; ++i) spread_weights_[i] = coder->Bits(13);
}

/// Puts them into taps_. Returns the class.
int ResidualChannel::FindTaps(int x, const int32_t* const* base) {
  const int32_t *const h = samples_.here + x, *const a = samples_.above + x, *const a2 = samples_.above2 + x;
  const int32_t w = h[-1];
  int32_t* to = taps_;
  for (const int32_t v : {a[0], a[-1], a[1], h[-2], a2[0], a2[1], a[2], a[-2]}) *to++ = v - w;
  int32_t across = std::abs(w - h[-2]) + std::abs(a[0] - a[-1]) + std::abs(a[0] - a[1]);
  int32_t down = std::abs(w - a[-1]) + std::abs(a[0] - a2[0]) + std::abs(a[1] - a2[1]);
  for (const ResidualChannel* other : before_) {
    const Rows<int32_t>& o = other->samples_;
    const int32_t its_w = o.here[x - 1];
    for (const int32_t v : {o.here[x], o.above[x], o.above[x + 1], o.above[x - 1], o.here[x - 2], o.above2[x]}) {
      *to++ = v - its_w;
    }
  }
  if (!before_.empty()) {
    const Rows<int32_t>& o = before_.back()->samples_;
    across += 2 * std::abs(o.here[x] - o.here[x - 1]), down += 2 * std::abs(o.here[x] - o.above[x]);
  }
  for (int i = 0; base_ && i < 8; ++i) *to++ = base[kBase[i][0]][x + kBase[i][1]] - w;
  if (levels_ == 0) return 0;
  int level = 0;
  for (const int32_t threshold : thresholds_) level += across + down >= threshold;
  return 3 * level + (across > 2 * down ? 0 : down > 2 * across ? 2 : 1);
}

void ResidualChannel::FindFeatures(int x, const int32_t* const* base) {
  const int32_t *const h = errors_.here + x, *const a = errors_.above + x;
  const int32_t w = samples_.here[x - 1], n = samples_.above[x], nw = samples_.above[x - 1];
  int64_t* to = features_;
  for (const int32_t e : {h[-1], a[0], a[-1], a[1], h[-2] + errors_.above2[x]}) *to++ = e;
  for (const int32_t d : {w - nw, n - nw, n - samples_.above[x + 1]}) *to++ = 16 * std::abs(d);
  for (const ResidualChannel* other : before_) {
    const Rows<int32_t>& o = other->errors_;
    *to++ = o.here[x], *to++ = o.here[x - 1] + o.above[x] + o.above[x + 1];
  }
  if (base_) {
    const int32_t b = base[1][x];
    *to++ = 16 * (std::abs(b - base[1][x - 1]) + std::abs(b - base[1][x + 1]) + std::abs(b - base[0][x]) +
                  std::abs(b - base[2][x]));
  }
  *to = 8;
}

ResidualChannel::Cell* ResidualChannel::FindCell(int x, int level, int32_t predicted) {
  const int32_t *const h = samples_.here + x, *const a = samples_.above + x;
  const int32_t w = h[-1], n = a[0], p = predicted >> 8;
  int cell = level < 8 ? 0 : level < 16 ? 64 : 128;
  cell += (n > p) | (w > p) << 1 | (a[1] > p) << 2 | (2 * w - h[-2] > p) << 3 | (2 * n - samples_.above2[x] > p) << 4;
  if (!before_.empty()) {
    const int32_t* const o = before_.back()->samples_.here + x;
    cell += (w + o[0] - o[-1] > p) << 5;
  }
  return &cells_[cell];
}

/// d of "Errors", not turned.
int64_t ResidualChannel::Error(ResidualCoder* coder, int x, int64_t g, int level, int f) {
  const int32_t w = samples_.here[x - 1], n = samples_.above[x], nw = samples_.above[x - 1];
  const int64_t e = std::max(errors_.here[x - 1], errors_.above[x]), gs = g * step_;
  const int64_t d = 16 * std::max(std::abs(w - nw), std::abs(n - nw));
  const int64_t c = before_.empty() ? 0 : before_.back()->errors_.here[x];
  const int by_error = (4 * e > g) + (2 * e > g) + (e > g) + (e > 2 * g);
  const int by_edge = (2 * d > gs) + (d > gs) + (d > 2 * gs) + (d > 4 * gs) + (d > 8 * gs);
  const int by_other = (2 * c > g) + (c > 2 * g);
  const int texture = ((2 * level / 3 * 5 + by_error) * 6 + by_edge) * 3 + by_other;
  const int s =
      coder->Symbol(&by_spread_[static_cast<size_t>(4 * level + f)], &by_texture_[static_cast<size_t>(texture)]);
  int64_t high = s - 7;
  if (s == 15) {
    const bool negative = coder->Bits(1) != 0;
    const int j = coder->Symbol(&escapes_, &escapes_);
    high = 7 + (1 << j) + static_cast<int>(coder->Bits(j));
    if (negative) high = -high;
  }
  const int k = Clamp((level - 4) >> 1, 0, 15);
  return high * (1 << k) + coder->Bits(k) - (k > 0 ? 1 << (k - 1) : 0);
}

int32_t ResidualChannel::Decode(ResidualCoder* coder, int x, const int32_t* const* base) {
  if (first_) samples_.FillAbove(x);
  const std::vector<int32_t>& weights = weights_[static_cast<size_t>(FindTaps(x, base))];
  int32_t p = 256 * samples_.here[x - 1];
  for (size_t i = 0; i < kMostTaps; ++i) p += weights[i] * taps_[i];
  FindFeatures(x, base);
  int64_t spread = 0;
  for (size_t i = 0; i < kMostFeatures; ++i) spread += spread_weights_[i] * features_[i];
  spread = std::min<int64_t>(spread >> 12, (1 << 21) - 1);
  const auto u = static_cast<uint32_t>(spread >> 2) + 1;
  const int o = Log2(u), level = 2 * o + (((u << 4) >> o) >= 23);

  Cell* const cell = FindCell(x, level, p);
  p = static_cast<int32_t>(Clamp<int64_t>(p + (cell->sum * (65536 / (cell->count + 2)) >> 16), 0, 256 * most_));
  const int32_t c = (p + 128) >> 8, r = (p + 128) % 256;
  const bool turned = r < 128;
  const int f = level < 12 ? (turned ? 127 - r : r - 128) >> (level < 8 ? 5 : 6) : 0;
  const int64_t error = Error(coder, x, spread + 1, level, f);
  const auto sample = static_cast<int32_t>(Clamp<int64_t>(c + (turned ? -error : error) * step_, 0, most_));

  const int32_t off = 256 * sample - p, most_off = 256 * std::max(8, (most_ + 1) >> 5);
  cell->sum += Clamp(off, -most_off, most_off);
  if (++cell->count == 255) cell->sum /= 2, cell->count = 127;
  samples_.here[x] = sample, errors_.here[x] = (std::abs(off) >> 4) / step_;
  return sample;
}

}  // namespace aecomp_portable
