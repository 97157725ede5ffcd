#include "model/integer/integer_network.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "model/base/multiversion.h"
#include "model/integer/integer_conv.h"

namespace aecomp {
namespace {

using Output = IntegerStep::Output;

constexpr float kWideMost = 32767;
constexpr int kStreamZero = 128;

// rintf and not lrintf: compilers turn it into one instruction for many numbers. Each function is one multiplication
// and its rounding, see integer_network.h.

inline float Rounded(int32_t sum, float scale) { return std::rint(static_cast<float>(sum) * scale); }

inline uint8_t Narrow(int32_t wide, float narrow) {
  const float v = Rounded(wide, narrow);
  const float low = v > -128.f ? v : -128.f;
  return static_cast<uint8_t>(static_cast<int32_t>(low < 127.f ? low : 127.f) + kStreamZero);
}

inline int32_t Wide(int32_t sum, float scale) {
  const float v = Rounded(sum, scale);
  const float low = v > -kWideMost ? v : -kWideMost;
  return static_cast<int32_t>(low < kWideMost ? low : kWideMost);
}

using Sums = IntegerConv::Sums;

// scale: [sums.width]. Results follow each other without gaps.

AECOMP_MULTIVERSION
void ToRelu(const Sums sums, const float* scale, uint8_t* y) {
  const int32_t *acc = sums.acc, *bias = sums.bias;
  const int repeats = sums.repeats, width = sums.width;
  const int64_t stride = sums.stride;
  for (int r = 0; r < repeats; ++r, acc += stride, y += width) {
    for (int c = 0; c < width; ++c) {
      const float v = Rounded(acc[c] + bias[c], scale[c]);
      const float low = v > 0.f ? v : 0.f;
      y[c] = static_cast<uint8_t>(static_cast<int32_t>(low < 255.f ? low : 255.f));
    }
  }
}

/// wide: null when nobody reads it.
AECOMP_MULTIVERSION
void ToStream(const Sums sums, const float* scale, float narrow, int16_t* wide, uint8_t* y) {
  const int32_t *acc = sums.acc, *bias = sums.bias;
  const int repeats = sums.repeats, width = sums.width;
  const int64_t stride = sums.stride;
  for (int r = 0; r < repeats; ++r, acc += stride, y += width) {
    if (wide == nullptr) {
      for (int c = 0; c < width; ++c) y[c] = Narrow(Wide(acc[c] + bias[c], scale[c]), narrow);
      continue;
    }
    for (int c = 0; c < width; ++c) {
      const int32_t v = Wide(acc[c] + bias[c], scale[c]);
      wide[c] = static_cast<int16_t>(v);
      y[c] = Narrow(v, narrow);
    }
    wide += width;
  }
}

inline int32_t Added(int32_t wide, int16_t residual) {
  int32_t v = wide + residual;
  v = v > -32767 ? v : -32767;
  return v < 32767 ? v : 32767;
}

AECOMP_MULTIVERSION
void AddToStream(const Sums sums, const float* scale, float narrow, const int16_t* residual, int16_t* wide,
                 uint8_t* y) {
  const int32_t *acc = sums.acc, *bias = sums.bias;
  const int repeats = sums.repeats, width = sums.width;
  const int64_t stride = sums.stride;
  for (int r = 0; r < repeats; ++r, acc += stride, y += width, residual += width) {
    if (wide == nullptr) {
      for (int c = 0; c < width; ++c) y[c] = Narrow(Added(Wide(acc[c] + bias[c], scale[c]), residual[c]), narrow);
      continue;
    }
#pragma GCC ivdep  // wide may be residual
    for (int c = 0; c < width; ++c) {
      const int32_t v = Added(Wide(acc[c] + bias[c], scale[c]), residual[c]);
      wide[c] = static_cast<int16_t>(v);
      y[c] = Narrow(v, narrow);
    }
    wide += width;
  }
}

AECOMP_MULTIVERSION
void ToFloat(const Sums sums, const float* scale, float* y) {
  const int32_t *acc = sums.acc, *bias = sums.bias;
  const int repeats = sums.repeats, width = sums.width;
  const int64_t stride = sums.stride;
  for (int r = 0; r < repeats; ++r, acc += stride, y += width) {
    for (int c = 0; c < width; ++c) y[c] = static_cast<float>(acc[c] + bias[c]) * scale[c];
  }
}

}  // namespace

struct IntegerNetworkRunner::Impl {
  struct Compiled {
    const IntegerStep& step;
    IntegerConv conv;
    std::vector<float> scale;  // of the step, once for each of conv.most_pixels()
    int stream = -1;           // for its int16 [h', w', out], where something is added to them
  };
  std::vector<Compiled> steps;
  std::array<size_t, 2> input_sizes{};
  std::vector<size_t> stream_sizes;
  size_t most_results = 0;
  std::array<AlignedBuffer<uint8_t>, 2> inputs;  // of the steps, in turns, with their padding
  std::vector<AlignedBuffer<int16_t>> streams;
  AlignedBuffer<float> result;  // made when it is wanted

