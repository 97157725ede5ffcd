// Between samples of an image and the numbers that networks see.
#pragma once

namespace aecomp {

/// What 0 and 1 of the network are in samples.
struct SampleRange {
  float low = 0, high = 255;

  bool Holds(int sample) const { return low <= static_cast<float>(sample) && static_cast<float>(sample) <= high; }
};

/// The network's output (-1/2 .. 1/2) as a sample, rounded and clamped.
template <class Sample>
class ToSample {
 public:
  explicit ToSample(const SampleRange& range) : low_(range.low), high_(range.high), scale_(range.high - range.low) {}
  Sample operator()(float v) const {
    v = (v + 0.5f) * scale_ + low_;
    v = v > low_ ? v : low_;  // also NaN
    return static_cast<Sample>((v < high_ ? v : high_) + 0.5f);
  }

 private:
  float low_, high_, scale_;
};

}  // namespace aecomp
