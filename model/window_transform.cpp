#include "model/window_transform.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "model/entropy_parameters.h"
#include "model/receptive_field.h"

namespace aecomp {
namespace {

constexpr size_t kMostCompiled = 2;
constexpr int kBand = 32;  // rows of y of the encoder's f32 path at a time: its f32 pixels then stay in the cache
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
      decoder_halo_(DecoderHalo(model.architecture).value_or(kUnlimited)) {
  if (integer_) {
    band_halo_ = EncoderHalo(model.integer->encoder_parts.rest, model.architecture.latent_stride).value_or(kUnlimited);
  }
}

WindowSize WindowTransform::SizeFor(int rows, int columns, int halo) const {
  if (halo >= std::max(rows, columns) / 4) return {rows, columns};
  // Where all of an image takes much memory, windows take less of it.
  const bool huge = int64_t{rows} * columns > int64_t{8} * max_window_;
  return ChooseWindowSize(rows, columns, halo, huge ? max_window_ / 2 : max_window_);
}

/// Rows of y that the encoder's graph gives at a time.
int WindowTransform::Band(const Shape& input, bool integer) const {
  const int rows = input.h / model_.architecture.latent_stride;
  return integer && band_halo_ < kBand / 4 ? std::min(rows, kBand + 2 * band_halo_) : rows;
}

/// c.input_shape and c.integer say what is wanted; network: what runs in f32, or null.
Status WindowTransform::Compile(const Network* network, const IntegerNetwork* deep, Compiled& c) {
  if (network != nullptr) {
    Shape shape = c.input_shape;
    if (c.integer) shape.h = Band(shape, true) * model_.architecture.latent_stride;
    auto made = Graph::Create(*network, shape, model_.parameters, Graph::Mode::kInference);
    if (!made.ok()) return ModelError(made.status().message());
    c.graph = std::move(made).value();
    c.output_shape = c.graph->output_shape();
    c.input = AlignedBuffer<float>(static_cast<size_t>(shape.size()));
  }
  if (!c.integer) return {};
  c.deep = std::make_unique<IntegerNetworkRunner>(*deep, c.input_shape.h, c.input_shape.w);
  c.deep_input = AlignedBuffer<uint8_t>(static_cast<size_t>(c.input_shape.size()));
  const Shape& output = c.deep->output();
  if (network != nullptr && (c.output_shape.w != output.w || c.output_shape.c != output.c)) {
    return ModelError("the paths of a transform differ in shape");
  }
  c.output_shape = output;
  return {};
}

Result<WindowTransform::Compiled*> WindowTransform::Encoder(const Shape& input, bool integer) {
  for (Compiled& c : encoders_) {
    if (c.input_shape == input && c.integer == integer) return &c;
  }
  if (encoders_.size() >= kMostCompiled) encoders_.erase(encoders_.begin());
  Compiled c;
  c.integer = integer, c.input_shape = input;
  AECOMP_RETURN_IF_ERROR(Compile(integer ? &model_.integer->encoder_parts.rest : &model_.architecture.encoder,
                                 integer ? &model_.integer->encoder : nullptr, c));
  return &encoders_.emplace_back(std::move(c));
}

Result<WindowTransform::Compiled*> WindowTransform::Decoder(const Shape& input) {
  for (Compiled& c : decoders_) {
    if (c.input_shape == input) return &c;
  }
  if (decoders_.size() >= kMostCompiled) decoders_.erase(decoders_.begin());
  Compiled c;
  c.integer = integer_, c.input_shape = input;
  AECOMP_RETURN_IF_ERROR(
      Compile(integer_ ? nullptr : &model_.architecture.decoder, integer_ ? &model_.integer->decoder : nullptr, c));
  if (integer_) {
    const IntegerBlocks& blocks = model_.integer->blocks;
    if (c.output_shape.c != blocks.channels() || c.output_shape.h != input.h * blocks.block()) {
      return ModelError("the paths of the decoder differ in shape");
    }
    c.blocks = AlignedBuffer<float>(static_cast<size_t>(c.output_shape.size()));
  }
  return &decoders_.emplace_back(std::move(c));
}

/// y^ * step, rows `row_stride` elements apart, companded to 8 bits into c.deep_input [h, w, M].
void WindowTransform::FillDeepLatents(const int16_t* y_hat, int64_t row_stride, Compiled& c) {
  if (companded_.empty()) companded_ = CompandedLatents(*model_.integer);
  const uint8_t* table = companded_.data() + 32768;
  const int64_t size = int64_t{c.input_shape.w} * c.input_shape.c;
#pragma omp parallel for schedule(static)
  for (int i = 0; i < c.input_shape.h; ++i) {
    const int16_t* from = y_hat + i * row_stride;
    uint8_t* to = c.deep_input.data() + i * size;
    for (int64_t k = 0; k < size; ++k) to[k] = table[from[k]];
  }
}

/// The output for a window of latents, rows `row_stride` elements apart, as two parts whose sum it is.
std::pair<const float*, const float*> WindowTransform::RunDecoder(const int16_t* y_hat, int64_t row_stride,
                                                                  Compiled& c) {
  FillDeepLatents(y_hat, row_stride, c);
  model_.integer->blocks.Run(y_hat, c.input_shape.h, c.input_shape.w, row_stride, c.blocks.data());
  return {c.deep->Run(c.deep_input.data()), c.blocks.data()};
}

/// The same in f32: one part.
std::pair<const float*, const float*> WindowTransform::RunDecoder(const float* y_hat, int64_t row_stride, Compiled& c) {
  const int64_t size = int64_t{c.input_shape.w} * c.input_shape.c;
  for (int i = 0; i < c.input_shape.h; ++i) std::copy_n(y_hat + i * row_stride, size, c.input.data() + i * size);
  return {c.graph->Forward(c.input.data()), nullptr};
}

namespace {

/// convert(sample) of the pixels from (row, column) on into `to` [shape.h, shape.w, shape.c].
template <class Sample, class T, class Convert>
void FillPixels(const Image& image, int row, int column, const Shape& shape, T* to, Convert convert) {
  const int64_t line = int64_t{shape.w} * shape.c;
  const int inside = std::clamp(image.width - column, 1, shape.w);
#pragma omp parallel for schedule(static)
  for (int y = 0; y < shape.h; ++y) {
    const auto* from = reinterpret_cast<const Sample*>(image.Row(std::min(row + y, image.height - 1))) +
                       int64_t{std::min(column, image.width - 1)} * image.channels;
    T* pixel = to + y * line;
    if (image.channels == 1) {
      for (int x = 0; x < inside; ++x) {
        for (int k = 0; k < shape.c; ++k) *pixel++ = convert(from[x]);
      }
    } else {
      for (int64_t i = 0; i < int64_t{inside} * shape.c; ++i) *pixel++ = convert(from[i]);
    }
    for (int x = inside; x < shape.w; ++x, pixel += shape.c) std::copy_n(pixel - shape.c, shape.c, pixel);
  }
}

/// As x - 1/2.
void FillFloats(const Image& image, const SampleRange& range, int row, int column, const Shape& shape, float* to) {
  const float low = range.low, width = range.high - range.low;
  const auto convert = [&](auto sample) { return (static_cast<float>(sample) - low) / width - 0.5f; };
  image.bits == 8 ? FillPixels<uint8_t>(image, row, column, shape, to, convert)
                  : FillPixels<uint16_t>(image, row, column, shape, to, convert);
}

}  // namespace

Status WindowTransform::Analyse(const Image& image, const SampleRange& range, int rows, int columns, float* y,
                                int64_t row_stride) {
  const Architecture& a = model_.architecture;
  const WindowSize size = SizeFor(rows, columns, encoder_halo_);
  const int stride = a.latent_stride;
  const Shape input{1, a.image_channels, size.height * stride, size.width * stride};
  const bool integer = integer_ && image.bits == 8;
  AECOMP_ASSIGN_OR_RETURN(Compiled * c, Encoder(input, integer));
  if (!(c->output_shape == Shape{1, a.latent_channels, size.height, size.width})) {
    return ModelError("the encoder turns " + input.ToString() + " into " + c->output_shape.ToString());
  }
  for (const Window& v : MakeWindows(rows, size.height, encoder_halo_)) {
    for (const Window& h : MakeWindows(columns, size.width, encoder_halo_)) {
      const float* deep = nullptr;
      if (integer) {
        FillPixels<uint8_t>(image, v.begin * stride, h.begin * stride, input, c->deep_input.data(),
                            [](uint8_t sample) { return sample; });
        deep = c->deep->Run(c->deep_input.data());
      }
      for (const Window& band : MakeWindows(size.height, Band(input, integer), band_halo_)) {
        const int top = v.begin + band.begin;
        FillFloats(image, range, top * stride, h.begin * stride, c->graph->input_shape(), c->input.data());
        const float* out = c->graph->Forward(c->input.data());
        const int64_t count = int64_t{h.core_end - h.core_begin} * a.latent_channels;
        const int begin = std::max(v.core_begin, v.begin + band.core_begin);
        const int end = std::min(v.core_end, v.begin + band.core_end);
#pragma omp parallel for schedule(static)
        for (int i = begin; i < end; ++i) {
          const auto row = [&](int first) {
            return (int64_t{i - first} * size.width + h.core_begin - h.begin) * a.latent_channels;
          };
          const float *from = out + row(top), *also = deep != nullptr ? deep + row(v.begin) : nullptr;
          float* to = y + i * row_stride + int64_t{h.core_begin} * a.latent_channels;
          for (int64_t k = 0; k < count; ++k) to[k] = also != nullptr ? from[k] + also[k] : from[k];
        }
      }
    }
  }
  return {};
}

/// The core of a window's output into the image: x, or x + also [1, h, w, C].
template <class Sample>
void WindowTransform::StorePixels(const float* x, const float* also, const Shape& shape, const SampleRange& range,
                                  const Window& v, const Window& h, Image& image) const {
  const ToSample<Sample> to_sample(range);
  const int stride = model_.architecture.latent_stride;
  const int top = v.core_begin * stride, bottom = std::min(v.core_end * stride, image.height);
  const int left = h.core_begin * stride, right = std::min(h.core_end * stride, image.width);
#pragma omp parallel for schedule(static)
  for (int row = top; row < bottom; ++row) {
    const int64_t first = (int64_t{row - v.begin * stride} * shape.w + left - h.begin * stride) * shape.c;
    const auto value = [&](int64_t i) { return also != nullptr ? x[first + i] + also[first + i] : x[first + i]; };
    Sample* to = reinterpret_cast<Sample*>(image.Row(row)) + int64_t{left} * image.channels;
    if (image.channels == shape.c) {
      for (int64_t i = 0; i < int64_t{right - left} * shape.c; ++i) to[i] = to_sample(value(i));
      continue;
    }
    for (int64_t column = 0; column < right - left; ++column) {
      float sum = 0;
      for (int k = 0; k < shape.c; ++k) sum += value(column * shape.c + k);
      *to++ = to_sample(sum / static_cast<float>(shape.c));
    }
  }
}

template <class T>
Status WindowTransform::SynthesiseFrom(const T* y_hat, int rows, int columns, int64_t row_stride,
                                       const SampleRange& range, Image& image) {
  const Architecture& a = model_.architecture;
  if (std::is_integral_v<T> != integer_) return ModelError("latents of another precision than the synthesis");
  const WindowSize size = SizeFor(rows, columns, decoder_halo_);
  const Shape input{1, a.latent_channels, size.height, size.width};
  AECOMP_ASSIGN_OR_RETURN(Compiled * c, Decoder(input));
  const Shape output = c->output_shape;
  if (!(output == Shape{1, a.image_channels, size.height * a.latent_stride, size.width * a.latent_stride})) {
    return ModelError("the decoder turns " + input.ToString() + " into " + output.ToString());
  }
  for (const Window& v : MakeWindows(rows, size.height, decoder_halo_)) {
    for (const Window& h : MakeWindows(columns, size.width, decoder_halo_)) {
      const T* from = y_hat + v.begin * row_stride + int64_t{h.begin} * a.latent_channels;
      const auto [x, also] = RunDecoder(from, row_stride, *c);
      image.bits == 8 ? StorePixels<uint8_t>(x, also, output, range, v, h, image)
                      : StorePixels<uint16_t>(x, also, output, range, v, h, image);
    }
  }
  return {};
}

template Status WindowTransform::SynthesiseFrom(const float*, int, int, int64_t, const SampleRange&, Image&);
template Status WindowTransform::SynthesiseFrom(const int16_t*, int, int, int64_t, const SampleRange&, Image&);

}  // namespace aecomp