  struct Bands;
  std::unique_ptr<Bands> bands;  // made when they are wanted

  void PlaceStreams();
  /// Where the sums of a step go: what the next one reads, its own int16, those that are added to it. Null where there
  /// are none.
  struct Target {
    uint8_t* narrow;
    int16_t* wide;
    const int16_t* residual;
  };
  static void Store(const Compiled& c, const Sums& sums, const Target& to);
  /// The int16 of a step; null where there are none.
  int16_t* Wide(int step) {
    const int stream = step >= 0 ? steps[static_cast<size_t>(step)].stream : -1;
    return stream >= 0 ? streams[static_cast<size_t>(stream)].data() : nullptr;
  }
};

/// A step may write over the stream that it reads: element by element.
void IntegerNetworkRunner::Impl::PlaceStreams() {
  std::vector<size_t> last(steps.size(), 0), free_from;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].step.residual >= 0) last[static_cast<size_t>(steps[i].step.residual)] = i;
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    if (last[i] == 0) continue;
    size_t s = 0;
    while (s < free_from.size() && free_from[s] > i) ++s;
    if (s == free_from.size()) free_from.push_back(0), stream_sizes.push_back(0);
    free_from[s] = last[i];
    stream_sizes[s] = std::max(stream_sizes[s], static_cast<size_t>(steps[i].conv.output().size()));
    steps[i].stream = static_cast<int>(s);
  }
}

void IntegerNetworkRunner::Impl::Store(const Compiled& c, const Sums& sums, const Target& to) {
  if (c.step.output == Output::kRelu) {
    ToRelu(sums, c.scale.data(), to.narrow);
  } else if (to.residual == nullptr) {
    ToStream(sums, c.scale.data(), c.step.narrow, to.wide, to.narrow);
  } else {
    AddToStream(sums, c.scale.data(), c.step.narrow, to.residual, to.wide, to.narrow);
  }
}

/// Every step runs as far as its input goes, in whole strips, and forgets the rows that it does not need any more.
struct IntegerNetworkRunner::Impl::Bands {
  /// Of a step: output rows that are done, padded input rows that are ready, the first of these that is kept.
  struct Progress {
    int done = 0, ready = 0, first = 0;
  };
  /// What a step reads [rows, padded w, in], and its int16 [wide_rows, w', out], row y at y % wide_rows.
  struct Memory {
    int rows = 0, wide_rows = 0;
    AlignedBuffer<uint8_t> input;
    AlignedBuffer<int16_t> wide;
  };
  std::vector<Compiled>& steps;
  std::vector<Memory> memory;
  std::vector<Progress> progress;

  explicit Bands(std::vector<Compiled>& s) : steps(s), memory(s.size()) {
    ForEachBand([](int, int) {}, [&](size_t i, int end) { Measure(i, end); }, [](size_t, int) {});
    for (size_t i = 0; i < steps.size(); ++i) {
      Memory& m = memory[i];
      m.input = AlignedBuffer<uint8_t>(static_cast<size_t>(m.rows * RowBytes(i)));
      const Shape& output = steps[i].conv.output();
      m.wide = AlignedBuffer<int16_t>(static_cast<size_t>(int64_t{m.wide_rows} * output.w * output.c));
    }
  }

