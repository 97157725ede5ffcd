#include "train/refine/block_refinement.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/entropy/checkerboard.h"
#include "train/random_bits.h"

namespace aecomp {
namespace {

// Tried on a validation photograph, see train/EXPERIMENTS.md.
constexpr float kRate = 0.02f, kBeta1 = 0.9f, kBeta2 = 0.99f, kEpsilon = 1e-12f;
constexpr float kHottest = 0.8f, kColdest = 0.12f;
constexpr float kNearlyHalf = 0.45f;

FloatBuffer Filled(const Shape& shape, float value) {
  FloatBuffer buffer(static_cast<size_t>(shape.size()));
  std::fill_n(buffer.data(), buffer.size(), value);
  return buffer;
}

FloatBuffer CopyOf(const FloatBuffer& from) {
  FloatBuffer copy(from.size());
  std::copy_n(from.data(), from.size(), copy.data());
  return copy;
}

}  // namespace

/// What is known of a block, and what is being chosen.
struct BlockRefinement::State {
  BatchScales scales;
  const float* features = nullptr;  // of the hyper-decoder
  FloatBuffer mean;                 // [y]: of the first half; without the context for the second
  std::vector<Kind> kind;           // [y]
  FloatBuffer r, moment, square;    // [y]: the residuals that move, and Adam's averages
};

/// One pass forward, and the derivative of the loss by r.
struct BlockRefinement::Pass {
  double loss = 0;
  FloatBuffer d_r;               // [y], where asked for
  std::vector<int16_t> symbols;  // [y]: the lower of both of a mixture
};

Result<std::unique_ptr<BlockRefinement>> BlockRefinement::Create(const Architecture& a, Parameters& parameters,
                                                                 const CodingTables& y_tables,
                                                                 const std::vector<int>& coarse, const Shape& y) {
  std::unique_ptr<BlockRefinement> made(new BlockRefinement(a, parameters, y_tables, y));
  const auto mode = Graph::Mode::kTraining;
  AECOMP_ASSIGN_OR_RETURN(made->decoder_, TiledNetwork::Create(a.decoder, y, {}, parameters, mode));
  AECOMP_ASSIGN_OR_RETURN(made->prior_, PriorNetworks::Create(a, y, parameters, {}));
  made->images_ = made->decoder_->output_shape();
  for (const int c : coarse) made->is_coarse_[static_cast<size_t>(c)] = 1;
  return made;
}

BlockRefinement::BlockRefinement(const Architecture& architecture, Parameters& parameters, const CodingTables& y_tables,
                                 Shape y)
    : architecture_(architecture),
      y_shape_(y),
      tables_(architecture, parameters),
      prices_(y_tables),
      is_coarse_(static_cast<size_t>(y.c)),
      zeros_(Filled(y, 0)),
      ones_(Filled(y, 1)) {}

/// Calls f(element, position, channel) for the elements of one half, rows in parallel.
template <class F>
void BlockRefinement::ForEachOf(bool first_half, F f) const {
  const size_t channels = static_cast<size_t>(y_shape_.c);
#pragma omp parallel for schedule(static)
  for (int i = 0; i < y_shape_.h; ++i) {
    for (int j = 0; j < y_shape_.w; ++j) {
      const size_t position = static_cast<size_t>(i) * static_cast<size_t>(y_shape_.w) + static_cast<size_t>(j);
      const uint32_t parity = first_half ? FirstHalfParity(i, j) : 1 - FirstHalfParity(i, j);
      for (size_t c = parity; c < channels; c += 2) f(position * channels + c, position, c);
    }
  }
}

/// All that does not change: scales, features, what is coded; and where the residuals begin.
void BlockRefinement::Begin(const BlockInput& block, State& s) {
  const auto quality = static_cast<float>(block.quality);
  s.scales = {tables_.At(&quality, 1), tables_.MiddleGain()};
  std::vector<int8_t> steps;
  for (const uint8_t q : block.plain.quality) steps.push_back(static_cast<int8_t>(q - block.quality));
  tables_.PlaceQualities(steps.data(), steps.size(), s.scales.crops.front());
  s.kind.resize(block.plain.row.size());
  for (FloatBuffer* buffer : {&s.r, &s.moment, &s.square}) *buffer = Filled(y_shape_, 0);
  const FloatBuffer y = ScaleLatents(y_shape_, block.y, s.scales);
  for (const bool first : {true, false}) {
    ForEachOf(first, [&](size_t e, size_t position, size_t c) {
      const auto i = static_cast<int>(position) / y_shape_.w, j = static_cast<int>(position) % y_shape_.w;
      const bool left_out = block.plain.row[e] == 0 && block.plain.mean[e] == 0;
      const bool kept = i >= block.coded_h || j >= block.coded_w || is_coarse_[c] || left_out;
      s.kind[e] = kept ? Kind::kKept : block.plain.row[e] == 0 ? Kind::kMean : Kind::kCoded;
      // Residuals begin where the nearest symbol is that of the plain encoder.
      const auto symbol = static_cast<float>(block.plain.symbol[e]);
      s.r[e] = symbol + std::clamp(y[e] - block.plain.mean[e] - symbol, -kNearlyHalf, kNearlyHalf);
    });
  }
  TakeMeans(block, s);
}

/// The means of the networks in f32, moved so that with the plain encoder's symbols they are its means, which networks
/// in integers predict: what an error in y^ costs is then known well enough, and so is how the context sees it.
void BlockRefinement::TakeMeans(const BlockInput& block, State& s) {
  const Latents latents = CompandLatents(y_shape_, block.y, s.scales);
  const Shape& z_shape = prior_->z_shape();
  const FloatBuffer z = ScaleHyper(z_shape, prior_->AnalyseHyper(latents.companded.data()), s.scales, tables_.z_mean());
  const FloatBuffer decoded = DecodeHyper(z_shape, z, NearestOffset(z), s.scales, tables_.z_mean());
  const PriorNetworks::Prediction prediction = prior_->Predict(decoded.data());
  s.features = prediction.features;
  s.mean = ScalePrediction(y_shape_, prediction, s.scales, tables_.log_sigma()).mean;
  FloatBuffer y_hat(s.mean.size()), with_context = CopyOf(s.mean);
  for (size_t e = 0; e < y_hat.size(); ++e) y_hat[e] = block.plain.mean[e] + static_cast<float>(block.plain.symbol[e]);
  const SeenHalf half = SeeFirstHalf(y_shape_, y_hat, zeros_, s.scales);
  CorrectSecondHalf(y_shape_, prior_->Correct(s.features, half.companded.data()), s.scales, with_context);
  for (size_t e = 0; e < y_hat.size(); ++e) s.mean[e] += block.plain.mean[e] - with_context[e];
}

/// From symbols to the loss. mix(element) gives the symbol of a coded element, or a mixture of two; it is called for
/// the first half, then for the second.
template <class Mix>
BlockRefinement::Pass BlockRefinement::Run(const BlockInput& block, State& s, RateDistortionLoss& loss,
                                           bool with_gradient, Mix mix) {
  const size_t size = s.mean.size();
  Pass pass{0, FloatBuffer(with_gradient ? size : 0), std::vector<int16_t>(size)};
  FloatBuffer y_hat(size), d_bits = Filled(y_shape_, 0), slope = Filled(y_shape_, 0), bits = Filled(y_shape_, 0);
  FloatBuffer means = CopyOf(s.mean);
  const auto code = [&](size_t e, size_t, size_t) {
    if (s.kind[e] != Kind::kCoded) {
      pass.symbols[e] = block.plain.symbol[e];
      y_hat[e] = s.kind[e] == Kind::kMean ? means[e] : block.plain.mean[e] + static_cast<float>(block.plain.symbol[e]);
      return;
    }
    const MixedSymbol k = mix(e);
    float unused = 0;
    const auto row = static_cast<float>(block.plain.row[e]);
    const float low = prices_.Bits(row, k.low, &unused), high = prices_.Bits(row, k.low + 1, &unused);
    pass.symbols[e] =
        static_cast<int16_t>(std::clamp(k.low, -CodingTables::kMaxMagnitude, CodingTables::kMaxMagnitude));
    y_hat[e] = means[e] + k.value(), slope[e] = k.slope;
    bits[e] = low + k.high_share * (high - low), d_bits[e] = high - low;
  };
  ForEachOf(true, code);
  const SeenHalf half = SeeFirstHalf(y_shape_, y_hat, zeros_, s.scales);
  const float* correction = prior_->Correct(s.features, half.companded.data());
  CorrectSecondHalf(y_shape_, correction, s.scales, means);
  ForEachOf(false, code);

  FloatBuffer decoder_input = DecodeLatents(y_shape_, y_hat, zeros_, s.scales);
  const size_t channels = static_cast<size_t>(y_shape_.c);
  for (int i = 0; i < y_shape_.h; ++i) {  // the decoder of a file sees zeros beyond what is coded
    const int from = i < block.coded_h ? block.coded_w : 0;
    float* row = decoder_input.data() + static_cast<size_t>(i * y_shape_.w) * channels;
    std::fill(row + static_cast<size_t>(from) * channels, row + static_cast<size_t>(y_shape_.w) * channels, 0.f);
  }
  const float* decoded = decoder_->Forward(decoder_input.data());
  const int64_t samples = images_.c;
  for (int64_t i = 0; i < images_.h; ++i) {  // no errors beyond the image
    for (int64_t j = i < block.pixels_h ? block.pixels_w : 0; j < images_.w; ++j) {
      for (int64_t c = 0, at = (i * images_.w + j) * samples; c < samples; ++c, ++at)
        block.picture[at] = std::clamp(decoded[at] + 0.5f, 0.f, 1.f);
    }
  }
  double sum = 0;
  for (size_t e = 0; e < size; ++e) sum += double{bits[e]};
  const auto quality = static_cast<float>(block.quality);
  const std::vector<float> weights = ErrorWeights(y_shape_, s.scales);
  const TrainingBatch batch{block.picture, block.picture, &quality};
  const RateDistortionLoss::Value value =
      loss.Evaluate(batch, {{sum, 0}}, {decoded, weights.data(), y_shape_}, with_gradient);
  pass.loss = value.result.loss;

  if (with_gradient) {
    FloatBuffer d_input(size), d_features(prior_->features_size()), d_seen(size);
    decoder_->Backward(value.d_decoded.data(), d_input.data());
    BatchScaleGradients unused(s.scales.crops.begin(), s.scales.crops.end());
    const Rates rates{{}, std::move(d_bits), Filled(y_shape_, 0), CopyOf(ones_), {}, {}};
    LatentGradients d = DecodeLatentsBackward(y_shape_, decoder_input, d_input, rates, value.d_bits, s.scales, unused);
    // Without its bits, a symbol's derivative is that of the mean it is added to; what is kept has no mean.
    for (size_t e = 0; e < size; ++e) d.mean[e] = s.kind[e] == Kind::kKept ? 0 : d.mean[e] + d.y[e];
    prior_->CorrectBackward(CorrectSecondHalfBackward(y_shape_, d, s.scales).data(), d_features.data(), d_seen.data());
    SeeFirstHalfBackward(y_shape_, half, ones_, d_seen, s.scales, d, unused);
    for (size_t e = 0; e < size; ++e) pass.d_r[e] = d.y[e] * slope[e];
  }
  return pass;
}

/// One step of Adam.
void BlockRefinement::Descend(const Pass& pass, State& s, int step) {
  const float correct1 = 1 - std::pow(kBeta1, static_cast<float>(step + 1));
  const float correct2 = 1 - std::pow(kBeta2, static_cast<float>(step + 1));
  for (const bool first : {true, false}) {
    ForEachOf(first, [&](size_t e, size_t, size_t) {
      if (s.kind[e] != Kind::kCoded) return;
      const float d = pass.d_r[e];
      s.moment[e] = kBeta1 * s.moment[e] + (1 - kBeta1) * d;
      s.square[e] = kBeta2 * s.square[e] + (1 - kBeta2) * d * d;
      s.r[e] -= kRate * (s.moment[e] / correct1) / (std::sqrt(s.square[e] / correct2) + kEpsilon);
    });
  }
}

std::vector<int16_t> BlockRefinement::Refine(const BlockInput& block, const RefineOptions& options) {
  State s;
  Begin(block, s);
  RateDistortionLoss loss(architecture_, images_, options.distortion);
  const auto nearest = [&](size_t e) { return NearestSymbol(s.r[e]); };
  Pass before = Run(block, s, loss, false, nearest);
  for (int step = 0; step < options.steps; ++step) {
    const float t = static_cast<float>(step) / static_cast<float>(std::max(options.steps - 1, 1));
    const float temperature = kHottest * std::pow(kColdest / kHottest, t);
    const uint64_t seed = MixBits(options.seed, static_cast<uint64_t>(step));
    const auto mix = [&](size_t e) { return MixSymbols(s.r[e], temperature, LogisticNoise(seed, e)); };
    Descend(Run(block, s, loss, true, mix), s, step);
  }
  Pass after = Run(block, s, loss, false, nearest);
  return after.loss < before.loss ? std::move(after.symbols) : std::move(before.symbols);
}

}  // namespace aecomp
