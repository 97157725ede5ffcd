// Notation of the comments: a analysis output, y = a * gain, r = y - mu, y^ = round(r) + mu, where round is to the
// nearest integer or, see UseDeadzones, nearer to zero where that saves more bits than it costs. All arrays are
// channels-last.
//
// Gradients pass the rounding in one of two ways. Straight through, y^ = y + const, and mu gets none from the
// distortion; the rate is that of y with uniform noise. Or, see UseTables, as y^ and its bits change on average when r
// moves by one: from the symbol of r - 1/2 to that of r + 1/2. That is the derivative of what the file has, smoothed
// over a unit interval: 0 deep in a deadzone, where mu gets the gradient of y^ instead.
#include "train/loss/training_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "model/base/exact_math.h"
#include "model/entropy/coding_tables.h"
#include "model/entropy/entropy_parameters.h"
#include "model/entropy/rd_quantiser.h"
#include "model/network/infer_shapes.h"
#include "train/loss/factorized_training.h"
#include "train/loss/fake_quantisation.h"
#include "train/loss/first_non_finite.h"
#include "train/loss/quality_tables.h"
#include "train/loss/rate.h"
#include "train/loss/symbol_prices.h"
#include "train/loss/tiled_network.h"

namespace aecomp {
namespace {

constexpr float kLogSigmaMin = -12, kLogSigmaMax = 6;  // of the sigma head's output in the fixed scale

using Buffer = AlignedBuffer<float>;

Buffer BufferFor(const Shape& shape) { return Buffer(static_cast<size_t>(shape.size())); }

}  // namespace

struct TrainingModel::Impl {
  const Architecture* architecture = nullptr;
  Parameters* parameters = nullptr;
  int batch = 0;
  int64_t first_image = 0;  // of this batch in a larger one
  bool deadzones = false;
  std::optional<SymbolPrices> prices;  // of the files to come; none: noise stands for them
  Shape image, y_shape, z_shape, f_shape;
  std::optional<FakeQuantisation> rounding;
  RdQuantiser quantiser{CodingTables::Create(YFrequencies()).value()};
  std::unique_ptr<TiledNetwork> encoder, decoder;
  std::unique_ptr<Graph> hyper_encoder, hyper_decoder, sigma_head, mu_head, context_in, context_out;
  Parameter *log_gain, *log_step, *log_sigma, *log_z_gain, *z_log_scale, *z_mean;

  /// One image of the batch: its tables and the gradients of what they were interpolated from.
  struct PerImage {
    Position position;
    std::vector<float> gain, step, z_gain, z_log_scale;
    std::vector<float> inverse_weight;                                                     // see RdQuantiser
    std::vector<double> d_gain, d_step, d_sigma, d_middle, d_z_gain, d_z_scale, d_z_mean;  // of the logs, but z_mean
    double y_bits = 0, z_bits = 0, squared_error = 0;
    float d_bits = 0, d_squared_error = 0;  // of the loss
  };
  std::vector<PerImage> images;
  std::vector<float> middle_gain;  // [M]: the fixed scale in which the entropy networks see y

  // Inputs of the graphs and what the backward pass needs again.
  Buffer x0;                                 // image - 1/2
  Buffer y, scaled, companded;               // [y]: scaled = a * middle gain
  Buffer z, hyper_input, z_offset, z_noise;  // [z]: z before rounding; offset = round(z) - z
  Buffer mu, sigma;                          // [y]: mu in units of y; log sigma
  Buffer first_offset, seen, context_input;  // [y]: round(r) - r of the first pass; scaled first half; companded
  Buffer joined;                             // [f + context_in]
  Buffer y_offset, noise, decoder_input;     // [y]
  Buffer slope;                              // [y]: d symbol / d r
  Buffer d_r, d_sigma;                       // [y]: gradients of the bits
  Buffer d_image, d_latent, d_y, d_mu, d_heads, d_joined, d_features, d_part, d_z, d_he;
  const float *a = nullptr, *he = nullptr, *features = nullptr, *mu_out = nullptr, *sigma_out = nullptr,
              *correction = nullptr, *restored = nullptr;

