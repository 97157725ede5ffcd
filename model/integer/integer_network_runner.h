// Runs an integer network over whole images: every step is finished before the next one begins. A step writes its
// output straight into the padded input of the next step, so that two buffers serve all steps in turns.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "model/base/tensor.h"
#include "model/integer/compiled_steps.h"
#include "model/integer/integer_network.h"

namespace aecomp {

/// Compiled for one input size and smaller ones. Not thread-safe.
class IntegerNetworkRunner {
 public:
  /// `network` must outlive this. May throw dnnl::error or std::bad_alloc.
  IntegerNetworkRunner(const IntegerNetwork& network, int h, int w);

  /// See IntegerConv::SetSize.
  void SetSize(int h, int w);

  const Shape& output() const { return steps_.back().conv.output(); }

  /// Sums times scale [h', w', C'], valid until the next call.
  float* Run(const FillInput& fill);

  /// Hands the sums of the last step to `last`, area by area of the output. next(&area) returns false when all areas
  /// are done, else sets the next one; an area whose bottom is not below its top is skipped. The calling thread calls
  /// `next`, so that it can do work of its own between two areas.
  using NextArea = std::function<bool(IntegerConv::Area* area)>;
  void Run(const FillInput& fill, const NextArea& next, const TakeSums& last);
  /// The same for one area.
  void Run(const FillInput& fill, const IntegerConv::Area& area, const TakeSums& last);

  /// Frees the memory of the runs. The next run allocates it again.
  void Release();

 private:
  void PlaceStreams();
  void Reserve();
  void RunSteps(const FillInput& fill);
  void RunStep(size_t i);
  void Finish(const IntegerConv::Area& area, const TakeSums& last);
  int16_t* Wide(int step);

  std::vector<CompiledStep> steps_;
  // For each step, the index in streams_ of its int16 [h', w', out]; -1: no step reads them.
  std::vector<int> stream_of_;
  std::array<size_t, 2> input_sizes_{};
  std::vector<size_t> stream_sizes_;
  size_t most_results_ = 0;
  // Memory of a run, kept for the next one.
  std::array<AlignedBuffer<uint8_t>, 2> inputs_;  // of the steps, in turns, with their padding
  std::vector<AlignedBuffer<int16_t>> streams_;
  AlignedBuffer<float> result_;
};

}  // namespace aecomp
