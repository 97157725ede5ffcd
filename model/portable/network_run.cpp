#include <algorithm>

#include "model/portable/network.h"

namespace aecomp_portable {
namespace {

constexpr float kWide = 32767;

PORTABLE_VECTORISED
void Relu(const int32_t* sums, const float* scale, int count, int16_t* to) {
  for (int i = 0; i < count; ++i) {
    const float v = Limit(static_cast<float>(sums[i]) * scale[i], 0, 255);
    to[i] = static_cast<int16_t>(static_cast<int32_t>(RoundSmall(v)));
  }
}

PORTABLE_VECTORISED
void Stream(const int32_t* sums, const float* scale, int count, float narrow, int16_t* to) {
  for (int i = 0; i < count; ++i) {
    const float v = RoundSmall(Limit(static_cast<float>(sums[i]) * scale[i], -kWide, kWide));
    to[i] = static_cast<int16_t>(static_cast<int32_t>(RoundSmall(Limit(v * narrow, -128, 127))));
  }
}

/// The same where the int16 are kept. wide: where they go; entry: those that are added; null: none.
PORTABLE_VECTORISED
void WideStream(const int32_t* sums, const float* scale, int count, float narrow, const int16_t* entry, int16_t* wide,
                int16_t* to) {
  for (int i = 0; i < count; ++i) {
    const float v = RoundSmall(Limit(static_cast<float>(sums[i]) * scale[i], -kWide, kWide));
    wide[i] = static_cast<int16_t>(static_cast<int32_t>(v));
  }
  for (int i = 0; i < count && entry != nullptr; ++i) {
    wide[i] = static_cast<int16_t>(std::min(std::max(wide[i] + entry[i], -32767), 32767));
  }
  for (int i = 0; i < count; ++i) {
    const float v = Limit(static_cast<float>(wide[i]) * narrow, -128, 127);
    to[i] = static_cast<int16_t>(static_cast<int32_t>(RoundSmall(v)));
  }
}

PORTABLE_VECTORISED
void Scale(const int32_t* sums, const float* scale, int count, float* to) {
  for (int i = 0; i < count; ++i) to[i] = static_cast<float>(sums[i]) * scale[i];
}

int64_t Requantise(int32_t sum, int64_t multiplier, int shift) {
  return (sum * multiplier + (int64_t{1} << (shift - 1))) >> shift;
}

}  // namespace

NetworkRun::NetworkRun(const Network& network, int h, int w, Fill fill) : network_(network), fill_(std::move(fill)) {
  layers_.resize(network.steps().size() + 1);
  layers_[0].height = h, layers_[0].width = w, layers_[0].channels = network.in();
  for (size_t i = 0; i < network.steps().size(); ++i) {
    const ConvolutionShape& s = network.steps()[i].shape;
    layers_[i + 1].height = static_cast<int>(s.Size(layers_[i].height));
    layers_[i + 1].width = static_cast<int>(s.Size(layers_[i].width));
    layers_[i + 1].channels = s.out;
  }
  Plan();
  const NetworkStep& last = network.steps().back();
  const size_t line = static_cast<size_t>(layers_.back().width) * static_cast<size_t>(last.shape.out);
  const size_t rows = static_cast<size_t>(last.convolution.out_step());
  (last.output == NetworkStep::kLast ? floats_.resize(rows * line) : integers_.resize(rows * line));
}

/// Goes through all rows without computing any, to see how many each layer must keep.
void NetworkRun::Plan() {
  Require(layers_.size() - 1, layers_.back().height);
  for (size_t i = 0; i + 1 < layers_.size(); ++i) {
    Layer& layer = layers_[i];
    const int margin = network_.steps()[i].convolution.Margin(layer.width);
    layer.narrow = ActivationRows(layer.height, layer.width, layer.channels, layer.capacity, margin);
    layer.steps = layer.rows = 0;
  }
  layers_.back().steps = layers_.back().rows = 0;
  for (const NetworkStep& step : network_.steps()) {
    const auto keep = [&](Layer& l) { l.wide = ActivationRows(l.height, l.width, l.channels, l.capacity, 0); };
    if (step.residual >= 0) keep(layers_[static_cast<size_t>(step.residual) + 1]);
  }
  for (size_t i = 0; i < network_.steps().size(); ++i) {
    Layer& own = layers_[i + 1];
    if (network_.steps()[i].residual >= 0 && own.wide.height() == 0) {
      own.wide = ActivationRows(own.height, own.width, own.channels, 1, 0);  // on the way
    }
  }
  planning_ = false;
}

/// Row `first` of a layer is about to be read.
void NetworkRun::Use(size_t layer, int first) {
  Layer& l = layers_[layer];
  if (planning_) l.capacity = std::max(l.capacity, l.rows - std::max(first, 0));
}

void NetworkRun::Require(size_t layer, int end) {
  while (layers_[layer].rows < std::min(end, layers_[layer].height)) Advance(layer);
}

void NetworkRun::Advance(size_t layer) {
  Layer& l = layers_[layer];
  if (layer == 0) {
    if (!planning_) fill_(l.rows, l.narrow.Write(l.rows));
    ++l.rows;
    return;
  }
  const NetworkStep& step = network_.steps()[layer - 1];
  const int i = l.steps++, rows = step.convolution.out_step();
  Require(layer - 1, step.convolution.EndRow(i));
  Use(layer - 1, step.convolution.FirstRow(i));
  if (step.residual >= 0) {
    Require(static_cast<size_t>(step.residual) + 1, (i + 1) * rows);
    Use(static_cast<size_t>(step.residual) + 1, i * rows);
  }
  l.rows = std::min(l.rows + rows, l.height);
  l.capacity = std::max(l.capacity, rows);
  if (planning_) return;
  step.convolution.Run(layers_[layer - 1].narrow, i, l.height, l.width,
                       [&](int y, int x, const int32_t* sums, int count) { Take(layer - 1, y, x, sums, count); });
}

/// Sums of step s, from position (y, x) on.
void NetworkRun::Take(size_t s, int y, int x, const int32_t* sums, int count) {
  const NetworkStep& step = network_.steps()[s];
  Layer& l = layers_[s + 1];
  const size_t at = static_cast<size_t>(x) * static_cast<size_t>(l.channels);
  const size_t last = static_cast<size_t>(y % step.convolution.out_step()) * static_cast<size_t>(l.width) *
                          static_cast<size_t>(l.channels) +
                      at;
  switch (step.output) {
    case NetworkStep::kRelu:
      return Relu(sums, step.scale.data(), count, l.narrow.Write(y) + at);
    case NetworkStep::kStream: {
      int16_t* const to = l.narrow.Write(y) + at;
      if (l.wide.height() == 0) return Stream(sums, step.scale.data(), count, step.narrow, to);
      const ActivationRows* entry = step.residual < 0 ? nullptr : &layers_[static_cast<size_t>(step.residual) + 1].wide;
      return WideStream(sums, step.scale.data(), count, step.narrow, entry == nullptr ? nullptr : entry->At(y) + at,
                        l.wide.Write(y) + at, to);
    }
    case NetworkStep::kLast:
      return Scale(sums, step.scale.data(), count, floats_.data() + last);
    case NetworkStep::kStored: {
      int16_t* const to = l.narrow.Write(y) + at;
      for (int i = 0; i < count; ++i) {
        const int64_t v = Requantise(sums[i], step.multiplier[static_cast<size_t>(i)], step.shift);
        to[i] = static_cast<int16_t>(std::min<int64_t>(std::max<int64_t>(v, 0), 255));
      }
      return;
    }
    case NetworkStep::kStoredLast:
      for (int i = 0; i < count; ++i) {
        integers_[last + static_cast<size_t>(i)] =
            Requantise(sums[i], step.multiplier[static_cast<size_t>(i)], step.shift);
      }
      return;
  }
}

size_t NetworkRun::NextRow() {
  const int y = next_++, rows = network_.steps().back().convolution.out_step();
  Require(layers_.size() - 1, y + 1);
  return static_cast<size_t>(y % rows) * static_cast<size_t>(layers_.back().width) *
         static_cast<size_t>(layers_.back().channels);
}

}  // namespace aecomp_portable
