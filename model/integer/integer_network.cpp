#include "model/integer/integer_network.h"

#include <algorithm>
#include <cmath>

namespace aecomp {
namespace {

constexpr float kWideMost = 32767;

}  // namespace

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
    if (s.output == IntegerStep::Output::kLast) {
      std::vector<float> y(acc.size());
      for (size_t e = 0; e < y.size(); ++e) y[e] = static_cast<float>(acc[e]) * s.scale[channel(e)];
      return y;
    }
    input.resize(acc.size());
    wide[i].resize(acc.size());
    for (size_t e = 0; e < acc.size(); ++e) {
      const float rounded = std::nearbyint(static_cast<float>(acc[e]) * s.scale[channel(e)]);
      if (s.output == IntegerStep::Output::kRelu) {
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