  Status Compile(int patch, const TrainingNumerics& how);
  void Prepare(const float* quality);
  StepResult Forward(const float* x, const float* clean, const float* quality, const uint64_t* seed);
  void ForwardLatent();
  void ForwardHyper(const uint64_t* seed);
  void ForwardContext(bool frozen);
  void ForwardRate(const uint64_t* seed);
  StepResult Loss(const float* x, const float* quality);
  void Backward(const float* x);
  void BackwardDistortion(const float* x);
  void BackwardRate();
  void BackwardContext();
  void BackwardHyper();
  void BackwardLatent();
  void CollectTableGradients();

  template <class F>
  void ForEachImage(F f) {
#pragma omp parallel for schedule(dynamic, 1)
    for (int n = 0; n < batch; ++n) f(n, images[static_cast<size_t>(n)]);
  }
  /// Calls f(index of the element, channel, whether it is in the first half) for all latent elements of one image.
  template <class F>
  void ForEachLatent(int n, F f) const {
    const int64_t channels = y_shape.c;
    for (int i = 0; i < y_shape.h; ++i) {
      for (int j = 0; j < y_shape.w; ++j) {
        const int64_t base = ((int64_t{n} * y_shape.h + i) * y_shape.w + j) * channels;
        const int64_t phase = (i + j + 1) & 1;
        for (int64_t c = 0; c < channels; ++c) f(base + c, static_cast<size_t>(c), (c & 1) == phase);
      }
    }
  }
  int64_t LatentsOf() const { return y_shape.size() / batch; }
  float RoundingOffset(float r, float scale, float inverse_weight) const;
  int Symbol(float r, int row, float inverse_weight) const;
  double NoisyBits(int n, const PerImage& p, const uint64_t* seed);
  double FileBits(int n, const PerImage& p, bool frozen);
};

Status TrainingModel::Impl::Compile(int patch, const TrainingNumerics& how) {
  image = {batch, architecture->image_channels, patch, patch};
  const Numerics numerics{how.relu_leak, rounding ? rounding->inputs() : RoundedInputs(), how.bfloat16};
  const auto make = [&](const Network& network, const Shape& input, std::unique_ptr<Graph>& graph) -> Status {
    auto made = Graph::Create(network, input, *parameters, Graph::Mode::kTraining, numerics);
    if (!made.ok()) return made.status();
    graph = std::move(made).value();
    return {};
  };
  AECOMP_ASSIGN_OR_RETURN(encoder, TiledNetwork::Create(architecture->encoder, image, PixelTile(*architecture),
                                                        *parameters, Graph::Mode::kTraining, numerics));
  y_shape = encoder->output_shape();
  AECOMP_ASSIGN_OR_RETURN(decoder, TiledNetwork::Create(architecture->decoder, y_shape, LatentTile(*architecture),
                                                        *parameters, Graph::Mode::kTraining, numerics));
  AECOMP_RETURN_IF_ERROR(make(architecture->hyper_encoder, y_shape, hyper_encoder));
  z_shape = hyper_encoder->output_shape();
  AECOMP_RETURN_IF_ERROR(make(architecture->hyper_decoder, z_shape, hyper_decoder));
  f_shape = hyper_decoder->output_shape();
  AECOMP_RETURN_IF_ERROR(make(architecture->sigma_head, f_shape, sigma_head));
  AECOMP_RETURN_IF_ERROR(make(architecture->mu_head, f_shape, mu_head));
  AECOMP_RETURN_IF_ERROR(make(architecture->context_in, y_shape, context_in));
  Shape joined_shape = context_in->output_shape();
  joined_shape.c += f_shape.c;
  AECOMP_RETURN_IF_ERROR(make(architecture->context_out, joined_shape, context_out));

  x0 = BufferFor(image), d_image = BufferFor(image);
  for (Buffer* b : {&y, &scaled, &companded, &mu, &sigma, &first_offset, &seen, &context_input, &y_offset, &noise,
                    &decoder_input, &d_r, &d_sigma, &d_latent, &d_y, &d_mu, &d_heads, &slope}) {
    *b = BufferFor(y_shape);
  }
  for (Buffer* b : {&z, &hyper_input, &z_offset, &z_noise, &d_z, &d_he}) *b = BufferFor(z_shape);
  joined = BufferFor(joined_shape), d_joined = BufferFor(joined_shape);
  d_features = BufferFor(f_shape), d_part = BufferFor(joined_shape);
  images.resize(static_cast<size_t>(batch));
  return {};
}

void TrainingModel::Impl::Prepare(const float* quality) {
  const size_t rows = architecture->lambdas.size(), m = static_cast<size_t>(y_shape.c),
               n = static_cast<size_t>(z_shape.c);
  middle_gain = Interpolate(*log_gain, {std::min(rows / 2, rows - 2), rows / 2 > rows - 2 ? 1.f : 0.f}, true);
  for (int i = 0; i < batch; ++i) {
    PerImage& p = images[static_cast<size_t>(i)];
    p.position = PositionOf(quality[i], rows);
    p.gain = Interpolate(*log_gain, p.position, true);
    p.step = Interpolate(*log_step, p.position, true);
    p.z_gain = Interpolate(*log_z_gain, p.position, true);
    p.z_log_scale = Interpolate(*z_log_scale, p.position, false);
    p.inverse_weight = InverseWeights(*architecture, quality[i], /*thrift=*/1, p.step);
    for (auto* g : {&p.d_gain, &p.d_step, &p.d_sigma, &p.d_middle}) g->assign(m, 0.0);
    for (auto* g : {&p.d_z_gain, &p.d_z_scale, &p.d_z_mean}) g->assign(n, 0.0);
    p.y_bits = p.z_bits = p.squared_error = 0;
  }
}

void TrainingModel::Impl::ForwardLatent() {
  a = encoder->Forward(x0.data());
  ForEachImage([&](int n, PerImage& p) {
    ForEachLatent(n, [&](int64_t i, size_t c, bool) {
      const size_t k = static_cast<size_t>(i);
      y[k] = a[i] * p.gain[c];
      scaled[k] = a[i] * middle_gain[c];
      companded[k] = Compand(scaled[k]);
    });
  });
}

void TrainingModel::Impl::ForwardHyper(const uint64_t* seed) {
  he = hyper_encoder->Forward(companded.data());
  const int64_t channels = z_shape.c, count = z_shape.size() / batch;
  ForEachImage([&](int n, PerImage& p) {
    for (int64_t e = n * count; e < (n + 1) * count; ++e) {
      const size_t i = static_cast<size_t>(e), c = static_cast<size_t>(e % channels);
      z[i] = he[e] * p.z_gain[c] - z_mean->value[c];
      if (seed != nullptr) {
        z_offset[i] = std::nearbyint(z[i]) - z[i];
        z_noise[i] = Noise(*seed ^ 0x5A5A5A5A5A5A5A5Aull, static_cast<uint64_t>(first_image * count) + i);
      }
      hyper_input[i] = (z[i] + z_offset[i] + z_mean->value[c]) / p.z_gain[c];
    }
  });
  features = hyper_decoder->Forward(hyper_input.data());
  mu_out = mu_head->Forward(features);
  sigma_out = sigma_head->Forward(features);
}

/// The symbol that codes the residual r, in deadzones.
int TrainingModel::Impl::Symbol(float r, int row, float inverse_weight) const {
  if (row <= 0 || !(std::fabs(r) >= 0.5f)) return 0;  // not coded; near 0; a NaN
  return quantiser.Quantise(r, static_cast<uint8_t>(row), inverse_weight);
}

/// From the residual r to the symbol that codes it. scale: log sigma.
float TrainingModel::Impl::RoundingOffset(float r, float scale, float inverse_weight) const {
  if (!deadzones) return std::nearbyint(r) - r;
  return static_cast<float>(Symbol(r, SymbolPrices::Nearest(SymbolPrices::Row(scale)), inverse_weight)) - r;
}

/// The first half's mean comes from the hyper-decoder alone; what it decodes to corrects the mean of the second half.
void TrainingModel::Impl::ForwardContext(bool frozen) {
  ForEachImage([&](int n, PerImage& p) {
    ForEachLatent(n, [&](int64_t e, size_t c, bool first) {
      const size_t i = static_cast<size_t>(e);
      mu[i] = mu_out[e] * p.gain[c];
      const float log_sigma_fixed = std::clamp(sigma_out[e] + log_sigma->value[c], kLogSigmaMin, kLogSigmaMax);
      sigma[i] = log_sigma_fixed + std::log(p.gain[c]);
      if (!frozen) first_offset[i] = RoundingOffset(y[i] - mu[i], sigma[i], p.inverse_weight[c]);
      seen[i] = first ? (y[i] + first_offset[i]) * (middle_gain[c] / p.gain[c]) : 0.f;
      context_input[i] = first ? Compand(seen[i]) : 0.f;
    });
  });
  const float* part = context_in->Forward(context_input.data());
  const int64_t f = f_shape.c, k = context_in->output_shape().c, positions = f_shape.size() / f;
#pragma omp parallel for schedule(static)
  for (int64_t r = 0; r < positions; ++r) {
    std::memcpy(joined.data() + r * (f + k), features + r * f, static_cast<size_t>(f) * sizeof(float));
    std::memcpy(joined.data() + r * (f + k) + f, part + r * k, static_cast<size_t>(k) * sizeof(float));
  }
  correction = context_out->Forward(joined.data());
}

/// Bits of an image's y with the noise of this seed (null: of the last step) and their derivatives.
double TrainingModel::Impl::NoisyBits(int n, const PerImage& p, const uint64_t* seed) {
  ForEachLatent(n, [&](int64_t e, size_t c, bool) {
    const size_t i = static_cast<size_t>(e);
    const float r = y[i] - mu[i];
    if (seed != nullptr) {
      y_offset[i] = RoundingOffset(r, sigma[i], p.inverse_weight[c]);
      noise[i] = Noise(*seed, static_cast<uint64_t>(first_image * LatentsOf()) + i);
    }
    slope[i] = 1;
    d_latent[i] = r + noise[i];  // a scratch for the noisy residual
  });
  const int64_t begin = n * LatentsOf();
  return GaussianBits(d_latent.data() + begin, sigma.data() + begin, LatentsOf(), d_r.data() + begin,
                      d_sigma.data() + begin);
}

/// Bits of an image's y in a file, their derivatives and that of the symbols. frozen: symbols of the last step.
double TrainingModel::Impl::FileBits(int n, const PerImage& p, bool frozen) {
  double bits = 0;
  ForEachLatent(n, [&](int64_t e, size_t c, bool) {
    const size_t i = static_cast<size_t>(e);
    const float r = y[i] - mu[i], weight = p.inverse_weight[c], row = SymbolPrices::Row(sigma[i]);
    const int coded = SymbolPrices::Nearest(row);
    if (!frozen) y_offset[i] = static_cast<float>(Symbol(r, coded, weight)) - r;
    const int symbol = static_cast<int>(std::lrint(r + y_offset[i]));
    // Where nothing is coded, sigma hears of the symbol that would be if it were.
    const int wanted = coded != 0 ? symbol : Symbol(r, 1, weight);
    const float paid = prices->Bits(wanted == 0 ? row : std::max(row, 1.f), wanted, &d_sigma[i]);
    if (coded != 0) bits += paid;
    const int low = Symbol(r - 0.5f, coded, weight), high = Symbol(r + 0.5f, coded, weight);
    float unused = 0;
    slope[i] = static_cast<float>(high - low);
    d_r[i] = high == low
                 ? 0.f
                 : prices->Bits(std::max(row, 1.f), high, &unused) - prices->Bits(std::max(row, 1.f), low, &unused);
  });
  return bits;
}

void TrainingModel::Impl::ForwardRate(const uint64_t* seed) {
  const int64_t z_count = z_shape.size() / batch;
  ForEachImage([&](int n, PerImage& p) {
    ForEachLatent(n, [&](int64_t e, size_t c, bool first) {
      if (!first) mu[static_cast<size_t>(e)] += p.gain[c] * correction[e];
    });
    p.y_bits = prices ? FileBits(n, p, seed == nullptr) : NoisyBits(n, p, seed);
    ForEachLatent(n, [&](int64_t e, size_t c, bool) {
      const size_t i = static_cast<size_t>(e);
      decoder_input[i] = (y[i] + y_offset[i]) * p.step[c];
    });
    for (int64_t e = n * z_count; e < (n + 1) * z_count; ++e) {
      const size_t i = static_cast<size_t>(e), c = static_cast<size_t>(e % z_shape.c);
      float d_noisy = 0, d_rounded = 0, d_noisy_scale = 0, d_rounded_scale = 0;
      const double rounded = LogisticBits(z[i] + z_offset[i], p.z_log_scale[c], &d_rounded, &d_rounded_scale);
      if (prices) {  // as for y: the difference over one step, which pulls to 0 what rounds to 0 anyway
        const float low = std::floor(z[i]), scale = p.z_log_scale[c];
        float unused = 0;
        p.z_bits += rounded, p.d_z_scale[c] += double{d_rounded_scale};
        d_z[i] = static_cast<float>(LogisticBits(low + 1, scale, &unused, &unused) -
                                    LogisticBits(low, scale, &unused, &unused));
        continue;
      }
      // Most of z rounds to 0, and noise alone makes symbols just above 1/2 too cheap: half of the price is that of the
      // symbol itself.
      const double noisy = LogisticBits(z[i] + z_noise[i], p.z_log_scale[c], &d_noisy, &d_noisy_scale);
      p.z_bits += 0.5 * (noisy + rounded);
      d_z[i] = 0.5f * (d_noisy + d_rounded);
      p.d_z_scale[c] += 0.5 * (double{d_noisy_scale} + double{d_rounded_scale});
    }
  });
}

StepResult TrainingModel::Impl::Loss(const float* x, const float* quality) {
  const int64_t samples = image.size() / batch;
  const double pixels = static_cast<double>(image.h) * image.w;
  ForEachImage([&](int n, PerImage& p) {
    for (int64_t e = n * samples; e < (n + 1) * samples; ++e) {
      const double error = double{restored[e]} + 0.5 - double{x[e]};
      p.squared_error += error * error;
    }
  });
  StepResult result;
  for (int n = 0; n < batch; ++n) {
    PerImage& p = images[static_cast<size_t>(n)];
    const double lambda = 65025 * architecture->LambdaAt(quality[n]);
    const double weight = RateWeight(lambda) / batch;
    const double bpp = (p.y_bits + p.z_bits) / pixels, mse = p.squared_error / static_cast<double>(samples);
    result.loss += weight * (bpp + lambda * mse);
    result.bpp += bpp / batch, result.z_bpp += p.z_bits / pixels / batch, result.mse += mse / batch;
    p.d_bits = static_cast<float>(weight / pixels);
    p.d_squared_error = static_cast<float>(weight * lambda / static_cast<double>(samples));
  }
  return result;
}

StepResult TrainingModel::Impl::Forward(const float* x, const float* clean, const float* quality,
                                        const uint64_t* seed) {
  Prepare(quality);
  const int64_t size = image.size();
#pragma omp parallel for simd schedule(static)
  for (int64_t i = 0; i < size; ++i) x0[static_cast<size_t>(i)] = x[i] - 0.5f;
  ForwardLatent();
  ForwardHyper(seed);
  ForwardContext(seed == nullptr);
  ForwardRate(seed);
  restored = decoder->Forward(decoder_input.data());
  return Loss(clean, quality);
}

void TrainingModel::Impl::BackwardDistortion(const float* x) {
  const int64_t samples = image.size() / batch;
  ForEachImage([&](int n, PerImage& p) {
    for (int64_t e = n * samples; e < (n + 1) * samples; ++e) {
      d_image[static_cast<size_t>(e)] = 2 * p.d_squared_error * (restored[e] + 0.5f - x[e]);
    }
  });
  decoder->Backward(d_image.data(), d_latent.data());
  ForEachImage([&](int n, PerImage& p) {
    ForEachLatent(n, [&](int64_t e, size_t c, bool) {
      const size_t i = static_cast<size_t>(e);
      const float d = d_latent[i] * p.step[c];
      d_y[i] = slope[i] * d, d_mu[i] = (1 - slope[i]) * d;
      p.d_step[c] += double{d_latent[i]} * decoder_input[i];
    });
  });
}

/// From here on d_mu is the gradient of the mean of each element, d_heads first that of the correction.
void TrainingModel::Impl::BackwardRate() {
  ForEachImage([&](int n, PerImage& p) {
    ForEachLatent(n, [&](int64_t e, size_t c, bool first) {
      const size_t i = static_cast<size_t>(e);
      const float g = p.d_bits * d_r[i];
      d_y[i] += g;
      d_mu[i] -= g;
      d_heads[i] = first ? 0.f : d_mu[i] * p.gain[c];
      d_sigma[i] *= p.d_bits;
    });
  });
}

void TrainingModel::Impl::BackwardContext() {
  context_out->Backward(d_heads.data(), d_joined.data());
  const int64_t f = f_shape.c, k = context_in->output_shape().c, positions = f_shape.size() / f;
#pragma omp parallel for schedule(static)
  for (int64_t r = 0; r < positions; ++r) {
    std::memcpy(d_features.data() + r * f, d_joined.data() + r * (f + k), static_cast<size_t>(f) * sizeof(float));
    std::memcpy(d_part.data() + r * k, d_joined.data() + r * (f + k) + f, static_cast<size_t>(k) * sizeof(float));
  }
  context_in->Backward(d_part.data(), d_latent.data());
  ForEachImage([&](int n, PerImage& p) {
    ForEachLatent(n, [&](int64_t e, size_t c, bool first) {
      if (!first) return;
      const size_t i = static_cast<size_t>(e);
      const float ratio = middle_gain[c] / p.gain[c];
      const float d_seen = d_latent[i] / (1 + std::fabs(seen[i]));
      d_y[i] += slope[i] * d_seen * ratio, d_mu[i] += (1 - slope[i]) * d_seen * ratio;
      p.d_middle[c] += double{d_seen} * seen[i];
      p.d_gain[c] -= double{d_seen} * seen[i];
    });
  });
}

void TrainingModel::Impl::BackwardHyper() {
  const auto add_features = [&](Graph& head) {
    head.Backward(d_heads.data(), d_part.data());
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < f_shape.size(); ++i) d_features[static_cast<size_t>(i)] += d_part[static_cast<size_t>(i)];
  };
  ForEachImage([&](int n, PerImage& p) {
    ForEachLatent(n, [&](int64_t e, size_t c, bool) {  // mu = gain * (head + correction)
      const size_t i = static_cast<size_t>(e);
      d_heads[i] = d_mu[i] * p.gain[c];
      p.d_gain[c] += double{d_mu[i]} * mu[i];
    });
  });
  add_features(*mu_head);
  ForEachImage([&](int n, PerImage& p) {
    ForEachLatent(n, [&](int64_t e, size_t c, bool) {
      const size_t i = static_cast<size_t>(e);
      const float v = sigma_out[e] + log_sigma->value[c];
      d_heads[i] = v > kLogSigmaMin && v < kLogSigmaMax ? d_sigma[i] : 0.f;
      p.d_sigma[c] += d_heads[i];
      p.d_gain[c] += d_sigma[i];
    });
  });
  add_features(*sigma_head);
  hyper_decoder->Backward(d_features.data(), d_he.data());

