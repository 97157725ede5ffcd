#include "model/codec/window_transform.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "model/base/exact_math.h"
#include "model/base/multiversion.h"
#include "model/entropy/entropy_parameters.h"
#include "model/network/receptive_field.h"

namespace aecomp {
namespace {

constexpr size_t kMostCompiled = 2;
constexpr int kBand = 8;  // rows of y of the decoder's block path at a time: its f32 pixels then take little memory
constexpr int kUnlimited = std::numeric_limits<int>::max();  // the halo of a network that sees its whole input

/// What the deep path of the decoder reads of every latent.
std::vector<uint8_t> CompandedLatents(const IntegerTransforms& t) {
  const float scale = t.decoder_parts.compand, inverse = static_cast<float>(1 / t.decoder_input.scale);
  std::vector<uint8_t> table;
  for (int latent = -32768; latent < 32768; ++latent) {
    const float y = static_cast<float>(latent) * kLatentUnit;
    const float v = (scale > 0 ? Compand(scale * y) : y) * inverse;
    table.push_back(static_cast<uint8_t>(static_cast<int32_t>(std::clamp(v, -128.f, 127.f) + 128.5f)));
  }
  return table;
}

}  // namespace

WindowTransform::WindowTransform(Model& model, bool integer, int max_window)
    : model_(model),
      integer_(integer && model.integer != nullptr),
      max_window_(max_window),
      encoder_halo_(EncoderHalo(model.architecture).value_or(kUnlimited)),
      decoder_halo_(DecoderHalo(model.architecture).value_or(kUnlimited)) {}

Status WindowTransform::PrepareAnalysis(const TileGrid& grid) {
  return Encoder(EncoderInput(SizeFor(grid.coded.rows, grid.coded.columns, encoder_halo_)), integer_).status();
}

Status WindowTransform::PrepareSynthesis(const LatentPart& part) {
  return Decoder(DecoderInput(SizeFor(part.rows, part.columns, decoder_halo_))).status();
}

Status WindowTransform::Synthesise(const LatentPlane& y_hat, const LatentPart& part, const TileGrid&,
                                   const SampleRange& range, Image& image) {
  const int64_t stride = y_hat.row_stride();
  return y_hat.integer()
             ? Synthesise(y_hat.Integers(part.row, part.column), part.rows, part.columns, stride, range, image)
             : Synthesise(y_hat.Floats(part.row, part.column), part.rows, part.columns, stride, range, image);
}

WindowSize WindowTransform::SizeFor(int rows, int columns, int halo) const {
  if (halo >= std::max(rows, columns) / 4) return {rows, columns};
  // Where all of an image takes much memory, windows take less of it.
  const bool huge = int64_t{rows} * columns > int64_t{8} * max_window_;
  return ChooseWindowSize(rows, columns, halo, huge ? max_window_ / 2 : max_window_);
}

/// c.input_shape says for what; network: what runs in f32, else null.
Status WindowTransform::Compile(const Network* network, const IntegerNetwork* deep, Compiled& c) {
  if (network == nullptr) {
    c.integer = true;
    c.deep = std::make_unique<IntegerNetworkRunner>(*deep, c.input_shape.h, c.input_shape.w);
    c.output_shape = c.deep->output();
    return {};
  }
  auto made = Graph::Create(*network, c.input_shape, model_.parameters, Graph::Mode::kInference);
  if (!made.ok()) return ModelError(made.status().message());
  c.graph = std::move(made).value();
  c.output_shape = c.graph->output_shape();
  c.input = AlignedBuffer<float>(static_cast<size_t>(c.input_shape.size()));
  return {};
}

Shape WindowTransform::EncoderInput(const WindowSize& size) const {
  const int stride = model_.architecture.latent_stride;
  return {1, model_.architecture.image_channels, size.height * stride, size.width * stride};
}

Result<WindowTransform::Compiled*> WindowTransform::Encoder(const Shape& input, bool integer) {
  for (Compiled& c : encoders_) {
    if (c.input_shape == input && c.integer == integer) return &c;
  }
  if (encoders_.size() >= kMostCompiled) encoders_.erase(encoders_.begin());
  Compiled c;
  c.input_shape = input;
  AECOMP_RETURN_IF_ERROR(
      Compile(integer ? nullptr : &model_.architecture.encoder, integer ? &model_.integer->encoder : nullptr, c));
  if (integer) {
    const BlockAnalysis& blocks = model_.integer->encoder_blocks;
    if (blocks.block() != model_.architecture.latent_stride || blocks.outputs() != c.output_shape.c) {
      return ModelError("the paths of the encoder differ in shape");
    }
  }
  return &encoders_.emplace_back(std::move(c));
}

Result<WindowTransform::Compiled*> WindowTransform::Decoder(const Shape& input) {
  for (Compiled& c : decoders_) {
    if (c.input_shape == input) return &c;
  }
  if (decoders_.size() >= kMostCompiled) decoders_.erase(decoders_.begin());
  Compiled c;
  c.input_shape = input;
  AECOMP_RETURN_IF_ERROR(
      Compile(integer_ ? nullptr : &model_.architecture.decoder, integer_ ? &model_.integer->decoder : nullptr, c));
  if (integer_) {
    const IntegerBlocks& blocks = model_.integer->decoder_blocks;
    if (c.output_shape.c != blocks.channels() || c.output_shape.h != input.h * blocks.block()) {
      return ModelError("the paths of the decoder differ in shape");
    }
    Shape band = c.output_shape;
    band.h = (1 + kBand) * blocks.block();
    c.blocks = AlignedBuffer<float>(static_cast<size_t>(band.size()));
  }
  return &decoders_.emplace_back(std::move(c));
}

namespace {

using Sums = IntegerConv::Sums;

inline void AddRepeat(const int32_t* acc, const int32_t* bias, const float* scale, int width, const float* also,
                      float* to) {
#pragma GCC ivdep  // to may be also
  for (int c = 0; c < width; ++c) to[c] = static_cast<float>(acc[c] + bias[c]) * scale[c] + also[c];
}

/// also + sums times scale, one after the other as in `also`. `to` may be `also`.
AECOMP_MULTIVERSION
void AddSums(const Sums sums, const float* scale, const float* also, float* to) {
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

template <class Sample>
void StorePixels(const float* x, int64_t count, int channels, const SampleRange& range, Sample* to) {
  channels == 1 ? Store(x, count, range, to) : StoreMeans(x, count, channels, range, to);
}

/// `count` pixels x [count, channels] into the image from (row, column) on; those outside of it are left out.
void StorePixels(const float* x, int count, int channels, int row, int column, const SampleRange& range, Image& image) {
  const int inside = std::min(count, image.width - column);
  if (row >= image.height || inside <= 0) return;
  const int group = channels / image.channels;  // samples of the network for one of the image
  const int64_t size = int64_t{inside} * image.channels, at = int64_t{column} * image.channels;
  image.bits == 8 ? StorePixels(x, size, group, range, image.Row(row) + at)
                  : StorePixels(x, size, group, range, reinterpret_cast<uint16_t*>(image.Row(row)) + at);
}

/// The core of a window, in outputs of a network that gives `stride` of them for an element of y, each way.
IntegerConv::Area CoreOf(const Window& v, const Window& h, int stride) {
  return {(v.core_begin - v.begin) * stride, (v.core_end - v.begin) * stride, (h.core_begin - h.begin) * stride,
          (h.core_end - h.begin) * stride};
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

/// The `shape.w` pixels of a row from `column` on, those of the image's edge where there are none. to: [shape.w,
/// shape.c]
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

void FillFloats(const Image& image, const SampleRange& range, int row, int column, const Shape& shape, float* to) {
  image.bits == 8 ? FillRow<uint8_t>(image, range, row, column, shape, to)
                  : FillRow<uint16_t>(image, range, row, column, shape, to);
}

}  // namespace

Status WindowTransform::Analyse(const Image& image, const SampleRange& range, int rows, int columns, float* y,
                                int64_t row_stride) {
  const Architecture& a = model_.architecture;
  const WindowSize size = SizeFor(rows, columns, encoder_halo_);
  const int stride = a.latent_stride;
  const Shape input = EncoderInput(size);
  const bool integer = integer_ && image.bits == 8;
  AECOMP_ASSIGN_OR_RETURN(Compiled * c, Encoder(input, integer));
  if (!(c->output_shape == Shape{1, a.latent_channels, size.height, size.width})) {
    return ModelError("the encoder turns " + input.ToString() + " into " + c->output_shape.ToString());
  }
  const int64_t m = a.latent_channels;
  for (const Window& v : MakeWindows(rows, size.height, encoder_halo_)) {
    for (const Window& h : MakeWindows(columns, size.width, encoder_halo_)) {
      float* to = y + v.core_begin * row_stride + h.core_begin * m;
      const int top = v.begin * stride, left = h.begin * stride;
      const int64_t line = int64_t{input.w} * input.c;
      if (!integer) {
#pragma omp parallel for schedule(static)
        for (int row = 0; row < input.h; ++row)
          FillFloats(image, range, top + row, left, input, c->input.data() + row * line);
        const float* out = c->graph->Forward(c->input.data());
#pragma omp parallel for schedule(static)
        for (int i = 0; i < v.core_end - v.core_begin; ++i) {
          const int64_t row = v.core_begin - v.begin + i, column = h.core_begin - h.begin;
          std::copy_n(out + (row * size.width + column) * m, (h.core_end - h.core_begin) * m, to + i * row_stride);
        }
        continue;
      }
      const IntegerConv::Area core = CoreOf(v, h, 1);
      const auto load = [&](int i, float* pixels) {
        for (int row = 0; row < stride; ++row)
          FillFloats(image, range, top + i * stride + row, left, input, pixels + row * line);
      };
      model_.integer->encoder_blocks.Run(load, size.height, size.width, {core.top, core.bottom, core.left, core.right},
                                         to, row_stride);
      c->deep->Run([&](int row, uint8_t* pixels) { FillRow<uint8_t>(image, range, top + row, left, input, pixels); },
                   core,
                   [&](const Sums& sums, const float* scale) {
                     float* sum = y + (v.begin + sums.y) * row_stride + (h.begin + sums.x) * m;
                     AddSums(sums, scale, sum, sum);
                   });
    }
  }
  if (integer) c->deep->Release();
  return {};
}

/// Pixels of the window `place` of y^ * step: companded to 8 bits into the deep path, and as blocks.
void WindowTransform::RunDecoder(const int16_t* y_hat, int64_t row_stride, const SampleRange& range, const Place& place,
                                 Compiled& c, Image& image) {
  if (companded_.empty()) companded_ = CompandedLatents(*model_.integer);
  const uint8_t* table = companded_.data() + 32768;
  const int64_t size = int64_t{c.input_shape.w} * c.input_shape.c;
  c.deep->Reserve();
#pragma omp parallel for schedule(static)
  for (int i = 0; i < c.input_shape.h; ++i) {
    const int16_t* from = y_hat + i * row_stride;
    uint8_t* to = c.deep->InputRow(i);
    for (int64_t k = 0; k < size; ++k) to[k] = table[from[k]];
  }
  c.deep->Start();

  const int stride = model_.architecture.latent_stride, channels = c.output_shape.c, h = c.input_shape.h;
  const int top = place.v.begin * stride, left = place.h.begin * stride;
  const int64_t line = int64_t{c.output_shape.w} * channels;
  float* const band = c.blocks.data() + stride * line;  // behind the last row of blocks of the band before
  for (int begin = 0, end; begin < h; begin = end) {
    end = std::min(h, begin + kBand);
    model_.integer->decoder_blocks.Run(y_hat + begin * row_stride, end - begin, c.input_shape.w, row_stride, band,
                                       begin > 0);
    // A row of blocks is whole when it has been mixed with the next one.
    IntegerConv::Area area = CoreOf(place.v, place.h, stride);
    area.top = std::max(area.top, (begin - 1) * stride);
    area.bottom = std::min({area.bottom, (end < h ? end - 1 : h) * stride, image.height - top});
    if (area.top < area.bottom) {
      c.deep->Finish(area, [&](const Sums& sums, const float* scale) {
        thread_local std::vector<float> pixels;
        const int count = sums.repeats * sums.width / channels;
        pixels.resize(static_cast<size_t>(count * channels));
        const int row = sums.y - begin * stride;
        AddSums(sums, scale, band + row * line + sums.x * channels, pixels.data());
        StorePixels(pixels.data(), count, channels, top + sums.y, left + sums.x, range, image);
      });
    }
    const float* last = band + (end - begin - 1) * stride * line;
    std::copy(last, last + stride * line, c.blocks.data());
  }
}

/// The same in f32.
void WindowTransform::RunDecoder(const float* y_hat, int64_t row_stride, const SampleRange& range, const Place& place,
                                 Compiled& c, Image& image) {
  const int64_t size = int64_t{c.input_shape.w} * c.input_shape.c;
  for (int i = 0; i < c.input_shape.h; ++i) std::copy_n(y_hat + i * row_stride, size, c.input.data() + i * size);
  const float* x = c.graph->Forward(c.input.data());
  const int stride = model_.architecture.latent_stride, channels = c.output_shape.c;
  const IntegerConv::Area core = CoreOf(place.v, place.h, stride);
#pragma omp parallel for schedule(static)
  for (int row = core.top; row < core.bottom; ++row) {
    StorePixels(x + (int64_t{row} * c.output_shape.w + core.left) * channels, core.right - core.left, channels,
                place.v.begin * stride + row, place.h.begin * stride + core.left, range, image);
  }
}

template <class T>
Status WindowTransform::SynthesiseFrom(const T* y_hat, int rows, int columns, int64_t row_stride,
                                       const SampleRange& range, Image& image) {
  const Architecture& a = model_.architecture;
  if (std::is_integral_v<T> != integer_) return ModelError("latents of another precision than the synthesis");
  const WindowSize size = SizeFor(rows, columns, decoder_halo_);
  const Shape input = DecoderInput(size);
  AECOMP_ASSIGN_OR_RETURN(Compiled * c, Decoder(input));
  const Shape output = c->output_shape;
  if (!(output == Shape{1, a.image_channels, size.height * a.latent_stride, size.width * a.latent_stride})) {
    return ModelError("the decoder turns " + input.ToString() + " into " + output.ToString());
  }
  for (const Window& v : MakeWindows(rows, size.height, decoder_halo_)) {
    for (const Window& h : MakeWindows(columns, size.width, decoder_halo_)) {
      const T* from = y_hat + v.begin * row_stride + int64_t{h.begin} * a.latent_channels;
      RunDecoder(from, row_stride, range, {v, h}, *c, image);
    }
  }
  if (c->deep) c->deep->Release();
  return {};
}

template Status WindowTransform::SynthesiseFrom(const float*, int, int, int64_t, const SampleRange&, Image&);
template Status WindowTransform::SynthesiseFrom(const int16_t*, int, int, int64_t, const SampleRange&, Image&);

}  // namespace aecomp
