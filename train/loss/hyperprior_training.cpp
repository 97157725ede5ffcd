#include "train/loss/hyperprior_training.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "train/loss/first_non_finite.h"
#include "train/loss/latent_stages.h"

namespace aecomp {
namespace {

constexpr uint64_t kHyperSeed = 0x5A5A5A5A5A5A5A5Aull;  // z has noise of its own

FloatBuffer Centred(const float* x, int64_t size) {
  FloatBuffer centred(static_cast<size_t>(size));
#pragma omp parallel for simd schedule(static)
  for (int64_t i = 0; i < size; ++i) centred[static_cast<size_t>(i)] = x[i] - 0.5f;
  return centred;
}

FloatBuffer DrawNoise(const Shape& shape, const RateTerm& rate, uint64_t seed, int64_t first_crop) {
  FloatBuffer noise(static_cast<size_t>(shape.size()));
  const int64_t size = shape.size() / shape.n;
#pragma omp parallel for schedule(static)
  for (int n = 0; n < shape.n; ++n)
    rate.DrawNoise(seed, static_cast<uint64_t>((first_crop + n) * size), noise.data() + n * size, size);
  return noise;
}

Rates CountBits(const Shape& y_shape, const Shape& z_shape, const FloatBuffer& y, const Gaussians& gaussians,
                const FloatBuffer& z, const BatchScales& scales, const Draws& draws, const RateTerm& rate) {
  const size_t crops = scales.crops.size(), y_size = y.size(), z_size = z.size();
  Rates rates{std::vector<CropBits>(crops),
              FloatBuffer(y_size),
              FloatBuffer(y_size),
              FloatBuffer(y_size),
              FloatBuffer(z_size),
              std::vector<std::vector<double>>(crops, std::vector<double>(static_cast<size_t>(z_shape.c)))};
  const LatentExtent y_extent{int64_t{y_shape.h} * y_shape.w, static_cast<size_t>(y_shape.c)};
  const LatentExtent z_extent{int64_t{z_shape.h} * z_shape.w, static_cast<size_t>(z_shape.c)};
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t n = 0; n < crops; ++n) {
    const CropScales& crop = scales.crops[n];
    std::vector<const float*> inverse_weights;
    for (size_t p = 0; p < static_cast<size_t>(y_extent.positions); ++p)
      inverse_weights.push_back(crop.places[crop.PlaceOf(p)].inverse_weight.data());
    const size_t i = n * (y_size / crops), k = n * (z_size / crops);
    const YResiduals residuals{y.data() + i,
                               gaussians.mean.data() + i,
                               gaussians.log_sigma.data() + i,
                               draws.y_offset.data() + i,
                               draws.y_noise.data() + i,
                               inverse_weights.data()};
    const YDerivatives derivatives{rates.d_residual.data() + i, rates.d_log_sigma.data() + i, rates.slope.data() + i};
    rates.bits[n].y = rate.YBits(y_extent, residuals, derivatives);
    const ZResiduals hyper{z.data() + k, draws.z_offset.data() + k, draws.z_noise.data() + k, crop.z_log_scale.data()};
    rates.bits[n].z = rate.ZBits(z_extent, hyper, rates.d_z.data() + k, rates.d_log_scale[n].data());
  }
  return rates;
}

}  // namespace

struct HyperpriorTraining::Pass {
  BatchScales scales;
  FloatBuffer x;  // [images]: minus 1/2
  Latents latents;
  FloatBuffer z, z_decoded;  // [z]: see ScaleHyper, DecodeHyper
  PriorNetworks::Prediction prediction;
  Gaussians gaussians;
  SeenHalf half;
  Draws draws;  // empty when those of another pass are repeated
  Rates rates;
  FloatBuffer decoder_input;  // [y]
  RateDistortionLoss::Value loss;
};

Result<std::unique_ptr<TrainingModel>> HyperpriorTraining::Create(const Architecture& a, Parameters& parameters,
                                                                  const Shape& images,
                                                                  const TrainingModelOptions& options) {
  std::optional<FakeQuantisation> rounding;
  if (options.fake_quantise) {
    AECOMP_ASSIGN_OR_RETURN(rounding, FakeQuantisation::Create(a));
  }
  const Numerics numerics{options.relu_leak, rounding ? rounding->inputs() : RoundedInputs(), options.bfloat16};
  const auto mode = Graph::Mode::kTraining;
  Networks networks;
  AECOMP_ASSIGN_OR_RETURN(networks.encoder,
                          TiledNetwork::Create(a.encoder, images, PixelTile(a), parameters, mode, numerics));
  const Shape y = networks.encoder->output_shape();
  AECOMP_ASSIGN_OR_RETURN(networks.decoder,
                          TiledNetwork::Create(a.decoder, y, LatentTile(a), parameters, mode, numerics));
  AECOMP_ASSIGN_OR_RETURN(networks.prior, PriorNetworks::Create(a, y, parameters, numerics));
  AddEntropyParameters(a, parameters);
  for (Parameter& p : parameters.list()) p.grad.assign(p.value.size(), 0.f);
  return std::unique_ptr<TrainingModel>(
      new HyperpriorTraining(a, parameters, images, std::move(networks), std::move(rounding), options));
}