  const int64_t channels = z_shape.c, count = z_shape.size() / batch;
  ForEachImage([&](int n, PerImage& p) {
    for (double& d : p.d_z_scale) d *= p.d_bits;
    for (int64_t e = n * count; e < (n + 1) * count; ++e) {
      const size_t i = static_cast<size_t>(e), c = static_cast<size_t>(e % channels);
      const float through = d_he[i] / p.z_gain[c];  // d hyper_input / d z, and / d z_mean
      const float d = p.d_bits * d_z[i] + through;
      p.d_z_gain[c] += double{d} * (z[i] + z_mean->value[c]) - double{d_he[i]} * hyper_input[i];
      p.d_z_mean[c] += double{through} - d;
      d_z[i] = d * p.z_gain[c];
    }
  });
  // The hyper-decoder knows integers only, and the noise of its slopes between them would outweigh all else in the
  // analysis: with tables that does not hear of z.
  hyper_encoder->Backward(d_z.data(), prices ? nullptr : d_latent.data());
  if (prices) std::fill_n(d_latent.data(), y_shape.size(), 0.f);
}

void TrainingModel::Impl::BackwardLatent() {
  ForEachImage([&](int n, PerImage& p) {
    ForEachLatent(n, [&](int64_t e, size_t c, bool) {
      const size_t i = static_cast<size_t>(e);
      const float d_scaled = d_latent[i] / (1 + std::fabs(scaled[i]));
      p.d_middle[c] += double{d_scaled} * scaled[i];
      p.d_gain[c] += double{d_y[i]} * y[i];
      d_latent[i] = d_y[i] * p.gain[c] + d_scaled * middle_gain[c];
    });
  });
  encoder->Backward(d_latent.data(), nullptr);
}

