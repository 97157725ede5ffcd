#include "model/integer_network.h"

#include <algorithm>
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

AECOMP_MULTIVERSION
void ToRelu(const int32_t* acc, const int32_t* bias, const float* scale, int channels, uint8_t* y) {
  for (int c = 0; c < channels; ++c) {
    const float v = Rounded(acc[c] + bias[c], scale[c]);
    const float low = v > 0.f ? v : 0.f;
    y[c] = static_cast<uint8_t>(static_cast<int32_t>(low < 255.f ? low : 255.f));
  }
}

AECOMP_MULTIVERSION
void ToStream(const int32_t* acc, const int32_t* bias, const float* scale, int channels, float narrow, int16_t* wide,
              uint8_t* y) {
  for (int c = 0; c < channels; ++c) {
    const int32_t v = Wide(acc[c] + bias[c], scale[c]);
    wide[c] = static_cast<int16_t>(v);
    y[c] = Narrow(v, narrow);
  }
}

AECOMP_MULTIVERSION
void AddToStream(const int32_t* acc, const int32_t* bias, const float* scale, int channels, float narrow,
                 const int16_t* residual, int16_t* wide, uint8_t* y) {
  for (int c = 0; c < channels; ++c) {
    int32_t v = Wide(acc[c] + bias[c], scale[c]) + residual[c];
    v = v > -32767 ? v : -32767;
    v = v < 32767 ? v : 32767;
    wide[c] = static_cast<int16_t>(v);
    y[c] = Narrow(v, narrow);
  }
}

AECOMP_MULTIVERSION
void ToFloat(const int32_t* acc, const int32_t* bias, const float* scale, int channels, float* y) {
  for (int c = 0; c < channels; ++c) y[c] = static_cast<float>(acc[c] + bias[c]) * scale[c];
}

}  // namespace

struct IntegerNetworkRunner::Impl {
  struct Compiled {
    const IntegerStep& step;
    IntegerConv conv;
    AlignedBuffer<int16_t> wide;    // [h', w', out] of a stream
    AlignedBuffer<uint8_t> narrow;  // [h', w', out] of all but the last
  };
  std::vector<Compiled> steps;
  AlignedBuffer<float> result;
};

IntegerNetworkRunner::IntegerNetworkRunner(const IntegerNetwork& network, int h, int w)
    : impl_(std::make_unique<Impl>()) {
  Shape shape{1, 0, h, w};
  for (const IntegerStep& step : network.steps()) {
    impl_->steps.push_back({step, IntegerConv(step.layer, shape.h, shape.w, step.zero_point), {}, {}});
    Impl::Compiled& c = impl_->steps.back();
    shape = c.conv.output();
    const auto size = static_cast<size_t>(shape.size());
    if (step.output == Output::kStream) c.wide = AlignedBuffer<int16_t>(size);
    if (step.output != Output::kLast) c.narrow = AlignedBuffer<uint8_t>(size);
  }
  impl_->result = AlignedBuffer<float>(static_cast<size_t>(shape.size()));
}
IntegerNetworkRunner::~IntegerNetworkRunner() = default;

const Shape& IntegerNetworkRunner::output() const { return impl_->steps.back().conv.output(); }

float* IntegerNetworkRunner::Run(const uint8_t* x) {
  float* y = impl_->result.data();
  for (Impl::Compiled& c : impl_->steps) {
    const IntegerStep& s = c.step;
    const int channels = s.layer.out;
    const float* scale = s.scale.data();
    switch (s.output) {
      case Output::kRelu:
        c.conv.Run(x, [&](int64_t at, const int32_t* acc, const int32_t* bias) {
          ToRelu(acc, bias, scale, channels, c.narrow.data() + at * channels);
        });
        break;
      case Output::kStream: {
        const int16_t* residual = s.residual >= 0 ? impl_->steps[static_cast<size_t>(s.residual)].wide.data() : nullptr;
        c.conv.Run(x, [&](int64_t at, const int32_t* acc, const int32_t* bias) {
          int16_t* wide = c.wide.data() + at * channels;
          uint8_t* narrow = c.narrow.data() + at * channels;
          if (residual == nullptr) return ToStream(acc, bias, scale, channels, s.narrow, wide, narrow);
          AddToStream(acc, bias, scale, channels, s.narrow, residual + at * channels, wide, narrow);
        });
        break;
      }
      case Output::kLast:
        c.conv.Run(x, [&](int64_t at, const int32_t* acc, const int32_t* bias) {
          ToFloat(acc, bias, scale, channels, y + at * channels);
        });
        break;
    }
    x = c.narrow.data();
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
