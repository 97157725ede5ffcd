#include "model/integer_network.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/integer_conv.h"
#include "model/multiversion.h"

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
    std::vector<float> scale;           // of the step, once for each of conv.most_pixels()
    int16_t* wide = nullptr;            // [h', w', out] of a stream that is added to something
    const int16_t* residual = nullptr;  // what is added to this one
  };
  std::vector<Compiled> steps;
  std::array<AlignedBuffer<uint8_t>, 2> inputs;  // of the steps, in turns, with their padding
  std::vector<AlignedBuffer<int16_t>> streams;   // for `wide` of the steps
  AlignedBuffer<float> result;                   // made when it is wanted
  size_t most_results = 0;

  void PlaceStreams();
};

/// A step may write over the stream that it reads: element by element.
void IntegerNetworkRunner::Impl::PlaceStreams() {
  std::vector<size_t> last(steps.size(), 0), free_from, slot(steps.size()), size;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].step.residual >= 0) last[static_cast<size_t>(steps[i].step.residual)] = i;
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    if (last[i] == 0) continue;
    size_t& s = slot[i];
    while (s < free_from.size() && free_from[s] > i) ++s;
    if (s == free_from.size()) free_from.push_back(0), size.push_back(0);
    free_from[s] = last[i];
    size[s] = std::max(size[s], static_cast<size_t>(steps[i].conv.output().size()));
  }
  for (size_t s : size) streams.emplace_back(s);
  for (size_t i = 0; i < steps.size(); ++i) {
    if (last[i] > 0) steps[i].wide = streams[slot[i]].data();
    if (steps[i].step.residual >= 0) steps[i].residual = steps[static_cast<size_t>(steps[i].step.residual)].wide;
  }
}

IntegerNetworkRunner::IntegerNetworkRunner(const IntegerNetwork& network, int h, int w)
    : impl_(std::make_unique<Impl>()) {
  Shape shape{1, 0, h, w};
  std::array<int64_t, 2> most{};
  for (const IntegerStep& step : network.steps()) {
    impl_->steps.push_back({step, IntegerConv(step.layer, shape.h, shape.w, step.zero_point), {}});
    Impl::Compiled& c = impl_->steps.back();
    shape = c.conv.output();
    for (int i = 0; i < c.conv.most_pixels(); ++i) {
      c.scale.insert(c.scale.end(), step.scale.begin(), step.scale.end());
    }
    int64_t& size = most[(impl_->steps.size() - 1) % 2];
    size = std::max(size, c.conv.padded().size());
  }
  impl_->PlaceStreams();
  impl_->most_results = static_cast<size_t>(shape.size());
  for (size_t i = 0; i < most.size(); ++i) impl_->inputs[i] = AlignedBuffer<uint8_t>(static_cast<size_t>(most[i]));
}
IntegerNetworkRunner::~IntegerNetworkRunner() = default;

void IntegerNetworkRunner::SetSize(int h, int w) {
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
    // What a step gives goes where the next one reads it.
    const IntegerConv& next = steps[i + 1].conv;
    uint8_t* target = impl_->inputs[(i + 1) % 2].data();
    next.FillBorder(target);
    const int64_t margin = next.padding(), row = next.padded().w;
    steps[i].conv.RunPadded(x, [&](const Sums& sums) {
      const int64_t place = (sums.y * width + sums.x) * channels;
      uint8_t* narrow = target + ((sums.y + margin) * row + sums.x + margin) * channels;
      int16_t* wide = c.wide != nullptr ? c.wide + place : nullptr;
      if (s.output == Output::kRelu) {
        ToRelu(sums, c.scale.data(), narrow);
      } else if (c.residual == nullptr) {
        ToStream(sums, c.scale.data(), s.narrow, wide, narrow);
      } else {
        AddToStream(sums, c.scale.data(), s.narrow, c.residual + place, wide, narrow);
      }
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