HyperpriorTraining::HyperpriorTraining(const Architecture& architecture, Parameters& parameters, const Shape& images,
                                       Networks networks, std::optional<FakeQuantisation> rounding,
                                       const TrainingModelOptions& options)
    : parameters_(parameters),
      images_(images),
      networks_(std::move(networks)),
      y_shape_(networks_.encoder->output_shape()),
      z_shape_(networks_.prior->z_shape()),
      rounding_(std::move(rounding)),
      tables_(architecture, parameters),
      map_(options.map),
      loss_(architecture, images, options.distortion) {}

StepResult HyperpriorTraining::ForwardBackward(const TrainingBatch& batch, const RateTerm& rate, Draws* drawn) {
  const RoundedWeights rounded(rounding_, parameters_);
  Pass pass = RunForward(batch, rate, nullptr, /*with_gradient=*/true);
  RunBackward(pass, rate.AnalysisLearnsFromZ());
  if (drawn != nullptr) *drawn = std::move(pass.draws);
  return pass.loss.result;
}

StepResult HyperpriorTraining::Forward(const TrainingBatch& batch, const RateTerm& rate, const Draws* repeated) {
  const RoundedWeights rounded(rounding_, parameters_);
  return RunForward(batch, rate, repeated, /*with_gradient=*/false).loss.result;
}

HyperpriorTraining::Pass HyperpriorTraining::RunForward(const TrainingBatch& batch, const RateTerm& rate,
                                                        const Draws* repeated, bool with_gradient) {
  Pass pass;
  pass.scales = {tables_.At(batch.quality, images_.n), tables_.MiddleGain()};
  pass.x = Centred(batch.x, images_.size());
  const float* analysed = networks_.encoder->Forward(pass.x.data());
  pass.latents = CompandLatents(y_shape_, analysed, pass.scales);
  PredictLatents(batch, rate, repeated, analysed, pass);
  if (repeated == nullptr) {
    pass.draws.y_shape = y_shape_, pass.draws.z_shape = z_shape_;
    pass.draws.y_offset =
        RoundLatents(y_shape_, pass.latents.y, pass.gaussians, rate.rounding(), pass.scales, Half::kBoth);
    pass.draws.y_noise = DrawNoise(y_shape_, rate, batch.seed, batch.first_crop);
  }
  const Draws& draws = repeated != nullptr ? *repeated : pass.draws;
  pass.rates = CountBits(y_shape_, z_shape_, pass.latents.y, pass.gaussians, pass.z, pass.scales, draws, rate);
  pass.decoder_input = DecodeLatents(y_shape_, pass.latents.y, draws.y_offset, pass.scales);
  const float* decoded = networks_.decoder->Forward(pass.decoder_input.data());
  std::vector<float> weights;
  if (!map_.empty()) weights = ErrorWeights(y_shape_, pass.scales);
  pass.loss = loss_.Evaluate(batch, pass.rates.bits, {decoded, weights.data(), y_shape_}, with_gradient);
  return pass;
}

/// From the analysis to y and its distribution: z first, which says what qualities the positions have, then the half of
/// y that the context sees.
void HyperpriorTraining::PredictLatents(const TrainingBatch& batch, const RateTerm& rate, const Draws* repeated,
                                        const float* analysed, Pass& pass) {
  PriorNetworks& prior = *networks_.prior;
  pass.z = ScaleHyper(z_shape_, prior.AnalyseHyper(pass.latents.companded.data()), pass.scales, tables_.z_mean());
  if (repeated == nullptr) {
    pass.draws.z_offset = NearestOffset(pass.z);
    pass.draws.z_noise = DrawNoise(z_shape_, rate, batch.seed ^ kHyperSeed, batch.first_crop);
  }
  const Draws& draws = repeated != nullptr ? *repeated : pass.draws;
  pass.z_decoded = DecodeHyper(z_shape_, pass.z, draws.z_offset, pass.scales, tables_.z_mean());
  pass.prediction = prior.Predict(pass.z_decoded.data());
  if (!map_.empty()) PlaceQualities(repeated, pass);
  pass.latents.y = ScaleLatents(y_shape_, analysed, pass.scales);
  pass.gaussians = ScalePrediction(y_shape_, pass.prediction, pass.scales, tables_.log_sigma());
  if (repeated == nullptr) {
    pass.draws.first_offset =
        RoundLatents(y_shape_, pass.latents.y, pass.gaussians, rate.rounding(), pass.scales, Half::kFirst);
  }
  pass.half = SeeFirstHalf(y_shape_, pass.latents.y, draws.first_offset, pass.scales);
  const float* correction = prior.Correct(pass.prediction.features, pass.half.companded.data());
  CorrectSecondHalf(y_shape_, correction, pass.scales, pass.gaussians.mean);
}

