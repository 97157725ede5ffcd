#include "model/integer/integer_band_runner.h"

#include <algorithm>
#include <utility>

#include "io/first_exception.h"
#include "model/integer/integer_epilogues.h"

namespace aecomp {

using Sums = IntegerConv::Sums;

bool IntegerBandRunner::Suits(const IntegerNetwork& network) {
  return std::none_of(network.steps().begin(), network.steps().end(),
                      [](const IntegerStep& step) { return step.layer.transposed; });
}

IntegerBandRunner::IntegerBandRunner(const IntegerNetwork& network, int h, int w)
    : steps_(CompileSteps(network, h, w)), memory_(steps_.size()) {
  ForEachBand([](int, int) {}, [this](size_t i, int end) { Measure(i, end); }, [](size_t, int) {});
}

/// feed(begin, end): rows of the input that come; step(i, end): output rows of step i from done to end can be computed;
/// forget(i, first): step i does not need the rows of its input before `first` any more.
template <class Feed, class Step, class Forget>
void IntegerBandRunner::ForEachBand(Feed feed, Step step, Forget forget) {
  progress_.assign(steps_.size(), {});
  const int h = steps_[0].conv.input().h, band = steps_[0].conv.strip() * steps_[0].conv.stride();
  for (int fed = 0; fed < h;) {
    const int begin = std::exchange(fed, std::min(h, fed + band));
    feed(begin, fed);
    for (size_t i = 0; i < steps_.size(); ++i) {
      const IntegerConv& conv = steps_[i].conv;
      Progress& p = progress_[i];
      const int rows = i == 0 ? fed : progress_[i - 1].done;
      const bool all = rows == conv.input().h;
      p.ready = rows + conv.padding() * (all ? 2 : 1);
      const int possible = std::max(0, (p.ready - conv.taps() + conv.stride()) / conv.stride() - p.done);
      const int end = all ? conv.output().h : p.done + possible / conv.strip() * conv.strip();
      if (end > p.done) step(i, end);
      p.done = end;
      const int first = std::min(p.ready, end * conv.stride());
      forget(i, first);
      p.first = first;
    }
  }
}

void IntegerBandRunner::Measure(size_t i, int end) {
  const Progress& p = progress_[i];
  const IntegerConv& conv = steps_[i].conv;
  Memory& m = memory_[i];
  m.rows = std::max({m.rows, p.ready - p.first, conv.ReadEnd(p.done, end) - p.first});
  for (size_t k = i + 1; k < steps_.size(); ++k) {
    if (steps_[k].step.residual == static_cast<int>(i)) m.wide_rows = std::max(m.wide_rows, end - progress_[k].done);
  }
}

void IntegerBandRunner::Reserve() {
  for (size_t i = 0; i < steps_.size(); ++i) {
    Memory& m = memory_[i];
    if (m.input.size() > 0) continue;
    m.input = AlignedBuffer<uint8_t>(static_cast<size_t>(m.rows * RowBytes(i)));
    const Shape& output = steps_[i].conv.output();
    m.wide = AlignedBuffer<int16_t>(static_cast<size_t>(int64_t{m.wide_rows} * output.w * output.c));
  }
}

void IntegerBandRunner::Release() {
  for (Memory& m : memory_) m.input = {}, m.wide = {};
}

int64_t IntegerBandRunner::RowBytes(size_t i) const {
  const Shape& padded = steps_[i].conv.padded();
  return int64_t{padded.w} * padded.c;
}

/// Padded row y of what step i reads.
uint8_t* IntegerBandRunner::Row(size_t i, int y) {
  return memory_[i].input.data() + (y - progress_[i].first) * RowBytes(i);
}

/// Row y of what step i reads, without the padding.
uint8_t* IntegerBandRunner::Inside(size_t i, int y) {
  const IntegerConv& conv = steps_[i].conv;
  return Row(i, y + conv.padding()) + int64_t{conv.padding()} * conv.padded().c;
}

/// The int16 of a step from pixel (y, x) on; null where nobody reads them.
int16_t* IntegerBandRunner::Wide(int step, int y, int x) {
  if (step < 0 || memory_[static_cast<size_t>(step)].wide_rows == 0) return nullptr;
  Memory& m = memory_[static_cast<size_t>(step)];
  const Shape& output = steps_[static_cast<size_t>(step)].conv.output();
  return m.wide.data() + (int64_t{y % m.wide_rows} * output.w + x) * output.c;
}

/// The padding to the left and to the right of all rows of the input of a step.
void IntegerBandRunner::FillColumns(size_t i) {
  const IntegerConv& conv = steps_[i].conv;
  const auto zero = static_cast<uint8_t>(steps_[i].step.zero_point);
  const int64_t pixel = conv.padded().c, margin = conv.padding() * pixel;
  for (int y = 0; y < memory_[i].rows; ++y) {
    uint8_t* row = memory_[i].input.data() + y * RowBytes(i);
    std::fill_n(row, margin, zero);
    std::fill_n(row + margin + conv.input().w * pixel, margin, zero);
  }
}

/// Whole rows of padding.
void IntegerBandRunner::FillRows(size_t i, int begin, int end) {
  const auto zero = static_cast<uint8_t>(steps_[i].step.zero_point);
  if (begin < end) std::fill_n(Row(i, begin), (end - begin) * RowBytes(i), zero);
}

void IntegerBandRunner::Run(const FillInput& fill, const IntegerConv::Area& area, const TakeSums& last) {
  Reserve();
  const auto feed = [&](int begin, int end) {
    if (begin == 0) {
      for (size_t i = 0; i < steps_.size(); ++i) FillColumns(i), FillRows(i, 0, steps_[i].conv.padding());
    }
    FirstException exception;
#pragma omp parallel for schedule(static)
    for (int y = begin; y < end; ++y) exception.Guard([&] { fill(y, Inside(0, y)); });
    exception.Rethrow();
  };
  const auto forget = [&](size_t i, int first) {
    const Progress& p = progress_[i];
    if (first > p.first) std::copy(Row(i, first), Row(i, p.ready), Row(i, p.first));
  };
  ForEachBand(
      feed, [&](size_t i, int end) { RunStep(i, end, area, last); }, forget);
}

/// Output rows of step i from done to end.
void IntegerBandRunner::RunStep(size_t i, int end, const IntegerConv::Area& area, const TakeSums& last) {
  CompiledStep& c = steps_[i];
  const Progress& p = progress_[i];
  if (p.ready == c.conv.padded().h) FillRows(i, p.ready - c.conv.padding(), p.ready);
  const uint8_t* rows = memory_[i].input.data();
  if (i + 1 == steps_.size()) {
    const IntegerConv::Area part = {std::max(area.top, p.done), std::min(area.bottom, end), area.left, area.right};
    c.conv.RunRows(rows, p.first, part, [&](const Sums& sums) { last(sums, c.scale.data()); });
    return;
  }
  const IntegerConv::Area part = {p.done, end, 0, c.conv.output().w};
  c.conv.RunRows(rows, p.first, part, [&](const Sums& sums) {
    uint8_t* narrow = Inside(i + 1, sums.y) + int64_t{sums.x} * c.step.layer.out;
    StoreSums(c.step, sums, c.scale.data(),
              {narrow, Wide(static_cast<int>(i), sums.y, sums.x), Wide(c.step.residual, sums.y, sums.x)});
  });
}

}  // namespace aecomp
