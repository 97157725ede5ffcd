#include "model/integer/integer_conv.h"

#include <algorithm>
#include <cstring>

#include "io/first_exception.h"
#include "model/base/multiversion.h"
#include "model/base/onednn.h"

namespace aecomp {

constexpr int64_t kStripSums = 1 << 18;           // 1 MiB
constexpr int kShortStrip = 16, kLongStrip = 32;  // rows; inputs that have fewer take as long
constexpr int kVector = 64;                       // bytes: channels that an epilogue can turn into bytes at a time

// With P = p + padding = stride*a + r for output position p of a transposed convolution, and taps t: out = sum over t
// of x[a - t] * w[stride*t + r]: a convolution with K = ceil(kernel/stride) taps over positions a of an input that is
// padded by K-1 on both sides. Deep channel: (r of the row, r of the column, out).
//
// The convolution runs over strips of rows whose sums stay in the cache until they have been used. All strips have one
// size: the last one begins earlier and repeats some rows.
struct IntegerConv::Impl {
  const IntegerLayer& layer;
  Shape input, output;                // see SetSize
  int taps, padding, phases, stride;  // of the convolution that runs
  Shape padded, grid;                 // its input and its output [1, phases*phases*out, ..]; widths never change
  int strip;                          // rows of the grid that run at a time
  int merged = 1;                     // pixels, of few channels, whose sums are handed out as if they were one
  int zero_point;
  int64_t most;              // elements of the largest padded input
  AlignedBuffer<uint8_t> x;  // [padded.h, padded.w, in]; made when an input comes without its padding
  AlignedBuffer<int8_t> weights;
  std::vector<int32_t> bias;  // [merged, grid.c]: minus what the zero point adds
  onednn::Op op;

  Impl(const IntegerLayer& l, int h, int w, int zero);
  void SetSize(int h, int w);
  const int8_t* DeepWeights(int deep, int a, int b) const;
  void MakeConvolution();
  void FillBorder(uint8_t* to) const;
  void Pad(const uint8_t* source, uint8_t* to) const;
  const uint8_t* Padded(const uint8_t* source);
  const int32_t* Accumulate(const uint8_t* rows);

  /// Calls f(Sums) until it has seen every output in the area.
  template <class F>
  void ForEachSums(const uint8_t* source, const Area& area, F f) {
    // A row of the grid has the sums of `phases` rows of the output.
    const int begin = (area.top + OutputShift()) / phases, end = (area.bottom + OutputShift() - 1) / phases + 1;
    for (int done = begin; done < end; done += strip) {
      const int first = std::max(0, std::min(done, grid.h - strip));  // row of the grid in the first row of sums
      const int32_t* sums = Accumulate(source + int64_t{first} * stride * padded.w * padded.c);
      const int top = std::max(area.top, done * phases - OutputShift());
      const int bottom = std::min(area.bottom, (done + strip) * phases - OutputShift());
      FirstException exception;
#pragma omp parallel for schedule(static)
      for (int y = top; y < bottom; ++y) exception.Guard([&] { ForRow(y, sums, first, area.left, area.right, f); });
      exception.Rethrow();
    }
  }

  template <class F>
  void ForEachSumsOfRows(const uint8_t* rows, int first, const Area& area, F f) {
    for (int done = area.top; done < area.bottom; done += strip) {
      const int32_t* sums = Accumulate(rows + (int64_t{done} * stride - first) * padded.w * padded.c);
      const int bottom = std::min(area.bottom, done + strip);
      FirstException exception;
#pragma omp parallel for schedule(static)
      for (int y = done; y < bottom; ++y) exception.Guard([&] { ForRow(y, sums, done, area.left, area.right, f); });
      exception.Rethrow();
    }
  }

  Area All() const { return {0, output.h, 0, output.w}; }
  int OutputShift() const { return layer.transposed ? layer.padding : 0; }

