#include "model/codec/filter_layer.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>
#include <vector>

#include "io/first_exception.h"
#include "model/filter/filter_choice.h"
#include "model/filter/filter_fit.h"
#include "model/filter/filter_stream.h"

namespace aecomp {
namespace {

// In elements of y.
constexpr int kHeight = 6, kWidth = 34;  // of a window of the sample, with its halo
constexpr int kHalo = 1;                 // what lies farther away changes pixels too little to matter to a fit
constexpr double kShare = 0.08;          // of the picture
constexpr int64_t kLeast = 1024;         // whole pictures up to this, and at least so much of larger ones
constexpr int64_t kMost = 16384;         // 4 megapixels at a stride of 16
constexpr int64_t kPieceRows = 64;       // of pixels that a thread measures at a time
constexpr double kChunkBits = 8 * 10;    // of a chunk, beside its content

/// A part of y^, and which of its pixels are like those of the whole.
struct Window {
  LatentPart part;
  Region core;
};

/// part: of `whole`; pixels at its ends that are not the picture's depend on what it lacks.
Window WindowAt(const LatentPart& part, const Plane& whole, int stride, const Image& picture) {
  const int top = part.row > 0 ? kHalo : 0, left = part.column > 0 ? kHalo : 0;
  const int bottom = part.row + part.rows < whole.rows ? kHalo : 0;
  const int right = part.column + part.columns < whole.columns ? kHalo : 0;
  const int64_t x = int64_t{part.column + left} * stride, y = int64_t{part.row + top} * stride;
  const int64_t x1 = std::min<int64_t>(picture.width, int64_t{part.column + part.columns - right} * stride);
  const int64_t y1 = std::min<int64_t>(picture.height, int64_t{part.row + part.rows - bottom} * stride);
  return {part, {x, y, x1 - x, y1 - y}};
}

/// Spread evenly over the picture.
std::vector<Window> Sample(const Plane& whole, int stride, const Image& picture) {
  const int64_t all = int64_t{whole.rows} * whole.columns;
  if (all <= kLeast) return {WindowAt({0, 0, whole.rows, whole.columns}, whole, stride, picture)};
  const int height = std::min(kHeight, whole.rows), width = std::min(kWidth, whole.columns);
  const double high = std::max(1, height - 2 * kHalo), wide = std::max(1, width - 2 * kHalo);
  const double share = std::clamp(kShare * static_cast<double>(all), double{kLeast}, double{kMost});
  const double count = share / (high * wide), aspect = whole.columns / wide / (whole.rows / high);
  const int across = std::max(1, static_cast<int>(std::lround(std::sqrt(count * aspect))));
  const int down = std::max(1, static_cast<int>(std::lround(count / across)));
  std::vector<Window> windows;
  for (int i = 0; i < down; ++i) {
    for (int j = 0; j < across; ++j) {
      // Every other row is shifted, so that the windows do not stand in columns.
      const double shift = i % 2 == 0 ? 0.35 : 0.65;
      const int row = static_cast<int>((whole.rows - height) * (i + 0.5) / down);
      const int column = static_cast<int>((whole.columns - width) * (j + shift) / across);
      windows.push_back(WindowAt({row, column, height, width}, whole, stride, picture));
    }
  }
  return windows;
}

/// Statistics of all windows, in parallel. decoded: the pixels of each.
FilterStatistics Measure(const std::vector<Window>& windows, const std::vector<Image>& decoded, int stride,
                         const Image& picture, const FilterRange& range) {
  struct Piece {
    size_t window;
    Region region;
  };
  std::vector<Piece> pieces;
  for (size_t i = 0; i < windows.size(); ++i) {
    const Region& core = windows[i].core;
    for (int64_t y = 0; y < core.height; y += kPieceRows) {
      pieces.push_back({i, {core.x, core.y + y, core.width, std::min<int64_t>(kPieceRows, core.height - y)}});
    }
  }
  const int step = windows.size() > 1 ? 2 : 1;  // rows of blocks beside each other are much alike
  FilterStatistics statistics(range);
  FirstException exception;
  std::mutex mutex;
#pragma omp parallel
  {
    FilterStatistics own(range);
#pragma omp for schedule(dynamic, 1) nowait
    for (size_t i = 0; i < pieces.size(); ++i) {
      const LatentPart& part = windows[pieces[i].window].part;
      const int64_t left = int64_t{part.column} * stride, top = int64_t{part.row} * stride;
      exception.Guard([&] { own.Add(picture, decoded[pieces[i].window], left, top, pieces[i].region, step); });
    }
    const std::lock_guard lock(mutex);
    statistics.Add(own);
  }
  exception.Rethrow();
  return statistics;
}

}  // namespace

FilterRange FilterRangeOf(const SampleRange& range) {
  return {static_cast<int>(range.low), static_cast<int>(range.high)};
}

double BitsPerError(const Architecture& a, int quality, const SampleRange& range, int channels) {
  const double step = 255 / (double{range.high} - range.low);
  return a.LambdaAt(quality) * step * step / channels;
}

Result<std::optional<PictureFilter>> ReadFilterChunk(const Container& container) {
  for (const ExtraChunk& chunk : container.extra) {
    if (chunk.type != kFilterType) continue;
    AECOMP_ASSIGN_OR_RETURN(PictureFilter filter, ReadFilter(chunk.payload));
    return std::optional(std::move(filter));
  }
  return std::optional<PictureFilter>();
}

Result<std::optional<ExtraChunk>> FitFilter(const FilterFit& fit, const Image& picture, const SampleRange& range) {
  const std::vector<Window> windows = Sample(fit.grid.coded, fit.stride, picture);
  std::vector<Image> decoded;
  for (const Window& window : windows) {
    const LatentPart& part = window.part;
    const int left = part.column * fit.stride, top = part.row * fit.stride;
    Image& image =
        decoded.emplace_back(std::min(part.columns * fit.stride, picture.width - left),
                             std::min(part.rows * fit.stride, picture.height - top), picture.channels, picture.bits);
    AECOMP_RETURN_IF_ERROR(fit.transform.Synthesise(fit.y_hat, part, fit.grid, range, image));
  }
  const FilterStatistics statistics = Measure(windows, decoded, fit.stride, picture, FilterRangeOf(range));
  const double samples = static_cast<double>(picture.width) * picture.height * picture.channels;
  const auto filter = ChooseFilter(statistics, samples, {fit.bits_per_error, kChunkBits, fit.strength});
  if (!filter) return std::optional<ExtraChunk>();
  return std::optional(ExtraChunk{kFilterType, WriteFilter(*filter)});
}

}  // namespace aecomp
