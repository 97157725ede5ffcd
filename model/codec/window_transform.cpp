#include "model/codec/window_transform.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "model/base/exact_math.h"
#include "model/codec/pixel_rows.h"
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

/// For c.input_shape.
Status WindowTransform::CompileFloat(const Network& network, Compiled& c) {
  auto made = Graph::Create(network, c.input_shape, model_.parameters, Graph::Mode::kInference);
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
  c.integer = integer;
  c.input_shape = input;
  if (!integer) {
    AECOMP_RETURN_IF_ERROR(CompileFloat(model_.architecture.encoder, c));
  } else {
    const IntegerNetwork& deep = model_.integer->encoder;
    if (IntegerBandRunner::Suits(deep)) {
      c.bands = std::make_unique<IntegerBandRunner>(deep, input.h, input.w);
    } else {
      c.deep = std::make_unique<IntegerNetworkRunner>(deep, input.h, input.w);
    }
    c.output_shape = c.bands ? c.bands->output() : c.deep->output();
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
  c.integer = integer_;
  c.input_shape = input;
  if (!integer_) {
    AECOMP_RETURN_IF_ERROR(CompileFloat(model_.architecture.decoder, c));
  } else {
    c.deep = std::make_unique<IntegerNetworkRunner>(model_.integer->decoder, input.h, input.w);
    c.output_shape = c.deep->output();
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

/// The core of a window, in outputs of a network that gives `stride` of them for an element of y, each way.
IntegerConv::Area CoreOf(const Window& v, const Window& h, int stride) {
  return {(v.core_begin - v.begin) * stride, (v.core_end - v.begin) * stride, (h.core_begin - h.begin) * stride,
          (h.core_end - h.begin) * stride};
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
      const auto fill = [&](int row, uint8_t* pixels) { FillBytes(image, top + row, left, input, pixels); };
      const auto add = [&](const Sums& sums, const float* scale) {
        float* sum = y + (v.begin + sums.y) * row_stride + (h.begin + sums.x) * m;
        AddSums(sums, scale, sum, sum);
      };
      c->bands ? c->bands->Run(fill, core, add) : c->deep->Run(fill, core, add);
    }
  }
  if (c->bands) c->bands->Release();
  if (c->deep) c->deep->Release();
  return {};
}

/// Pixels of the window `place` of y^ * step: companded to 8 bits into the deep path, and as blocks.
void WindowTransform::RunDecoder(const int16_t* y_hat, int64_t row_stride, const SampleRange& range, const Place& place,
                                 Compiled& c, Image& image) {
  if (companded_.empty()) companded_ = CompandedLatents(*model_.integer);
  const uint8_t* table = companded_.data() + 32768;
  const int64_t size = int64_t{c.input_shape.w} * c.input_shape.c;
  const auto fill = [&](int i, uint8_t* to) {
    const int16_t* from = y_hat + i * row_stride;
    for (int64_t k = 0; k < size; ++k) to[k] = table[from[k]];
  };

  // The path of blocks runs band by band of rows, each followed by the same rows of the deep path's last step.
  const int stride = model_.architecture.latent_stride, channels = c.output_shape.c, h = c.input_shape.h;
  const int top = place.v.begin * stride, left = place.h.begin * stride;
  const int64_t line = int64_t{c.output_shape.w} * channels;
  float* const band = c.blocks.data() + stride * line;  // behind the last row of blocks of the band before
  int begin = 0, end = 0;                               // rows of blocks of the present band
  const auto next_band = [&](IntegerConv::Area* area) {
    if (end == h) return false;
    if (end > 0) {
      const float* last = band + (end - begin - 1) * stride * line;
      std::copy(last, last + stride * line, c.blocks.data());
    }
    begin = end, end = std::min(h, begin + kBand);
    model_.integer->decoder_blocks.Run(y_hat + begin * row_stride, end - begin, c.input_shape.w, row_stride, band,
                                       begin > 0);
    // A row of blocks is whole when it has been mixed with the next one.
    *area = CoreOf(place.v, place.h, stride);
    area->top = std::max(area->top, (begin - 1) * stride);
    area->bottom = std::min({area->bottom, (end < h ? end - 1 : h) * stride, image.height - top});
    return true;
  };
  c.deep->Run(fill, next_band, [&](const Sums& sums, const float* scale) {
    thread_local std::vector<float> pixels;
    const int count = sums.repeats * sums.width / channels;
    pixels.resize(static_cast<size_t>(count * channels));
    const int row = sums.y - begin * stride;
    AddSums(sums, scale, band + row * line + sums.x * channels, pixels.data());
    StorePixels(pixels.data(), count, channels, top + sums.y, left + sums.x, range, image);
  });
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
