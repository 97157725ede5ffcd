#include "train/export/convolution_reads.h"

#include <algorithm>

namespace aecomp {
namespace {

/// How many of 0, every, 2 * every, ... from `first` on lie below `size`.
int CountFrom(int first, int every, int size) { return first < size ? (size - first - 1) / every + 1 : 0; }

/// The place in a parameter of the weight from input channel `in` to output channel `out`.
size_t PlaceOf(const IntegerLayer& l, const ConvolutionPhase::Tap& tap, int in, int out) {
  const int64_t filter = l.transposed ? int64_t{in} * l.out + out : int64_t{out} * l.in + in;
  return static_cast<size_t>((filter * l.kernel + tap.kernel_y) * l.kernel + tap.kernel_x);
}

}  // namespace

int64_t ConvolutionPhase::Positions(const Shape& output) const {
  return int64_t{CountFrom(first_y, every, output.h)} * CountFrom(first_x, every, output.w);
}

std::vector<ConvolutionPhase> PhasesOf(const IntegerLayer& l) {
  const int phases = l.transposed ? l.stride : 1;
  std::vector<ConvolutionPhase> result;
  for (int py = 0; py < phases; ++py) {
    for (int px = 0; px < phases; ++px) {
      ConvolutionPhase& phase = result.emplace_back();
      phase.first_y = py, phase.first_x = px, phase.every = phases;
      phase.step = l.transposed ? 1 : l.stride;
      for (int a = 0; a < l.kernel; ++a) {
        for (int b = 0; b < l.kernel; ++b) {
          const int y = py + l.padding - a, x = px + l.padding - b;
          if (!l.transposed)
            phase.taps.push_back({a, b, -y, -x});
          else if (y % phases == 0 && x % phases == 0)
            phase.taps.push_back({a, b, y / phases, x / phases});
        }
      }
    }
  }
  return result;
}

std::vector<float> ReadsOf(const IntegerLayer& l, const ConvolutionPhase& phase, const Tensor& x) {
  const Shape &in = x.shape(), out = l.OutputShape(in);
  const int h = CountFrom(phase.first_y, phase.every, out.h), w = CountFrom(phase.first_x, phase.every, out.w);
  std::vector<float> reads(static_cast<size_t>(int64_t{h} * w * std::ssize(phase.taps) * l.in));
#pragma omp parallel for schedule(static)
  for (int i = 0; i < h; ++i) {
    float* to = reads.data() + int64_t{i} * w * std::ssize(phase.taps) * l.in;
    for (int j = 0; j < w; ++j) {
      for (const ConvolutionPhase::Tap& tap : phase.taps) {
        const int y = i * phase.step + tap.y, column = j * phase.step + tap.x;
        if (y >= 0 && y < in.h && column >= 0 && column < in.w) {
          std::copy_n(x.data() + (int64_t{y} * in.w + column) * l.in, l.in, to);
        }
        to += l.in;
      }
    }
  }
  return reads;
}

std::vector<float> ValuesAt(const ConvolutionPhase& phase, const Tensor& y) {
  const Shape& s = y.shape();
  std::vector<float> values;
  values.reserve(static_cast<size_t>(phase.Positions(s) * s.c));
  for (int i = phase.first_y; i < s.h; i += phase.every) {
    for (int j = phase.first_x; j < s.w; j += phase.every) {
      const float* from = y.data() + (int64_t{i} * s.w + j) * s.c;
      values.insert(values.end(), from, from + s.c);
    }
  }
  return values;
}

DoubleMatrix WeightsOf(const IntegerLayer& l, const ConvolutionPhase& phase, const Parameter& weight) {
  DoubleMatrix values(std::ssize(phase.taps) * l.in, l.out);
  for (Eigen::Index row = 0; row < values.rows(); ++row) {
    const ConvolutionPhase::Tap& tap = phase.taps[static_cast<size_t>(row / l.in)];
    for (int o = 0; o < l.out; ++o) values(row, o) = weight.value[PlaceOf(l, tap, static_cast<int>(row % l.in), o)];
  }
  return values;
}

void SetWeights(const IntegerLayer& l, const ConvolutionPhase& phase, const DoubleMatrix& values, Parameter& weight) {
  for (Eigen::Index row = 0; row < values.rows(); ++row) {
    const ConvolutionPhase::Tap& tap = phase.taps[static_cast<size_t>(row / l.in)];
    for (int o = 0; o < l.out; ++o) {
      weight.value[PlaceOf(l, tap, static_cast<int>(row % l.in), o)] = static_cast<float>(values(row, o));
    }
  }
}

}  // namespace aecomp
