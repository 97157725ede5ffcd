// Runs an integer network band by band of rows, so that the activations between two steps take little memory and stay
// in the cache. Every step runs as far as its input reaches, in whole strips, and drops the input rows that it needs
// no longer.
//
// Memory of the input of a step, in rows with their padding, while it runs ('first', 'ready', 'done': see Progress):
//
//       rows that are gone       rows in memory                        rows to come
//     |.......................|======================================|- - - - - - - - - -|
//     0                     first                                  ready          input height + padding
//
//     '--- output rows up to done are computed ---'                     then: first moves to done * stride, rows from
//                                                                       there to ready move to the front of the memory
//
// The int16 outputs of a step that a later step adds lie in a ring: row y is at y % wide_rows until that later step has
// read it. The constructor counts how many rows both memories need by going through all bands without computing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/base/tensor.h"
#include "model/integer/compiled_steps.h"
#include "model/integer/integer_network.h"

namespace aecomp {

/// Compiled for one input size. Not thread-safe.
class IntegerBandRunner {
 public:
  /// Whether it can run this network: only where no step is a transposed convolution.
  static bool Suits(const IntegerNetwork& network);

  /// `network` must suit, and outlive this. May throw dnnl::error or std::bad_alloc.
  IntegerBandRunner(const IntegerNetwork& network, int h, int w);

  const Shape& output() const { return steps_.back().conv.output(); }

  /// Hands the sums of `area` of the output to `last`.
  void Run(const FillInput& fill, const IntegerConv::Area& area, const TakeSums& last);

  /// Frees the memory of the runs. The next run allocates it again.
  void Release();

 private:
  /// Of a step: the number of finished output rows, of padded input rows that are ready, and the first one in memory.
  struct Progress {
    int done = 0, ready = 0, first = 0;
  };
  /// What a step reads [rows, padded w, in], and its int16 [wide_rows, w', out].
  struct Memory {
    int rows = 0, wide_rows = 0;
    AlignedBuffer<uint8_t> input;
    AlignedBuffer<int16_t> wide;
  };

  template <class Feed, class Step, class Forget>
  void ForEachBand(Feed feed, Step step, Forget forget);
  void Measure(size_t i, int end);
  void Reserve();
  void RunStep(size_t i, int end, const IntegerConv::Area& area, const TakeSums& last);
  void FillColumns(size_t i);
  void FillRows(size_t i, int begin, int end);
  int64_t RowBytes(size_t i) const;
  uint8_t* Row(size_t i, int y);
  uint8_t* Inside(size_t i, int y);
  int16_t* Wide(int step, int y, int x);

  std::vector<CompiledStep> steps_;
  std::vector<Memory> memory_;
  std::vector<Progress> progress_;
};

}  // namespace aecomp