void TrainingModel::Impl::CollectTableGradients() {
  const size_t middle = architecture->lambdas.size() / 2;
  for (const PerImage& p : images) {
    AddToTable(*log_gain, p.position, p.d_gain);
    AddToTable(*log_step, p.position, p.d_step);
    AddToTable(*log_z_gain, p.position, p.d_z_gain);
    AddToTable(*z_log_scale, p.position, p.d_z_scale);
    for (size_t c = 0; c < p.d_sigma.size(); ++c) {
      log_sigma->grad[c] += static_cast<float>(p.d_sigma[c]);
      log_gain->grad[middle * p.d_middle.size() + c] += static_cast<float>(p.d_middle[c]);
    }
    for (size_t c = 0; c < p.d_z_mean.size(); ++c) z_mean->grad[c] += static_cast<float>(p.d_z_mean[c]);
  }
}

void TrainingModel::Impl::Backward(const float* x) {
  BackwardDistortion(x);
  BackwardRate();
  BackwardContext();
  BackwardHyper();
  BackwardLatent();
  CollectTableGradients();
}

TrainingModel::TrainingModel() : impl_(std::make_unique<Impl>()) {}
TrainingModel::~TrainingModel() = default;

void AddEntropyParameters(const Architecture& architecture, Parameters& parameters) {
  const int64_t q = std::ssize(architecture.lambdas), m = architecture.latent_channels, n = architecture.hyper_channels;
  parameters.FindOrAdd("log_gain", {q, m});
  parameters.FindOrAdd("log_step", {q, m});
  if (architecture.prior == PriorType::kFactorized) {
    parameters.FindOrAdd("y_log_scale", {q, m});
    parameters.FindOrAdd("y_mean", {m});
    return;
  }
  parameters.FindOrAdd("log_sigma", {m});
  parameters.FindOrAdd("log_z_gain", {q, n});
  parameters.FindOrAdd("z_log_scale", {q, n});
  parameters.FindOrAdd("z_mean", {n});
}