  int64_t RowBytes(size_t i) const {
    const Shape& padded = steps[i].conv.padded();
    return int64_t{padded.w} * padded.c;
  }
  /// Padded row y of what step i reads.
  uint8_t* Row(size_t i, int y) { return memory[i].input.data() + (y - progress[i].first) * RowBytes(i); }
  /// The same within its padding.
  uint8_t* Inside(size_t i, int y) {
    const IntegerConv& conv = steps[i].conv;
    return Row(i, y + conv.padding()) + int64_t{conv.padding()} * conv.padded().c;
  }
  int16_t* Wide(int step, int y, int x) {
    if (step < 0 || memory[static_cast<size_t>(step)].wide_rows == 0) return nullptr;
    Memory& m = memory[static_cast<size_t>(step)];
    const Shape& output = steps[static_cast<size_t>(step)].conv.output();
    return m.wide.data() + (int64_t{y % m.wide_rows} * output.w + x) * output.c;
  }

  /// feed(begin, end): rows of the input that come; run(step, end): output rows from done to end can be computed;
  /// forget(step, first): rows before that one are not needed any more.
  template <class Feed, class Run, class Forget>
  void ForEachBand(Feed feed, Run run, Forget forget) {
    progress.assign(steps.size(), {});
    const int h = steps[0].conv.input().h, band = steps[0].conv.strip() * steps[0].conv.stride();
    for (int fed = 0; fed < h;) {
      const int begin = std::exchange(fed, std::min(h, fed + band));
      feed(begin, fed);
      for (size_t i = 0; i < steps.size(); ++i) {
        const IntegerConv& conv = steps[i].conv;
        Progress& p = progress[i];
        const int rows = i == 0 ? fed : progress[i - 1].done;
        const bool all = rows == conv.input().h;
        p.ready = rows + conv.padding() * (all ? 2 : 1);
        const int possible = std::max(0, (p.ready - conv.taps() + conv.stride()) / conv.stride() - p.done);
        const int end = all ? conv.output().h : p.done + possible / conv.strip() * conv.strip();
        if (end > p.done) run(i, end);
        p.done = end;
        const int first = std::min(p.ready, end * conv.stride());
        forget(i, first);
        p.first = first;
      }
    }
  }

  void Measure(size_t i, int end) {
    const Progress& p = progress[i];
    const IntegerConv& conv = steps[i].conv;
    const bool last = i + 1 == steps.size();
    memory[i].rows = std::max({memory[i].rows, p.ready - p.first, conv.ReadEnd(p.done, end) - p.first});
    for (size_t k = i + 1; !last && k < steps.size(); ++k) {
      if (steps[k].step.residual != static_cast<int>(i)) continue;
      memory[i].wide_rows = std::max(memory[i].wide_rows, end - progress[k].done);
    }
  }

  /// What stands around the rows of the input of a step.
  void FillColumns(size_t i) {
    const IntegerConv& conv = steps[i].conv;
    const int64_t pixel = conv.padded().c, margin = conv.padding() * pixel;
    for (int y = 0; y < memory[i].rows; ++y) {
      uint8_t* row = memory[i].input.data() + y * RowBytes(i);
      std::fill_n(row, margin, Zero(i));
      std::fill_n(row + margin + conv.input().w * pixel, margin, Zero(i));
    }
  }
  void FillRows(size_t i, int begin, int end) {
    if (begin < end) std::fill_n(Row(i, begin), (end - begin) * RowBytes(i), Zero(i));
  }
  uint8_t Zero(size_t i) const { return static_cast<uint8_t>(steps[i].step.zero_point); }

  void RunAll(const Fill& fill, const IntegerConv::Area& area, const Last& last) {
    const auto feed = [&](int begin, int end) {
      if (begin == 0) {
        for (size_t i = 0; i < steps.size(); ++i) FillColumns(i), FillRows(i, 0, steps[i].conv.padding());
      }
#pragma omp parallel for schedule(static)
      for (int y = begin; y < end; ++y) fill(y, Inside(0, y));
    };
    const auto forget = [&](size_t i, int first) {
      const Progress& p = progress[i];
      if (first > p.first) std::copy(Row(i, first), Row(i, p.ready), Row(i, p.first));
    };
    ForEachBand(
        feed, [&](size_t i, int end) { Run(i, end, area, last); }, forget);
  }

