#include "train/loss/factorized_training.h"

#include <cmath>
#include <utility>

#include "train/loss/fake_quantisation.h"
#include "train/loss/first_non_finite.h"
#include "train/loss/prior_tables.h"
#include "train/loss/rate.h"
#include "train/random_bits.h"

namespace aecomp {
namespace {

using Buffer = AlignedBuffer<float>;

}  // namespace

struct FactorizedTraining::Scales {
  QualityPosition position;
  std::vector<float> gain, step, log_scale;  // [M]
};

struct FactorizedTraining::ScaleGradients {
  explicit ScaleGradients(size_t channels) : gain(channels), step(channels), scale(channels), mean(channels) {}
  std::vector<double> gain, step, scale, mean;  // [M], of the logarithms but for the mean
};

struct FactorizedTraining::Pass {
  Pass(const Shape& images, const Shape& y)
      : x(static_cast<size_t>(images.size())),
        r(static_cast<size_t>(y.size())),
        decoder_input(r.size()),
        d_r(r.size()),
        d_log_scale(r.size()) {}

  Buffer x;                    // [images]: minus 1/2
  std::vector<Scales> scales;  // [N]
  Draws draws;                 // empty when those of another pass are repeated
  Buffer r, decoder_input;     // [y]
  Buffer d_r, d_log_scale;     // [y]: derivatives of the bits
  std::vector<CropBits> bits;  // [N]
  RateDistortionLoss::Value loss;
};

Result<std::unique_ptr<TrainingModel>> FactorizedTraining::Create(const Architecture& a, Parameters& parameters,
                                                                  const Shape& images,
                                                                  const TrainingModelOptions& options) {
  if (options.fake_quantise) AECOMP_RETURN_IF_ERROR(FakeQuantisation::Create(a).status());
  const Numerics numerics{options.relu_leak, {}, options.bfloat16};
  const auto mode = Graph::Mode::kTraining;
  AECOMP_ASSIGN_OR_RETURN(auto encoder,
                          TiledNetwork::Create(a.encoder, images, PixelTile(a), parameters, mode, numerics));
  AECOMP_ASSIGN_OR_RETURN(auto decoder, TiledNetwork::Create(a.decoder, encoder->output_shape(), LatentTile(a),
                                                             parameters, mode, numerics));
  AddEntropyParameters(a, parameters);
  for (Parameter& p : parameters.list()) p.grad.assign(p.value.size(), 0.f);
  return std::unique_ptr<TrainingModel>(
      new FactorizedTraining(a, parameters, images, std::move(encoder), std::move(decoder), options.distortion));
}

FactorizedTraining::FactorizedTraining(const Architecture& architecture, Parameters& parameters, const Shape& images,
                                       std::unique_ptr<TiledNetwork> encoder, std::unique_ptr<TiledNetwork> decoder,
                                       const DistortionFactory& distortion)
    : architecture_(architecture),
      log_gain_(*parameters.Find("log_gain")),
      log_step_(*parameters.Find("log_step")),
      log_scale_(*parameters.Find("y_log_scale")),
      mean_(*parameters.Find("y_mean")),
      images_(images),
      encoder_(std::move(encoder)),
      decoder_(std::move(decoder)),
      y_shape_(encoder_->output_shape()),
      loss_(architecture, images, distortion) {}

StepResult FactorizedTraining::ForwardBackward(const TrainingBatch& batch, const RateTerm&, Draws* drawn) {
  Pass pass = RunForward(batch, nullptr, /*with_gradient=*/true);
  RunBackward(pass);
  if (drawn != nullptr) *drawn = std::move(pass.draws);
  return pass.loss.result;
}

StepResult FactorizedTraining::Forward(const TrainingBatch& batch, const RateTerm&, const Draws* repeated) {
  return RunForward(batch, repeated, /*with_gradient=*/false).loss.result;
}

FactorizedTraining::Pass FactorizedTraining::RunForward(const TrainingBatch& batch, const Draws* repeated,
                                                        bool with_gradient) {
  Pass pass(images_, y_shape_);
  const int64_t size = images_.size();
#pragma omp parallel for simd schedule(static)
  for (int64_t i = 0; i < size; ++i) pass.x[static_cast<size_t>(i)] = batch.x[i] - 0.5f;
  const float* latent = encoder_->Forward(pass.x.data());
  const size_t crops = static_cast<size_t>(images_.n);
  pass.scales.resize(crops), pass.bits.resize(crops);
  if (repeated == nullptr) {
    pass.draws.y_shape = y_shape_;
    pass.draws.y_offset = Buffer(pass.r.size()), pass.draws.y_noise = Buffer(pass.r.size());
  }
#pragma omp parallel for schedule(static)
  for (size_t n = 0; n < crops; ++n) ForwardCrop(n, latent, batch, repeated, pass);
  pass.loss =
      loss_.Evaluate(batch, pass.bits, {decoder_->Forward(pass.decoder_input.data()), nullptr, {}}, with_gradient);
  return pass;
}

void FactorizedTraining::ForwardCrop(size_t n, const float* latent, const TrainingBatch& batch, const Draws* repeated,
                                     Pass& pass) const {
  Scales& s = pass.scales[n];
  s.position = PositionOf(batch.quality[n], architecture_.lambdas.size());
  s.gain = ExpRows(log_gain_, s.position);
  s.step = ExpRows(log_step_, s.position);
  s.log_scale = MixRows(log_scale_, s.position);
  const size_t channels = s.gain.size(), size = CropSize(), begin = n * size;
  const size_t before = static_cast<size_t>(batch.first_crop) * size;
  const Draws& draws = repeated != nullptr ? *repeated : pass.draws;
  Buffer noisy(size), log_scales(size);
  for (size_t k = 0; k < size; ++k) {
    const size_t i = begin + k, c = i % channels;
    const float r = (latent[i] - mean_.value[c]) * s.gain[c];
    if (repeated == nullptr) {
      pass.draws.y_offset[i] = std::nearbyint(r) - r;
      pass.draws.y_noise[i] = UniformNoise(batch.seed, before + i);
    }
    pass.r[i] = r;
    pass.decoder_input[i] = (r + draws.y_offset[i]) * s.step[c] + mean_.value[c];
    noisy[k] = r + draws.y_noise[i];
    log_scales[k] = s.log_scale[c];
  }
  pass.bits[n].y = LogisticBits(noisy.data(), log_scales.data(), static_cast<int64_t>(size), pass.d_r.data() + begin,
                                pass.d_log_scale.data() + begin);
}

void FactorizedTraining::RunBackward(const Pass& pass) {
  Buffer d_decoder_input(pass.r.size()), d_latent(pass.r.size());
  decoder_->Backward(pass.loss.d_decoded.data(), d_decoder_input.data());
  const size_t crops = pass.scales.size();
  std::vector<ScaleGradients> gradients(crops, ScaleGradients(pass.scales.front().gain.size()));
#pragma omp parallel for schedule(static)
  for (size_t n = 0; n < crops; ++n) BackwardCrop(n, pass, d_decoder_input.data(), d_latent.data(), gradients[n]);
  encoder_->Backward(d_latent.data(), nullptr);
  for (size_t n = 0; n < crops; ++n) {
    AddToTable(log_gain_, pass.scales[n].position, gradients[n].gain);
    AddToTable(log_step_, pass.scales[n].position, gradients[n].step);
    AddToTable(log_scale_, pass.scales[n].position, gradients[n].scale);
    AddToParameter(mean_, 0, gradients[n].mean);
  }
}

void FactorizedTraining::BackwardCrop(size_t n, const Pass& pass, const float* d_decoder_input, float* d_latent,
                                      ScaleGradients& d) const {
  const Scales& s = pass.scales[n];
  const float d_bits = pass.loss.d_bits[n];
  for (size_t i = n * CropSize(); i < (n + 1) * CropSize(); ++i) {
    const size_t c = i % s.gain.size();
    d.step[c] += double{d_decoder_input[i]} * (pass.decoder_input[i] - mean_.value[c]);
    d.scale[c] += double{d_bits} * pass.d_log_scale[i];
    const float d_r = d_decoder_input[i] * s.step[c] + d_bits * pass.d_r[i];
    d.gain[c] += double{d_r} * pass.r[i];
    d_latent[i] = d_r * s.gain[c];
    d.mean[c] += double{d_decoder_input[i]} - d_latent[i];
  }
}

void FactorizedTraining::OnGradient(const std::function<void(Parameter&)>& done) {
  for (TiledNetwork* network : {encoder_.get(), decoder_.get()}) network->OnGradient(done);
}

std::string FactorizedTraining::FirstNonFinite() const {
  const std::pair<const char*, const Graph*> graphs[] = {{"encoder", &encoder_->graph()},
                                                         {"decoder", &decoder_->graph()}};
  return aecomp::FirstNonFinite(graphs);
}

}  // namespace aecomp