Result<std::unique_ptr<TrainingModel>> TrainingModel::Create(const Architecture& architecture, Parameters& parameters,
                                                             int batch, int patch, const TrainingNumerics& how) {
  const int unit = architecture.tile != 0 ? architecture.tile : architecture.hyper_stride;
  if (patch < unit || patch % unit != 0) {
    return UsageError("--patch " + std::to_string(patch) + " must be a multiple of " + std::to_string(unit));
  }
  std::optional<FakeQuantisation> rounding;
  if (how.fake_quantise) {
    AECOMP_ASSIGN_OR_RETURN(rounding, FakeQuantisation::Create(architecture));
  }
  std::unique_ptr<TrainingModel> model(new TrainingModel);
  if (architecture.prior == PriorType::kFactorized) {
    AECOMP_ASSIGN_OR_RETURN(model->factorized_, FactorizedTraining::Create(architecture, parameters, batch, patch,
                                                                           {how.relu_leak, {}, how.bfloat16}));
    return model;
  }
  Impl& m = *model->impl_;
  m.architecture = &architecture;
  m.parameters = &parameters;
  m.batch = batch;
  m.rounding = std::move(rounding);
  AECOMP_RETURN_IF_ERROR(m.Compile(patch, how));
  AddEntropyParameters(architecture, parameters);
  m.log_gain = parameters.Find("log_gain"), m.log_step = parameters.Find("log_step");
  m.log_sigma = parameters.Find("log_sigma"), m.log_z_gain = parameters.Find("log_z_gain");
  m.z_log_scale = parameters.Find("z_log_scale"), m.z_mean = parameters.Find("z_mean");
  for (Parameter& p : parameters.list()) p.grad.assign(p.value.size(), 0.f);
  return model;
}

