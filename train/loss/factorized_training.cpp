// Notation: a analysis output, r = (a - mean) * gain, y^ = round(r) * step + mean. Straight-through rounding makes
// round(r) = r + const for every gradient. All arrays are channels-last.
#include "train/loss/factorized_training.h"

#include <cmath>

#include "train/loss/first_non_finite.h"
#include "train/loss/rate.h"
#include "train/loss/training_model.h"

namespace aecomp {

Result<std::unique_ptr<FactorizedTraining>> FactorizedTraining::Create(const Architecture& architecture,
                                                                       Parameters& parameters, int batch, int patch,
                                                                       const Numerics& numerics) {
  std::unique_ptr<FactorizedTraining> made(new FactorizedTraining);
  FactorizedTraining& m = *made;
  m.architecture_ = &architecture;
  m.batch_ = batch;
  m.image_ = {batch, architecture.image_channels, patch, patch};
  AECOMP_ASSIGN_OR_RETURN(m.encoder_, TiledNetwork::Create(architecture.encoder, m.image_, PixelTile(architecture),
                                                           parameters, Graph::Mode::kTraining, numerics));
  m.y_shape_ = m.encoder_->output_shape();
  AECOMP_ASSIGN_OR_RETURN(m.decoder_, TiledNetwork::Create(architecture.decoder, m.y_shape_, LatentTile(architecture),
                                                           parameters, Graph::Mode::kTraining, numerics));
  AddEntropyParameters(architecture, parameters);
  m.log_gain_ = parameters.Find("log_gain"), m.log_step_ = parameters.Find("log_step");
  m.log_scale_ = parameters.Find("y_log_scale"), m.mean_ = parameters.Find("y_mean");
  for (Parameter& p : parameters.list()) p.grad.assign(p.value.size(), 0.f);
  for (auto* b : {&m.x0_, &m.d_image_}) *b = AlignedBuffer<float>(static_cast<size_t>(m.image_.size()));
  for (auto* b :
       {&m.r_, &m.offset_, &m.noise_, &m.noisy_, &m.scales_, &m.decoder_input_, &m.d_latent_, &m.d_r_, &m.d_scales_}) {
    *b = AlignedBuffer<float>(static_cast<size_t>(m.y_shape_.size()));
  }
  m.images_.resize(static_cast<size_t>(batch));
  return made;
}

void FactorizedTraining::ForwardLatent(int n, PerImage& p, const float* latent, const uint64_t* seed) {
  const size_t channels = static_cast<size_t>(y_shape_.c), count = static_cast<size_t>(y_shape_.size() / batch_);
  const size_t begin = static_cast<size_t>(n) * count, before = static_cast<size_t>(first_image_) * count;
  for (size_t i = begin; i < begin + count; ++i) {
    const size_t c = i % channels;
    r_[i] = (latent[i] - mean_->value[c]) * p.gain[c];
    if (seed != nullptr) {
      offset_[i] = std::nearbyint(r_[i]) - r_[i];
      noise_[i] = Noise(*seed, before + i);
    }
    decoder_input_[i] = (r_[i] + offset_[i]) * p.step[c] + mean_->value[c];
    noisy_[i] = r_[i] + noise_[i];
    scales_[i] = p.log_scale[c];
  }
  p.bits = LogisticBits(noisy_.data() + begin, scales_.data() + begin, static_cast<int64_t>(count), d_r_.data() + begin,
                        d_scales_.data() + begin);
}

StepResult FactorizedTraining::Loss(const float* target, const float* quality) {
  const int64_t samples = image_.size() / batch_;
#pragma omp parallel for schedule(static)
  for (int n = 0; n < batch_; ++n) {
    PerImage& p = images_[static_cast<size_t>(n)];
    p.squared_error = 0;
    for (int64_t e = n * samples; e < (n + 1) * samples; ++e) {
      const double error = double{restored_[e]} + 0.5 - double{target[e]};
      p.squared_error += error * error;
    }
  }
  const double pixels = static_cast<double>(image_.h) * image_.w;
  StepResult result;
  for (int n = 0; n < batch_; ++n) {
    PerImage& p = images_[static_cast<size_t>(n)];
    const double lambda = 65025 * architecture_->LambdaAt(quality[n]), weight = RateWeight(lambda) / batch_;
    const double bpp = p.bits / pixels, mse = p.squared_error / static_cast<double>(samples);
    result.loss += weight * (bpp + lambda * mse);
    result.bpp += bpp / batch_, result.mse += mse / batch_;
    p.d_bits = static_cast<float>(weight / pixels);
    p.d_squared_error = static_cast<float>(weight * lambda / static_cast<double>(samples));
  }
  return result;
}

StepResult FactorizedTraining::Forward(const float* x, const float* target, const float* quality,
                                       const uint64_t* seed) {
  const int64_t size = image_.size();
#pragma omp parallel for simd schedule(static)
  for (int64_t i = 0; i < size; ++i) x0_[static_cast<size_t>(i)] = x[i] - 0.5f;
  const float* latent = encoder_->Forward(x0_.data());
#pragma omp parallel for schedule(static)
  for (int n = 0; n < batch_; ++n) {
    PerImage& p = images_[static_cast<size_t>(n)];
    p.position = PositionOf(quality[n], architecture_->lambdas.size());
    p.gain = Interpolate(*log_gain_, p.position, true);
    p.step = Interpolate(*log_step_, p.position, true);
    p.log_scale = Interpolate(*log_scale_, p.position, false);
    ForwardLatent(n, p, latent, seed);
  }
  restored_ = decoder_->Forward(decoder_input_.data());
  return Loss(target, quality);
}

/// d_latent_ becomes the gradient of the analysis output.
void FactorizedTraining::BackwardLatent(int n, PerImage& p) {
  const size_t channels = static_cast<size_t>(y_shape_.c), count = static_cast<size_t>(y_shape_.size() / batch_);
  for (auto* g : {&p.d_gain, &p.d_step, &p.d_scale, &p.d_mean}) g->assign(channels, 0.0);
  for (size_t i = static_cast<size_t>(n) * count; i < static_cast<size_t>(n + 1) * count; ++i) {
    const size_t c = i % channels;
    const float d_input = d_latent_[i];
    p.d_step[c] += double{d_input} * (decoder_input_[i] - mean_->value[c]);
    p.d_scale[c] += double{p.d_bits} * d_scales_[i];
    const float d_r = d_input * p.step[c] + p.d_bits * d_r_[i];
    p.d_gain[c] += double{d_r} * r_[i];
    d_latent_[i] = d_r * p.gain[c];
    p.d_mean[c] += double{d_input} - d_latent_[i];
  }
}

void FactorizedTraining::Backward(const float* target) {
  const int64_t samples = image_.size() / batch_;
#pragma omp parallel for schedule(static)
  for (int64_t e = 0; e < image_.size(); ++e) {
    const float slope = 2 * images_[static_cast<size_t>(e / samples)].d_squared_error;
    d_image_[static_cast<size_t>(e)] = slope * (restored_[e] + 0.5f - target[e]);
  }
  decoder_->Backward(d_image_.data(), d_latent_.data());
#pragma omp parallel for schedule(static)
  for (int n = 0; n < batch_; ++n) BackwardLatent(n, images_[static_cast<size_t>(n)]);
  encoder_->Backward(d_latent_.data(), nullptr);
  for (const PerImage& p : images_) {
    AddToTable(*log_gain_, p.position, p.d_gain);
    AddToTable(*log_step_, p.position, p.d_step);
    AddToTable(*log_scale_, p.position, p.d_scale);
    for (size_t c = 0; c < p.d_mean.size(); ++c) mean_->grad[c] += static_cast<float>(p.d_mean[c]);
  }
}

StepResult FactorizedTraining::ForwardBackward(const float* x, const float* target, const float* quality, uint64_t seed,
                                               int64_t first_image) {
  first_image_ = first_image;
  const StepResult result = Forward(x, target, quality, &seed);
  Backward(target);
  return result;
}

void FactorizedTraining::OnGradient(const std::function<void(Parameter&)>& done) {
  for (TiledNetwork* network : {encoder_.get(), decoder_.get()}) network->OnGradient(done);
}

StepResult FactorizedTraining::ForwardFrozen(const float* x, const float* target, const float* quality) {
  return Forward(x, target, quality, nullptr);
}

std::string FactorizedTraining::FirstNonFinite() const {
  const std::pair<const char*, const Graph*> graphs[] = {{"encoder", &encoder_->graph()},
                                                         {"decoder", &decoder_->graph()}};
  return aecomp::FirstNonFinite(graphs);
}

}  // namespace aecomp
