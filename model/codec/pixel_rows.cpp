#include "model/codec/pixel_rows.h"

#include <algorithm>

#include "model/base/multiversion.h"

namespace aecomp {
namespace {

inline void AddRepeat(const int32_t* acc, const int32_t* bias, const float* scale, int width, const float* also,
                      float* to) {
#pragma GCC ivdep  // to may be also
  for (int c = 0; c < width; ++c) to[c] = static_cast<float>(acc[c] + bias[c]) * scale[c] + also[c];
}

template <class Sample>
inline void ToSamples(const float* x, int64_t count, const SampleRange& range, Sample* to) {
  const ToSample<Sample> to_sample(range);
  for (int64_t i = 0; i < count; ++i) to[i] = to_sample(x[i]);
}

AECOMP_MULTIVERSION
void Store(const float* x, int64_t count, const SampleRange range, uint8_t* to) { ToSamples(x, count, range, to); }

AECOMP_MULTIVERSION
void Store(const float* x, int64_t count, const SampleRange range, uint16_t* to) { ToSamples(x, count, range, to); }

/// The means of the channels of x [count, channels].
template <class Sample>
void StoreMeans(const float* x, int64_t count, int channels, const SampleRange& range, Sample* to) {
  const ToSample<Sample> to_sample(range);
  for (int64_t i = 0; i < count; ++i, x += channels) {
    float sum = 0;
    for (int k = 0; k < channels; ++k) sum += x[k];
    to[i] = to_sample(sum / static_cast<float>(channels));
  }
}

/// x: [count, channels], as one sample each of the image.
template <class Sample>
void StoreSamples(const float* x, int64_t count, int channels, const SampleRange& range, Sample* to) {
  channels == 1 ? Store(x, count, range, to) : StoreMeans(x, count, channels, range, to);
}

template <class Sample, class To, class Convert>
inline void ConvertSamples(const Sample* from, int64_t count, To* to, Convert convert) {
  for (int64_t i = 0; i < count; ++i) to[i] = convert(from[i]);
}

/// As x - 1/2.
struct ToCentred {
  explicit ToCentred(const SampleRange& range) : low(range.low), width(range.high - range.low) {}
  float operator()(float sample) const { return (sample - low) / width - 0.5f; }
  float low, width;
};

AECOMP_MULTIVERSION
void Load(const uint8_t* from, int64_t count, const SampleRange range, float* to) {
  ConvertSamples(from, count, to, ToCentred(range));
}

AECOMP_MULTIVERSION
void Load(const uint16_t* from, int64_t count, const SampleRange range, float* to) {
  ConvertSamples(from, count, to, ToCentred(range));
}

void Load(const uint8_t* from, int64_t count, const SampleRange&, uint8_t* to) { std::copy_n(from, count, to); }

template <class Sample, class To>
void FillRow(const Image& image, const SampleRange& range, int row, int column, const Shape& shape, To* to) {
  const int inside = std::clamp(image.width - column, 1, shape.w);
  const auto* from = reinterpret_cast<const Sample*>(image.Row(std::min(row, image.height - 1))) +
                     int64_t{std::min(column, image.width - 1)} * image.channels;
  Load(from, int64_t{inside} * image.channels, range, to);
  if (image.channels < shape.c) {  // gray: spread, from the last on
    for (int64_t x = inside - 1; x >= 0; --x) std::fill_n(to + x * shape.c, shape.c, to[x]);
  }
  to += int64_t{inside} * shape.c;
  for (int x = inside; x < shape.w; ++x, to += shape.c) std::copy_n(to - shape.c, shape.c, to);
}

}  // namespace

void FillFloats(const Image& image, const SampleRange& range, int row, int column, const Shape& shape, float* to) {
  image.bits == 8 ? FillRow<uint8_t>(image, range, row, column, shape, to)
                  : FillRow<uint16_t>(image, range, row, column, shape, to);
}

void FillBytes(const Image& image, int row, int column, const Shape& shape, uint8_t* to) {
  FillRow<uint8_t>(image, {}, row, column, shape, to);
}

AECOMP_MULTIVERSION
void AddSums(const IntegerConv::Sums sums, const float* scale, const float* also, float* to) {
  const int32_t *acc = sums.acc, *bias = sums.bias;
  const int repeats = sums.repeats, width = sums.width;
  const int64_t stride = sums.stride;
  for (int r = 0; r < repeats; ++r, acc += stride, also += width, to += width) {
    if (width == 12) {  // four RGB pixels
      AddRepeat(acc, bias, scale, 12, also, to);
    } else {
      AddRepeat(acc, bias, scale, width, also, to);
    }
  }
}

void StorePixels(const float* x, int count, int channels, int row, int column, const SampleRange& range, Image& image) {
  const int inside = std::min(count, image.width - column);
  if (row >= image.height || inside <= 0) return;
  const int group = channels / image.channels;  // samples of the network for one of the image
  const int64_t size = int64_t{inside} * image.channels, at = int64_t{column} * image.channels;
  image.bits == 8 ? StoreSamples(x, size, group, range, image.Row(row) + at)
                  : StoreSamples(x, size, group, range, reinterpret_cast<uint16_t*>(image.Row(row)) + at);
}

}  // namespace aecomp