StepResult TrainingModel::ForwardBackward(const float* x, const float* quality, uint64_t seed, const float* clean,
                                          int64_t first_image) {
  const float* target = clean != nullptr ? clean : x;
  if (factorized_ != nullptr) return factorized_->ForwardBackward(x, target, quality, seed, first_image);
  Impl& m = *impl_;
  m.first_image = first_image;
  if (m.rounding) m.rounding->Round(*m.parameters);
  const StepResult result = m.Forward(x, target, quality, &seed);
  m.Backward(target);
  if (m.rounding) m.rounding->Restore(*m.parameters);
  return result;
}

void TrainingModel::OnGradient(const std::function<void(Parameter&)>& done) {
  if (factorized_ != nullptr) return factorized_->OnGradient(done);
  Impl& m = *impl_;
  for (TiledNetwork* network : {m.encoder.get(), m.decoder.get()}) network->OnGradient(done);
  for (Graph* graph : {m.hyper_encoder.get(), m.hyper_decoder.get(), m.sigma_head.get(), m.mu_head.get(),
                       m.context_in.get(), m.context_out.get()}) {
    graph->OnGradient(done);
  }
}

StepResult TrainingModel::ForwardFrozen(const float* x, const float* quality, const float* clean) {
  const float* target = clean != nullptr ? clean : x;
  if (factorized_ != nullptr) return factorized_->ForwardFrozen(x, target, quality);
  Impl& m = *impl_;
  if (m.rounding) m.rounding->Round(*m.parameters);
  const StepResult result = m.Forward(x, target, quality, nullptr);
  if (m.rounding) m.rounding->Restore(*m.parameters);
  return result;
}