  void Run(size_t i, int end, const IntegerConv::Area& area, const Last& last) {
    Compiled& c = steps[i];
    const Progress& p = progress[i];
    if (p.ready == c.conv.padded().h) FillRows(i, p.ready - c.conv.padding(), p.ready);
    const uint8_t* rows = memory[i].input.data();
    if (i + 1 == steps.size()) {
      const IntegerConv::Area part = {std::max(area.top, p.done), std::min(area.bottom, end), area.left, area.right};
      c.conv.RunRows(rows, p.first, part, [&](const Sums& sums) { last(sums, c.scale.data()); });
      return;
    }
    const IntegerConv::Area part = {p.done, end, 0, c.conv.output().w};
    c.conv.RunRows(rows, p.first, part, [&](const Sums& sums) {
      uint8_t* narrow = Inside(i + 1, sums.y) + int64_t{sums.x} * c.step.layer.out;
      Store(c, sums, {narrow, Wide(static_cast<int>(i), sums.y, sums.x), Wide(c.step.residual, sums.y, sums.x)});
    });
  }
};

IntegerNetworkRunner::IntegerNetworkRunner(const IntegerNetwork& network, int h, int w)
    : impl_(std::make_unique<Impl>()) {
  Shape shape{1, 0, h, w};
  for (const IntegerStep& step : network.steps()) {
    impl_->steps.push_back({step, IntegerConv(step.layer, shape.h, shape.w, step.zero_point), {}});
    Impl::Compiled& c = impl_->steps.back();
    shape = c.conv.output();
    for (int i = 0; i < c.conv.most_pixels(); ++i) {
      c.scale.insert(c.scale.end(), step.scale.begin(), step.scale.end());
    }
    size_t& size = impl_->input_sizes[(impl_->steps.size() - 1) % 2];
    size = std::max(size, static_cast<size_t>(c.conv.padded().size()));
  }
  impl_->PlaceStreams();
  impl_->most_results = static_cast<size_t>(shape.size());
}
IntegerNetworkRunner::~IntegerNetworkRunner() = default;

void IntegerNetworkRunner::Reserve() {
  Impl& m = *impl_;
  if (m.inputs[0].size() > 0) return;
  for (size_t i = 0; i < m.inputs.size(); ++i) m.inputs[i] = AlignedBuffer<uint8_t>(m.input_sizes[i]);
  for (const size_t size : m.stream_sizes) m.streams.emplace_back(size);
}

void IntegerNetworkRunner::Release() {
  impl_->inputs = {};
  impl_->streams.clear();
  impl_->result = {};
  impl_->bands.reset();
}

void IntegerNetworkRunner::Run(const Fill& fill, const IntegerConv::Area& area, const Last& last) {
  std::vector<Impl::Compiled>& steps = impl_->steps;
  if (std::none_of(steps.begin(), steps.end(), [](const auto& c) { return c.step.layer.transposed; })) {
    if (!impl_->bands) impl_->bands = std::make_unique<Impl::Bands>(steps);
    impl_->bands->RunAll(fill, area, last);
    return;
  }
  Reserve();
  const int h = steps[0].conv.input().h;
#pragma omp parallel for schedule(static)
  for (int y = 0; y < h; ++y) fill(y, InputRow(y));
  Start();
  Finish(area, last);
}

void IntegerNetworkRunner::SetSize(int h, int w) {
  impl_->bands.reset();
  Shape shape{1, 0, h, w};
  for (Impl::Compiled& c : impl_->steps) {
    c.conv.SetSize(shape.h, shape.w);
    shape = c.conv.output();
  }
}

const Shape& IntegerNetworkRunner::output() const { return impl_->steps.back().conv.output(); }

uint8_t* IntegerNetworkRunner::InputRow(int y) {
  const IntegerConv& conv = impl_->steps[0].conv;
  const Shape& padded = conv.padded();
  return impl_->inputs[0].data() + (int64_t{y + conv.padding()} * padded.w + conv.padding()) * padded.c;
}

