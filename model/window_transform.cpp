#include "model/window_transform.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "model/entropy_parameters.h"
#include "model/receptive_field.h"

namespace aecomp {
namespace {

constexpr size_t kMostCompiled = 2;
constexpr int kUnlimited = std::numeric_limits<int>::max();  // the halo of a network that sees its whole input

}  // namespace

WindowTransform::WindowTransform(Model& model, bool integer, int max_window)
    : model_(model),
      integer_(integer && model.integer != nullptr),
      max_window_(max_window),
      encoder_halo_(EncoderHalo(model.architecture).value_or(kUnlimited)),
      decoder_halo_(DecoderHalo(model.architecture).value_or(kUnlimited)) {}

WindowSize WindowTransform::SizeFor(int rows, int columns, int halo) const {
  if (halo >= std::max(rows, columns) / 4) return {rows, columns};
  return ChooseWindowSize(rows, columns, halo, max_window_);
}

Result<WindowTransform::Compiled*> WindowTransform::Get(const Network& network, const SplitTransform* parts,
                                                        const IntegerNetwork* deep, const Shape& input,
                                                        std::vector<Compiled>& cache) {
  for (Compiled& c : cache) {
    if (c.graph->input_shape() == input && c.integer == (parts != nullptr)) return &c;
  }
  if (cache.size() >= kMostCompiled) cache.erase(cache.begin());
  auto made =
      Graph::Create(parts != nullptr ? parts->rest : network, input, model_.parameters, Graph::Mode::kInference);
  if (!made.ok()) return ModelError(made.status().message());
  Compiled& c = cache.emplace_back();
  c.graph = std::move(made).value();
  c.input = AlignedBuffer<float>(static_cast<size_t>(input.size()));
  if (parts == nullptr) return &c;
  c.integer = true;
  c.deep_input = AlignedBuffer<uint8_t>(static_cast<size_t>(input.size()));
  c.deep = std::make_unique<IntegerNetworkRunner>(*deep, input.h, input.w);
  if (!(c.deep->output() == c.graph->output_shape())) return ModelError("the paths of a transform differ in shape");
  return &c;
}

/// The output for `x`, and for deep_input where the deep path runs in integers.
const float* WindowTransform::Compiled::Run(const float* x) {
  const float* rest = graph->Forward(x);
  if (!integer) return rest;
  float* sum_of_both = deep->Run(deep_input.data());
  const int64_t size = graph->output_shape().size();
#pragma omp parallel for simd schedule(static)
  for (int64_t i = 0; i < size; ++i) sum_of_both[i] += rest[i];
  return sum_of_both;
}

/// What the deep path of the decoder reads: y^ * step [h, w, M], companded to 8 bits.
void WindowTransform::CompandLatents(const float* y_hat, Compiled& c) const {
  const IntegerTransforms& t = *model_.integer;
  const float scale = t.decoder_parts.compand, inverse = static_cast<float>(1 / t.decoder_input.scale);
  const int64_t size = c.graph->input_shape().size();
  uint8_t* to = c.deep_input.data();
#pragma omp parallel for simd schedule(static)
  for (int64_t i = 0; i < size; ++i) {
    float v = (scale > 0 ? Compand(scale * y_hat[i]) : y_hat[i]) * inverse;
    v = v > -128.f ? v : -128.f;
    to[i] = static_cast<uint8_t>(static_cast<int32_t>((v < 127.f ? v : 127.f) + 128.5f));
  }
}

/// Pixels of a window as x - 1/2 into c.input [1, h, w, C].
template <class Sample>
void WindowTransform::FillPixels(const Image& image, const SampleRange& range, const Window& v, const Window& h,
                                 Compiled& c) const {
  const Shape& shape = c.graph->input_shape();
  const int stride = model_.architecture.latent_stride;
  const float width = range.high - range.low;
#pragma omp parallel for schedule(static)
  for (int y = 0; y < shape.h; ++y) {
    const uint8_t* row = image.Row(std::min(v.begin * stride + y, image.height - 1));
    float* to = c.input.data() + int64_t{y} * shape.w * shape.c;
    uint8_t* deep = c.integer ? c.deep_input.data() + int64_t{y} * shape.w * shape.c : nullptr;
    for (int x = 0; x < shape.w; ++x) {
      const Sample* pixel = reinterpret_cast<const Sample*>(row) +
                            int64_t{std::min(h.begin * stride + x, image.width - 1)} * image.channels;
      for (int k = 0; k < shape.c; ++k) {
        *to++ = (static_cast<float>(pixel[image.channels == 1 ? 0 : k]) - range.low) / width - 0.5f;
        if (deep != nullptr) *deep++ = static_cast<uint8_t>(pixel[image.channels == 1 ? 0 : k]);
      }
    }
  }
}

Status WindowTransform::Analyse(const Image& image, const SampleRange& range, int rows, int columns, float* y,
                                int64_t row_stride) {
  const Architecture& a = model_.architecture;
  const WindowSize size = SizeFor(rows, columns, encoder_halo_);
  const Shape input{1, a.image_channels, size.height * a.latent_stride, size.width * a.latent_stride};
  const bool integer = integer_ && image.bits == 8;
  const IntegerTransforms* t = integer ? model_.integer.get() : nullptr;
  AECOMP_ASSIGN_OR_RETURN(Compiled * c, Get(a.encoder, integer ? &t->encoder_parts : nullptr,
                                            integer ? &t->encoder : nullptr, input, encoders_));
  if (!(c->graph->output_shape() == Shape{1, a.latent_channels, size.height, size.width})) {
    return ModelError("the encoder turns " + input.ToString() + " into " + c->graph->output_shape().ToString());
  }
  for (const Window& v : MakeWindows(rows, size.height, encoder_halo_)) {
    for (const Window& h : MakeWindows(columns, size.width, encoder_halo_)) {
      image.bits == 8 ? FillPixels<uint8_t>(image, range, v, h, *c) : FillPixels<uint16_t>(image, range, v, h, *c);
      const float* out = c->Run(c->input.data());
      const size_t bytes = static_cast<size_t>(h.core_end - h.core_begin) * a.latent_channels * sizeof(float);
      for (int i = v.core_begin; i < v.core_end; ++i) {
        const float* from = out + (int64_t{i - v.begin} * size.width + h.core_begin - h.begin) * a.latent_channels;
        std::memcpy(y + i * row_stride + int64_t{h.core_begin} * a.latent_channels, from, bytes);
      }
    }
  }
  return {};
}

/// The core of a window's output x [1, h, w, C] into the image.
template <class Sample>
void WindowTransform::StorePixels(const float* x, const Shape& shape, const SampleRange& range, const Window& v,
                                  const Window& h, Image& image) const {
  const ToSample<Sample> to_sample(range);
  const int stride = model_.architecture.latent_stride;
  const int top = v.core_begin * stride, bottom = std::min(v.core_end * stride, image.height);
  const int left = h.core_begin * stride, right = std::min(h.core_end * stride, image.width);
#pragma omp parallel for schedule(static)
  for (int row = top; row < bottom; ++row) {
    const float* from = x + (int64_t{row - v.begin * stride} * shape.w + left - h.begin * stride) * shape.c;
    Sample* to = reinterpret_cast<Sample*>(image.Row(row)) + int64_t{left} * image.channels;
    if (image.channels == shape.c) {
      for (int64_t i = 0; i < int64_t{right - left} * shape.c; ++i) to[i] = to_sample(from[i]);
      continue;
    }
    for (int column = left; column < right; ++column, from += shape.c) {
      float sum = 0;
      for (int k = 0; k < shape.c; ++k) sum += from[k];
      *to++ = to_sample(sum / static_cast<float>(shape.c));
    }
  }
}

Status WindowTransform::Synthesise(const float* y_hat, int rows, int columns, const SampleRange& range, Image& image) {
  const Architecture& a = model_.architecture;
  const WindowSize size = SizeFor(rows, columns, decoder_halo_);
  const Shape input{1, a.latent_channels, size.height, size.width};
  const bool integer = integer_;
  const IntegerTransforms* t = integer ? model_.integer.get() : nullptr;
  AECOMP_ASSIGN_OR_RETURN(Compiled * c, Get(a.decoder, integer ? &t->decoder_parts : nullptr,
                                            integer ? &t->decoder : nullptr, input, decoders_));
  const Shape output = c->graph->output_shape();
  if (!(output == Shape{1, a.image_channels, size.height * a.latent_stride, size.width * a.latent_stride})) {
    return ModelError("the decoder turns " + input.ToString() + " into " + output.ToString());
  }
  const size_t row_bytes = static_cast<size_t>(size.width) * a.latent_channels * sizeof(float);
  for (const Window& v : MakeWindows(rows, size.height, decoder_halo_)) {
    for (const Window& h : MakeWindows(columns, size.width, decoder_halo_)) {
      const float* x = y_hat;
      if (size.height < rows || size.width < columns) {
        for (int i = 0; i < size.height; ++i) {
          std::memcpy(c->input.data() + int64_t{i} * size.width * a.latent_channels,
                      y_hat + (int64_t{v.begin + i} * columns + h.begin) * a.latent_channels, row_bytes);
        }
        x = c->input.data();
      }
      if (integer) CompandLatents(x, *c);
      const float* out = c->Run(x);
      image.bits == 8 ? StorePixels<uint8_t>(out, output, range, v, h, image)
                      : StorePixels<uint16_t>(out, output, range, v, h, image);
    }
  }
  return {};
}

}  // namespace aecomp