std::string TrainingModel::FirstNonFinite() const {
  if (factorized_ != nullptr) return factorized_->FirstNonFinite();
  const Impl& m = *impl_;
  const std::pair<const char*, const Graph*> graphs[] = {
      {"encoder", &m.encoder->graph()},         {"hyper_encoder", m.hyper_encoder.get()},
      {"hyper_decoder", m.hyper_decoder.get()}, {"mu_head", m.mu_head.get()},
      {"sigma_head", m.sigma_head.get()},       {"context_in", m.context_in.get()},
      {"context_out", m.context_out.get()},     {"decoder", &m.decoder->graph()}};  // in the order in which they run
  return aecomp::FirstNonFinite(graphs);
}

void TrainingModel::UseDeadzones(bool on) { impl_->deadzones = on; }
void TrainingModel::UseTables(const CodingTables& y_tables) {
  impl_->deadzones = true;
  impl_->prices.emplace(y_tables);
  impl_->quantiser = RdQuantiser(y_tables);
}

std::vector<std::string> TrainingModel::MakersOfZ() const {
  const Impl& m = *impl_;
  std::vector<std::string> names = {"log_z_gain", "z_mean"};
  const auto layers = InferShapes(m.architecture->hyper_encoder, m.y_shape);
  for (const LayerReport& layer : layers.value()) {
    for (const char* kind : {".weight", ".bias"}) {
      if (m.parameters->Find(layer.name + kind) != nullptr) names.push_back(layer.name + kind);
    }
  }
  return names;
}

const float* TrainingModel::z_noise() const { return impl_->z_noise.data(); }
const float* TrainingModel::y_noise() const { return impl_->noise.data(); }
const float* TrainingModel::y_offset() const { return impl_->y_offset.data(); }
const Shape& TrainingModel::z_shape() const { return impl_->z_shape; }
const Shape& TrainingModel::y_shape() const { return impl_->y_shape; }

}  // namespace aecomp