void IntegerNetworkRunner::Start() {
  std::vector<Impl::Compiled>& steps = impl_->steps;
  const uint8_t* x = impl_->inputs[0].data();
  steps[0].conv.FillBorder(impl_->inputs[0].data());
  for (size_t i = 0; i + 1 < steps.size(); ++i) {
    const Impl::Compiled& c = steps[i];
    const IntegerStep& s = c.step;
    const int64_t channels = s.layer.out, width = c.conv.output().w;
    int16_t* const stream = impl_->Wide(static_cast<int>(i));
    const int16_t* const residual = impl_->Wide(s.residual);
    // What a step gives goes where the next one reads it.
    const IntegerConv& next = steps[i + 1].conv;
    uint8_t* target = impl_->inputs[(i + 1) % 2].data();
    next.FillBorder(target);
    const int64_t margin = next.padding(), row = next.padded().w;
    steps[i].conv.RunPadded(x, [&](const Sums& sums) {
      const int64_t place = (sums.y * width + sums.x) * channels;
      uint8_t* narrow = target + ((sums.y + margin) * row + sums.x + margin) * channels;
      int16_t* wide = stream != nullptr ? stream + place : nullptr;
      Impl::Store(c, sums, {narrow, wide, residual != nullptr ? residual + place : nullptr});
    });
    x = target;
  }
}

void IntegerNetworkRunner::Finish(const IntegerConv::Area& area, const Last& last) {
  Impl::Compiled& c = impl_->steps.back();
  const float* scale = c.scale.data();
  const uint8_t* x = impl_->inputs[(impl_->steps.size() - 1) % 2].data();
  c.conv.RunPadded(x, area, [&](const Sums& sums) { last(sums, scale); });
}

float* IntegerNetworkRunner::Run() {
  const Shape& result = output();
  if (impl_->result.size() == 0) impl_->result = AlignedBuffer<float>(impl_->most_results);
  float* to = impl_->result.data();
  Start();
  Finish({0, result.h, 0, result.w}, [&](const Sums& sums, const float* scale) {
    ToFloat(sums, scale, to + (int64_t{sums.y} * result.w + sums.x) * result.c);
  });
  return to;
}

float* IntegerNetworkRunner::Run(const uint8_t* x) {
  const Shape& input = impl_->steps[0].conv.input();
  const int64_t line = int64_t{input.w} * input.c;
  Reserve();
  for (int y = 0; y < input.h; ++y) std::copy_n(x + y * line, line, InputRow(y));
  return Run();
}

std::vector<float> IntegerNetwork::RunScalar(const uint8_t* x, int h, int w) const {
  std::vector<uint8_t> input;
  std::vector<std::vector<int32_t>> wide(steps_.size());
  Shape shape{1, 0, h, w};
  for (size_t i = 0; i < steps_.size(); ++i) {
    const IntegerStep& s = steps_[i];
    const Shape output = s.layer.OutputShape(shape);
    std::vector<int32_t> acc(static_cast<size_t>(output.size()));
    AccumulateScalar(s.layer, i == 0 ? x : input.data(), shape.h, shape.w, s.zero_point, acc.data());
    shape = output;
    const auto channel = [&](size_t e) { return e % static_cast<size_t>(s.layer.out); };
    if (s.output == Output::kLast) {
      std::vector<float> y(acc.size());
      for (size_t e = 0; e < y.size(); ++e) y[e] = static_cast<float>(acc[e]) * s.scale[channel(e)];
      return y;
    }
    input.resize(acc.size());
    wide[i].resize(acc.size());
    for (size_t e = 0; e < acc.size(); ++e) {
      const float rounded = std::nearbyint(static_cast<float>(acc[e]) * s.scale[channel(e)]);
      if (s.output == Output::kRelu) {
        input[e] = static_cast<uint8_t>(std::clamp(rounded, 0.f, 255.f));
        continue;
      }
      int32_t v = static_cast<int32_t>(std::clamp(rounded, -kWideMost, kWideMost));
      if (s.residual >= 0) v = std::clamp(v + wide[static_cast<size_t>(s.residual)][e], -32767, 32767);
      wide[i][e] = v;
      const float narrow = std::nearbyint(static_cast<float>(v) * s.narrow);
      input[e] = static_cast<uint8_t>(128 + static_cast<int32_t>(std::clamp(narrow, -128.f, 127.f)));
    }
  }
  return {};
}

}  // namespace aecomp
