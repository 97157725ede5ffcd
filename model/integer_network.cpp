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

// scale: [sums.width]. Results follow each other as the sums do.

AECOMP_MULTIVERSION
void ToRelu(const Sums sums, const float* scale, uint8_t* y) {
  const int32_t *acc = sums.acc, *bias = sums.bias;
  const int repeats = sums.repeats, width = sums.width;
  for (int r = 0; r < repeats; ++r, acc += width, y += width) {
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
  for (int r = 0; r < repeats; ++r, acc += width, y += width) {
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
  for (int r = 0; r < repeats; ++r, acc += width, y += width, residual += width) {
    if (wide == nullptr) {
      for (int c = 0; c < width; ++c) y[c] = Narrow(Added(Wide(acc[c] + bias[c], scale[c]), residual[c]), narrow);
      continue;
    }
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
  for (int r = 0; r < repeats; ++r, acc += width, y += width) {
    for (int c = 0; c < width; ++c) y[c] = static_cast<float>(acc[c] + bias[c]) * scale[c];
  }
}

}  // namespace

struct IntegerNetworkRunner::Impl {
  struct Compiled {
    const IntegerStep& step;
    IntegerConv conv;
    std::vector<float> scale;     // of the step, once for each column of a transposed convolution's stride
    AlignedBuffer<int16_t> wide;  // [h', w', out] of a stream that is added to something
  };
  std::vector<Compiled> steps;
  std::array<AlignedBuffer<uint8_t>, 2> inputs;  // of the steps, in turns, with their padding
  AlignedBuffer<float> result;
};

IntegerNetworkRunner::IntegerNetworkRunner(const IntegerNetwork& network, int h, int w)
    : impl_(std::make_unique<Impl>()) {
  Shape shape{1, 0, h, w};
  std::array<int64_t, 2> most{};
  for (const IntegerStep& step : network.steps()) {
    impl_->steps.push_back({step, IntegerConv(step.layer, shape.h, shape.w, step.zero_point), {}, {}});
    Impl::Compiled& c = impl_->steps.back();
    shape = c.conv.output();
    for (int phase = 0; phase < (step.layer.transposed ? step.layer.stride : 1); ++phase) {
      c.scale.insert(c.scale.end(), step.scale.begin(), step.scale.end());
    }
    int64_t& size = most[(impl_->steps.size() - 1) % 2];
    size = std::max(size, c.conv.padded().size());
    if (step.residual < 0) continue;
    Impl::Compiled& entry = impl_->steps[static_cast<size_t>(step.residual)];
    entry.wide = AlignedBuffer<int16_t>(static_cast<size_t>(entry.conv.output().size()));
  }
  for (size_t i = 0; i < most.size(); ++i) impl_->inputs[i] = AlignedBuffer<uint8_t>(static_cast<size_t>(most[i]));
  impl_->result = AlignedBuffer<float>(static_cast<size_t>(shape.size()));
}
IntegerNetworkRunner::~IntegerNetworkRunner() = default;

const Shape& IntegerNetworkRunner::output() const { return impl_->steps.back().conv.output(); }

float* IntegerNetworkRunner::Run(const uint8_t* x) {
  float* y = impl_->result.data();
  std::vector<Impl::Compiled>& steps = impl_->steps;
  if (steps[0].conv.padding() > 0) {
    steps[0].conv.Pad(x, impl_->inputs[0].data());
    x = impl_->inputs[0].data();
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    Impl::Compiled& c = steps[i];
    const IntegerStep& s = c.step;
    const int64_t channels = s.layer.out, width = c.conv.output().w;
    const auto place = [&](const Sums& sums) { return (sums.y * width + sums.x) * channels; };
    if (s.output == Output::kLast) {
      c.conv.RunPadded(x, [&](const Sums& sums) { ToFloat(sums, c.scale.data(), y + place(sums)); });
      break;
    }
    // What a step gives goes where the next one reads it.
    const IntegerConv& next = steps[i + 1].conv;
    uint8_t* target = impl_->inputs[(i + 1) % 2].data();
    next.FillBorder(target);
    const int64_t margin = next.padding(), row = next.padded().w;
    const auto narrow = [&](const Sums& sums) {
      return target + ((sums.y + margin) * row + sums.x + margin) * channels;
    };
    const int16_t* residual = s.residual >= 0 ? steps[static_cast<size_t>(s.residual)].wide.data() : nullptr;
    c.conv.RunPadded(x, [&](const Sums& sums) {
      int16_t* wide = c.wide.size() > 0 ? c.wide.data() + place(sums) : nullptr;
      if (s.output == Output::kRelu) {
        ToRelu(sums, c.scale.data(), narrow(sums));
      } else if (residual == nullptr) {
        ToStream(sums, c.scale.data(), s.narrow, wide, narrow(sums));
      } else {
        AddToStream(sums, c.scale.data(), s.narrow, residual + place(sums), wide, narrow(sums));
      }
    });
    x = target;
  }
  return y;
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