  template <class F>
  void ForRow(int y, const int32_t* strip_sums, int first, int left, int right, F f) const {
    const int row = y + OutputShift();
    const int32_t* sums = strip_sums + int64_t{row / phases - first} * grid.w * grid.c;
    for (int count; left < right; left += count) {
      const int column = left + OutputShift(), phase = column % phases;
      // Whole columns of the grid at once, but for those that an end cuts.
      const int columns = phase == 0 ? std::max(1, (right - left) / phases) : 1;
      const int group = columns >= merged ? merged : 1, repeats = columns / group;
      const int pixels = columns > 1 ? phases * group : std::min(phases - phase, right - left);
      count = repeats * pixels;
      const int64_t at = int64_t{row % phases * phases + phase} * layer.out;
      f(Sums{y, left, repeats, pixels * layer.out, int64_t{group} * grid.c,
             sums + int64_t{column / phases} * grid.c + at, bias.data() + at});
    }
  }

  /// Calls f(output pixel index, sums [out], biases [out]) for every output pixel of an input without padding.
  template <class F>
  void ForEachPixel(const uint8_t* source, F f) {
    const auto visit = [&](const Sums& s) {
      int64_t pixel = int64_t{s.y} * output.w + s.x;
      for (int r = 0; r < s.repeats; ++r) {
        for (int k = 0; k < s.width; k += layer.out) f(pixel++, s.acc + r * s.stride + k, s.bias + k);
      }
    };
    ForEachSums(Padded(source), All(), visit);
  }
};

IntegerConv::Impl::Impl(const IntegerLayer& l, int h, int w, int zero) : layer(l), zero_point(zero) {
  taps = l.transposed ? (l.kernel + l.stride - 1) / l.stride : l.kernel;
  padding = l.transposed ? taps - 1 : l.padding;
  phases = l.transposed ? l.stride : 1;
  if (phases == 1 && kVector % l.out == 0) merged = kVector / l.out;
  stride = l.transposed ? 1 : l.stride;
  padded.w = w + 2 * padding;
  grid = {1, phases * phases * l.out, 0, (padded.w - taps) / stride + 1};
  SetSize(h, w);
  most = padded.size();
  const int64_t row = int64_t{grid.w} * grid.c;
  strip = static_cast<int>(
      std::clamp<int64_t>(kStripSums / row, 1, std::min(grid.h, std::clamp(grid.h / 8, kShortStrip, kLongStrip))));
  MakeConvolution();
}

void IntegerConv::Impl::SetSize(int h, int w) {
  input = {1, layer.in, h, w};
  output = layer.OutputShape(input);
  padded = {1, layer.in, h + 2 * padding, padded.w};
  grid.h = (padded.h - taps) / stride + 1;
}

/// [in]; null where a transposed kernel has no such tap.
const int8_t* IntegerConv::Impl::DeepWeights(int deep, int a, int b) const {
  const int o = deep % layer.out, phase = deep / layer.out;
  int row = a, column = b;
  if (layer.transposed) {
    row = layer.stride * (taps - 1 - a) + phase / phases;
    column = layer.stride * (taps - 1 - b) + phase % phases;
    if (row >= layer.kernel || column >= layer.kernel) return nullptr;
  }
  return layer.weight.data() + ((int64_t{o} * layer.kernel + row) * layer.kernel + column) * layer.in;
}

void IntegerConv::Impl::MakeConvolution() {
  using onednn::Tag;
  using onednn::Type;
  onednn::ConvProblem p;
  const dnnl::memory::dims dims = {grid.c, layer.in, taps, taps};
  Shape source = padded, sums = grid;
  source.h = (strip - 1) * stride + taps, sums.h = strip;
  p.src = onednn::ActivationDesc(source, Type::u8);
  p.dst = onednn::ActivationDesc(sums, Type::s32);
  p.weights = dnnl::memory::desc(dims, Type::s8, Tag::any);
  p.strides = {stride, stride};
  p.padding_low = p.padding_high = {0, 0};
  const auto pd = onednn::ConvForward(p, onednn::UserScratchpad());
  op = onednn::MakeOp<dnnl::convolution_forward>(pd);
  op.Bind(DNNL_ARG_SRC, p.src);
  op.Bind(DNNL_ARG_WEIGHTS, pd.weights_desc());
  op.Bind(DNNL_ARG_DST, p.dst);

  std::vector<int8_t> plain(static_cast<size_t>(int64_t{grid.c} * taps * taps * layer.in));  // [grid.c, taps, taps, in]
  bias.resize(static_cast<size_t>(grid.c));
  int8_t* to = plain.data();
  for (int o = 0; o < grid.c; ++o) {
    int32_t sum = 0;
    for (int a = 0; a < taps; ++a) {
      for (int b = 0; b < taps; ++b, to += layer.in) {
        const int8_t* from = DeepWeights(o, a, b);
        if (from == nullptr) continue;
        for (int i = 0; i < layer.in; ++i) to[i] = from[i], sum += from[i];
      }
    }
    bias[static_cast<size_t>(o)] = layer.bias[static_cast<size_t>(o % layer.out)] - zero_point * sum;
  }
  for (size_t i = 0, more = bias.size() * static_cast<size_t>(merged - 1); i < more; ++i) bias.push_back(bias[i]);
  weights = AlignedBuffer<int8_t>(pd.weights_desc().get_size());
  onednn::Reorder({dims, Type::s8, Tag::ohwi}, plain.data(), pd.weights_desc(), weights.data());
}

void IntegerConv::Impl::FillBorder(uint8_t* to) const {
  const auto bytes = [&](int64_t pixels) { return static_cast<size_t>(pixels * padded.c); };
#pragma omp parallel for schedule(static)  // whoever touches a huge page first waits until the kernel has cleared it
  for (int y = 0; y < padded.h; ++y) {
    uint8_t* row = to + bytes(int64_t{y} * padded.w);
    if (y < padding || y >= padding + input.h) {
      std::memset(row, zero_point, bytes(input.w + 2 * padding));
    } else {
      std::memset(row, zero_point, bytes(padding));
      std::memset(row + bytes(padding + input.w), zero_point, bytes(padding));
    }
  }
}

void IntegerConv::Impl::Pad(const uint8_t* source, uint8_t* to) const {
  FillBorder(to);
  const int64_t row_bytes = int64_t{input.w} * input.c;
#pragma omp parallel for schedule(static)
  for (int y = 0; y < input.h; ++y) {
    std::memcpy(to + (int64_t{y + padding} * padded.w + padding) * input.c, source + y * row_bytes,
                static_cast<size_t>(row_bytes));
  }
}

const uint8_t* IntegerConv::Impl::Padded(const uint8_t* source) {
  if (padding == 0 && padded.w == input.w && grid.h >= strip) return source;  // fewer rows than are read otherwise
  if (x.size() == 0) x = AlignedBuffer<uint8_t>(static_cast<size_t>(most));
  Pad(source, x.data());
  return x.data();
}

/// The sums of one strip [strip, grid.w, grid.c], until the calling thread runs the next. All convolutions that a
/// thread runs put them into the same memory, which so stays in the cache and is cleared by the kernel only once.
const int32_t* IntegerConv::Impl::Accumulate(const uint8_t* rows) {
  thread_local AlignedBuffer<int32_t> sums;
  const auto size = static_cast<size_t>(int64_t{strip} * grid.w * grid.c);
  if (sums.size() < size) sums = AlignedBuffer<int32_t>(size);
  op.Set(DNNL_ARG_SRC, rows);
  op.Set(DNNL_ARG_WEIGHTS, weights.data());
  op.Set(DNNL_ARG_DST, sums.data());
  op.Run();
  return sums.data();
}

IntegerConv::IntegerConv(const IntegerLayer& layer, int h, int w, int zero_point)
    : impl_(std::make_unique<Impl>(layer, h, w, zero_point)) {}
IntegerConv::~IntegerConv() = default;
IntegerConv::IntegerConv(IntegerConv&&) noexcept = default;

void IntegerConv::SetSize(int h, int w) { impl_->SetSize(h, w); }

const Shape& IntegerConv::input() const { return impl_->input; }
const Shape& IntegerConv::output() const { return impl_->output; }

const Shape& IntegerConv::padded() const { return impl_->padded; }
int IntegerConv::padding() const { return impl_->padding; }
int IntegerConv::most_pixels() const { return impl_->phases * impl_->merged; }
void IntegerConv::FillBorder(uint8_t* padded) const { impl_->FillBorder(padded); }
void IntegerConv::RunPadded(const uint8_t* padded, const Epilogue& epilogue) {
  impl_->ForEachSums(padded, impl_->All(), epilogue);
}
void IntegerConv::RunPadded(const uint8_t* padded, const Area& area, const Epilogue& epilogue) {
  impl_->ForEachSums(padded, area, epilogue);
}

int IntegerConv::strip() const { return impl_->strip; }
int IntegerConv::stride() const { return impl_->stride; }
int IntegerConv::taps() const { return impl_->taps; }
void IntegerConv::RunRows(const uint8_t* rows, int first, const Area& area, const Epilogue& epilogue) {
  impl_->ForEachSumsOfRows(rows, first, area, epilogue);
}
int IntegerConv::ReadEnd(int top, int bottom) const {
  const int strips = (bottom - top + impl_->strip - 1) / impl_->strip;
  return (top + strips * impl_->strip - 1) * impl_->stride + impl_->taps;
}

namespace {

AECOMP_MULTIVERSION
void PixelToU8(const int32_t* acc, const int32_t* bias, const int32_t* multiplier, int shift, int out, uint8_t* y) {
  for (int c = 0; c < out; ++c) y[c] = ClampToU8(Requantise(acc[c] + bias[c], multiplier[c], shift));
}

AECOMP_MULTIVERSION
void PixelToRows(const int32_t* acc, const int32_t* bias, const int32_t* multiplier, int shift, int out,
                 const int32_t* offset, int max_row, uint8_t* rows) {
  for (int c = 0; c < out; ++c) {
    const int64_t row = (Requantise(acc[c] + bias[c], multiplier[c], shift) + offset[c] + 128) >> 8;
    const int64_t low = row > 0 ? row : 0;
    rows[c] = static_cast<uint8_t>(low < max_row ? low : max_row);
  }
}

}  // namespace

void IntegerConv::RunToU8(const uint8_t* x, uint8_t* y) {
  const int out = impl_->layer.out, shift = impl_->layer.shift;
  const int32_t* multiplier = impl_->layer.multiplier.data();
  impl_->ForEachPixel(x, [&](int64_t pixel, const int32_t* acc, const int32_t* bias) {
    PixelToU8(acc, bias, multiplier, shift, out, y + pixel * out);
  });
}

void IntegerConv::RunToRows(const uint8_t* x, const int32_t* offset, int max_row, uint8_t* rows) {
  const int out = impl_->layer.out, shift = impl_->layer.shift;
  const int32_t* multiplier = impl_->layer.multiplier.data();
  impl_->ForEachPixel(x, [&](int64_t pixel, const int32_t* acc, const int32_t* bias) {
    PixelToRows(acc, bias, multiplier, shift, out, offset, max_row, rows + pixel * out);
  });
}

void IntegerConv::RunToRows(const uint8_t* x, const int32_t* offset, const ChooseOffset& choose, int max_row,
                            uint8_t* rows) {
  const int out = impl_->layer.out, shift = impl_->layer.shift;
  const int32_t* multiplier = impl_->layer.multiplier.data();
  impl_->ForEachPixel(x, [&](int64_t pixel, const int32_t* acc, const int32_t* bias) {
    uint8_t* to = rows + pixel * out;
    PixelToRows(acc, bias, multiplier, shift, out, offset, max_row, to);
    PixelToRows(acc, bias, multiplier, shift, out, choose(pixel, to), max_row, to);
  });
}

void IntegerConv::RunToAccumulators(const uint8_t* x, int32_t* result) {
  const int out = impl_->layer.out;
  impl_->ForEachPixel(x, [&](int64_t pixel, const int32_t* acc, const int32_t* bias) {
    for (int c = 0; c < out; ++c) result[pixel * out + c] = acc[c] + bias[c];
  });
}

}  // namespace aecomp