void HyperpriorTraining::PlaceQualities(const Draws* repeated, Pass& pass) const {
  if (repeated == nullptr) {
    pass.draws.quality_steps =
        ChooseQualities(y_shape_, pass.prediction, tables_.log_sigma(), tables_.MapLogGain(), map_);
  }
  const std::vector<int8_t>& steps = (repeated != nullptr ? *repeated : pass.draws).quality_steps;
  std::vector<CropScales>& crops = pass.scales.crops;
  const size_t positions = steps.size() / crops.size();
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t n = 0; n < crops.size(); ++n) tables_.PlaceQualities(steps.data() + n * positions, positions, crops[n]);
}

void HyperpriorTraining::RunBackward(const Pass& pass, bool analysis_learns_from_z) {
  const BatchScales& scales = pass.scales;
  const std::vector<float>& d_bits = pass.loss.d_bits;
  BatchScaleGradients d_scales(scales.crops.begin(), scales.crops.end());
  FloatBuffer d_latents(pass.latents.y.size()), d_features(networks_.prior->features_size()), d_z(pass.z.size());

  networks_.decoder->Backward(pass.loss.d_decoded.data(), d_latents.data());
  LatentGradients d =
      DecodeLatentsBackward(y_shape_, pass.decoder_input, d_latents, pass.rates, d_bits, scales, d_scales);

  PriorNetworks& prior = *networks_.prior;
  const FloatBuffer d_correction = CorrectSecondHalfBackward(y_shape_, d, scales);
  prior.CorrectBackward(d_correction.data(), d_features.data(), d_latents.data());
  SeeFirstHalfBackward(y_shape_, pass.half, pass.rates.slope, d_latents, scales, d, d_scales);
  prior.MeanBackward(MeanBackward(y_shape_, pass.gaussians, d, scales, d_scales).data(), d_features.data());
  prior.LogSigmaBackward(LogSigmaBackward(y_shape_, pass.prediction, d, tables_.log_sigma(), scales, d_scales).data(),
                         d_features.data());

  prior.FeaturesBackward(d_features.data(), d_z.data());
  for (size_t n = 0; n < scales.crops.size(); ++n) {
    for (size_t c = 0; c < d_scales[n].z_scale.size(); ++c)
      d_scales[n].z_scale[c] = pass.rates.d_log_scale[n][c] * d_bits[n];
  }
  const FloatBuffer d_analysed =
      HyperBackward(z_shape_, pass.z, pass.z_decoded, pass.rates.d_z, d_z, d_bits, scales, tables_.z_mean(), d_scales);
  prior.AnalyseHyperBackward(d_analysed.data(), analysis_learns_from_z ? d_latents.data() : nullptr);
  if (!analysis_learns_from_z) std::fill_n(d_latents.data(), d_latents.size(), 0.f);

  const FloatBuffer d_a = ScaleLatentsBackward(y_shape_, pass.latents, d, d_latents, scales, d_scales);
  networks_.encoder->Backward(d_a.data(), nullptr);
  tables_.AddGradients(scales.crops, d_scales);
}

void HyperpriorTraining::OnGradient(const std::function<void(Parameter&)>& done) {
  for (TiledNetwork* network : {networks_.encoder.get(), networks_.decoder.get()}) network->OnGradient(done);
  networks_.prior->OnGradient(done);
}

std::string HyperpriorTraining::FirstNonFinite() const {
  std::vector<std::pair<const char*, const Graph*>> graphs = networks_.prior->Graphs();
  graphs.insert(graphs.begin(), {"encoder", &networks_.encoder->graph()});
  graphs.emplace_back("decoder", &networks_.decoder->graph());
  return aecomp::FirstNonFinite(graphs);
}

}  // namespace aecomp
