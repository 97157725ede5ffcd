#include "model/integer/integer_network_runner.h"

#include <algorithm>

#include "io/first_exception.h"
#include "model/integer/integer_epilogues.h"

namespace aecomp {

using Sums = IntegerConv::Sums;

IntegerNetworkRunner::IntegerNetworkRunner(const IntegerNetwork& network, int h, int w)
    : steps_(CompileSteps(network, h, w)), most_results_(static_cast<size_t>(output().size())) {
  for (size_t i = 0; i < steps_.size(); ++i) {
    size_t& size = input_sizes_[i % 2];
    size = std::max(size, static_cast<size_t>(steps_[i].conv.padded().size()));
  }
  PlaceStreams();
}

/// A step may write over the stream that it reads: element by element.
void IntegerNetworkRunner::PlaceStreams() {
  std::vector<size_t> last_use(steps_.size(), 0), free_from;
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].step.residual >= 0) last_use[static_cast<size_t>(steps_[i].step.residual)] = i;
  }
  stream_of_.assign(steps_.size(), -1);
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (last_use[i] == 0) continue;
    size_t s = 0;
    while (s < free_from.size() && free_from[s] > i) ++s;
    if (s == free_from.size()) free_from.push_back(0), stream_sizes_.push_back(0);
    free_from[s] = last_use[i];
    stream_sizes_[s] = std::max(stream_sizes_[s], static_cast<size_t>(steps_[i].conv.output().size()));
    stream_of_[i] = static_cast<int>(s);
  }
}

void IntegerNetworkRunner::SetSize(int h, int w) {
  Shape shape{1, 0, h, w};
  for (CompiledStep& c : steps_) {
    c.conv.SetSize(shape.h, shape.w);
    shape = c.conv.output();
  }
}

void IntegerNetworkRunner::Reserve() {
  if (inputs_[0].size() > 0) return;
  for (size_t i = 0; i < inputs_.size(); ++i) inputs_[i] = AlignedBuffer<uint8_t>(input_sizes_[i]);
  for (const size_t size : stream_sizes_) streams_.emplace_back(size);
}

void IntegerNetworkRunner::Release() {
  inputs_ = {};
  streams_.clear();
  result_ = {};
}

/// The int16 of a step; null where nobody reads them.
int16_t* IntegerNetworkRunner::Wide(int step) {
  const int stream = step >= 0 ? stream_of_[static_cast<size_t>(step)] : -1;
  return stream >= 0 ? streams_[static_cast<size_t>(stream)].data() : nullptr;
}

/// All steps but the last one.
void IntegerNetworkRunner::RunSteps(const FillInput& fill) {
  Reserve();
  const IntegerConv& first = steps_[0].conv;
  const Shape& padded = first.padded();
  uint8_t* const inside = inputs_[0].data() + (int64_t{first.padding()} * padded.w + first.padding()) * padded.c;
  FirstException exception;
#pragma omp parallel for schedule(static)
  for (int y = 0; y < first.input().h; ++y) {
    exception.Guard([&] { fill(y, inside + int64_t{y} * padded.w * padded.c); });
  }
  exception.Rethrow();
  first.FillBorder(inputs_[0].data());
  for (size_t i = 0; i + 1 < steps_.size(); ++i) RunStep(i);
}

void IntegerNetworkRunner::RunStep(size_t i) {
  CompiledStep& c = steps_[i];
  const int64_t channels = c.step.layer.out, width = c.conv.output().w;
  int16_t* const wide = Wide(static_cast<int>(i));
  const int16_t* const residual = Wide(c.step.residual);
  const IntegerConv& next = steps_[i + 1].conv;
  uint8_t* const target = inputs_[(i + 1) % 2].data();
  next.FillBorder(target);
  const int64_t margin = next.padding(), row = next.padded().w;
  c.conv.RunPadded(inputs_[i % 2].data(), [&](const Sums& sums) {
    const int64_t place = (sums.y * width + sums.x) * channels;
    uint8_t* narrow = target + ((sums.y + margin) * row + sums.x + margin) * channels;
    StoreSums(c.step, sums, c.scale.data(),
              {narrow, wide != nullptr ? wide + place : nullptr, residual != nullptr ? residual + place : nullptr});
  });
}

/// An area of the last step.
void IntegerNetworkRunner::Finish(const IntegerConv::Area& area, const TakeSums& last) {
  CompiledStep& c = steps_.back();
  const uint8_t* x = inputs_[(steps_.size() - 1) % 2].data();
  c.conv.RunPadded(x, area, [&](const Sums& sums) { last(sums, c.scale.data()); });
}

void IntegerNetworkRunner::Run(const FillInput& fill, const NextArea& next, const TakeSums& last) {
  RunSteps(fill);
  for (IntegerConv::Area area{}; next(&area);) {
    if (area.top < area.bottom) Finish(area, last);
  }
}

void IntegerNetworkRunner::Run(const FillInput& fill, const IntegerConv::Area& area, const TakeSums& last) {
  RunSteps(fill);
  Finish(area, last);
}

float* IntegerNetworkRunner::Run(const FillInput& fill) {
  const Shape& shape = output();
  if (result_.size() == 0) result_ = AlignedBuffer<float>(most_results_);
  float* const to = result_.data();
  Run(fill, {0, shape.h, 0, shape.w}, [&](const Sums& sums, const float* scale) {
    StoreFloats(sums, scale, to + (int64_t{sums.y} * shape.w + sums.x) * shape.c);
  });
  return to;
}

}  // namespace aecomp
