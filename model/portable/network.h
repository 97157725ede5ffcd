// Chains of integer convolutions: those that a model file stores, and "Integer networks" of model/CODING.md, which are
// made from f16 weights. They run row by row: every step keeps the few rows that the steps after it still need.
#pragma once

#include <functional>

#include "model/portable/convolution.h"
#include "model/portable/weights.h"

namespace aecomp_portable {

struct NetworkStep {
  enum Output {
    kRelu,    ///< u8 with zero point 0
    kStream,  ///< int16 and u8 with zero point 128
    kLast,    ///< the sums times their scale, in f32
    kStored,  ///< u8 with zero point 0, by a stored multiplier and shift
    kStoredLast
  };
  std::string name;
  ConvolutionShape shape;
  Output output = kStream;
  int residual = -1;  ///< step to whose stream it adds; -1: none
  Convolution convolution;
  float narrow = 1;          ///< from the int16 of a stream to its u8
  std::vector<float> scale;  ///< of the channels, out_step() times one after the other
  std::vector<int64_t> multiplier;
  int shift = 1;
};

class Network {
 public:
  /// What the first convolution reads: (u - zero) * scale, each channel times its worth (none: 1).
  struct Input {
    double scale = 1;
    int zero = 128;
    std::vector<float> worth;
  };
  Status Make(const Json& layers, const Weights& weights, const std::vector<float>& ranges, const Input& input);
  /// Of tensors named integer.LAYER.what. open_end: the last one is no relu.
  Status MakeStored(const Json& layers, const Weights& weights, int zero, bool open_end);

  const std::vector<NetworkStep>& steps() const { return steps_; }
  int in() const { return steps_.front().shape.in; }
  int out() const { return steps_.back().shape.out; }
  /// Rows that it makes of n rows; 0: none, or more than 64 for each.
  int Size(int n) const;

 private:
  Status Quantise(NetworkStep& step, const Weights& weights, const Input& input, double out_scale);
  Status CheckChannels() const;
  std::vector<NetworkStep> steps_;
};

/// One run of a network over h x w positions.
class NetworkRun {
 public:
  /// Writes row y of the input, [w, in], each less its zero point.
  using Fill = std::function<void(int y, int16_t* row)>;
  NetworkRun(const Network& network, int h, int w, Fill fill);

  /// The rows of the output, one after the other; [width, out]. Of a network that was made by Make.
  const float* NextFloats() { return floats_.data() + NextRow(); }
  /// Of one that was made by MakeStored.
  const int64_t* NextIntegers() { return integers_.data() + NextRow(); }

 private:
  struct Layer {
    int height = 0, width = 0, channels = 0;
    int capacity = 1, steps = 0, rows = 0;  ///< rows that are kept; steps done; rows made
    ActivationRows narrow, wide;
  };
  size_t NextRow();
  void Require(size_t layer, int end);
  void Advance(size_t layer);
  void Use(size_t layer, int first);
  void Take(size_t s, int y, int x, const int32_t* sums, int count);
  void Plan();

  const Network& network_;
  Fill fill_;
  std::vector<Layer> layers_;  ///< the input, then the output of every step
  bool planning_ = true;
  int next_ = 0;
  std::vector<float> floats_;
  std::vector<int64_t> integers_;
};

}  // namespace aecomp_portable
