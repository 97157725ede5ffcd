#include "model/codec/tile_coder.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "io/rans.h"
#include "model/base/exact_math.h"
#include "model/base/multiversion.h"
#include "model/entropy/coding_tables.h"
#include "model/entropy/rate_estimate.h"
#include "model/integer/integer_blocks.h"

namespace aecomp {
namespace {

constexpr float kLogSigmaMax = 6;  // of the sigma head's output in the fixed scale, as in training

/// What a symbol costs that its table does not hold, about: the float model would ask up to 30 bits for it.
constexpr double kEscapeBits = 18;

constexpr float kMostLatent = 32767;  // in steps of kLatentUnit

/// Rounds to the nearest integer within +-most; a NaN gives -most.
int16_t RoundClamped(float v, float most) {
  v = v > -most ? v : -most;
  v = v < most ? v : most;
  return static_cast<int16_t>(static_cast<int32_t>(std::rint(v)));
}

/// y^ * step as the synthesis reads it.
template <class T>
T ToLatent(float v) {
  if constexpr (std::is_integral_v<T>) return RoundClamped(v * (1 / kLatentUnit), kMostLatent);
  return static_cast<T>(v);
}

/// What means are multiplied with: the gain, or 0 for channels that are not coded, whose y^ is 0.
std::vector<float> MeanGain(const QualityPoint& q) {
  std::vector<float> gain = q.scales.gain;
  for (size_t c = 0; c < q.skipped.size(); ++c) {
    if (q.skipped[c] != 0) gain[c] = 0;
  }
  return gain;
}

// Of all channels at one position, in vector code.

/// What the context sees where channels of `parity` are in the first half.
AECOMP_MULTIVERSION
void SeePosition(const int16_t* symbols, const float* mu, const float* gain, const float* fixed_scale, float steps,
                 uint32_t channels, uint32_t parity, uint8_t* seen) {
  for (uint32_t c = 0; c < channels; ++c) {
    const uint8_t v = ToSeen(Compand((static_cast<float>(symbols[c]) + mu[c] * gain[c]) * fixed_scale[c]), steps);
    seen[c] = (c & 1) == parity ? v : MeanPredictor::kUnseen;
  }
}

AECOMP_MULTIVERSION
void CompandPosition(const float* y, const float* gain, const float* fixed_scale, uint32_t channels, float* companded) {
  for (uint32_t c = 0; c < channels; ++c) companded[c] = Compand(y[c] * gain[c] * fixed_scale[c]);
}

AECOMP_MULTIVERSION
void CompandPositionToU8(const float* y, const float* gain, const float* fixed_scale, float steps, uint32_t channels,
                         uint8_t* companded) {
  for (uint32_t c = 0; c < channels; ++c) companded[c] = ToSeen(Compand(y[c] * gain[c] * fixed_scale[c]), steps);
}

/// What is to be quantised: y * gain less its mean, for the channels of `parity` that are coded, else 0.
AECOMP_MULTIVERSION
void ResidualPosition(const float* y, const float* gain, const float* mu, const float* correction,
                      const float* mean_gain, const uint8_t* rows, uint32_t channels, uint32_t parity,
                      float* residual) {
  for (uint32_t c = 0; c < channels; ++c) {
    const float v = y[c] * gain[c] - (mu[c] + correction[c]) * mean_gain[c];
    residual[c] = (c & 1) == parity && rows[c] != 0 ? v : 0.f;
  }
}

template <class T>
inline void RestoreChannels(const int16_t* symbols, const float* mu, const float* correction, const float* gain,
                            const float* step, uint32_t channels, uint32_t parity, T* y_hat) {
  for (uint32_t c = 0; c < channels; ++c) {
    const float mean = (c & 1) == parity ? mu[c] : mu[c] + correction[c];
    y_hat[c] = ToLatent<T>((static_cast<float>(symbols[c]) + mean * gain[c]) * step[c]);
  }
}

AECOMP_MULTIVERSION
void RestorePosition(const int16_t* symbols, const float* mu, const float* correction, const float* gain,
                     const float* step, uint32_t channels, uint32_t parity, int16_t* y_hat) {
  RestoreChannels(symbols, mu, correction, gain, step, channels, parity, y_hat);
}

AECOMP_MULTIVERSION
void RestorePosition(const int16_t* symbols, const float* mu, const float* correction, const float* gain,
                     const float* step, uint32_t channels, uint32_t parity, float* y_hat) {
  RestoreChannels(symbols, mu, correction, gain, step, channels, parity, y_hat);
}

/// The channel parity that is in the first half at a position.
uint32_t FirstParity(int i, int j) { return static_cast<uint32_t>(i + j + 1) & 1; }

}  // namespace

QualityPoint QualityPointAt(const Model& model, int quality, double thrift) {
  return {quality, thrift, ScalesAt(model.architecture, model.parameters, quality), {}};
}

TileCoder::TileCoder(Model& model, int h, int w)
    : model_(model), quantiser_(model.prior.y_tables()), most_h_(h), most_w_(w) {}

bool TileCoder::SetSize(int h, int w) {
  // Narrow tiles take as long as the widest.
  if (h > most_h_ || w > most_w_ || 2 * w < most_w_) return false;
  if (h == y_shape_.h && w == y_shape_.w) return true;
  const Architecture& a = model_.architecture;
  const int ratio = a.hyper_stride / a.latent_stride;
  y_shape_ = {1, a.latent_channels, h, w};
  z_shape_ = {1, a.hyper_channels, h / ratio, w / ratio};
  features_shape_ = {1, model_.prior.feature_channels(), h, w};
  means_->SetSize(h, w);
  if (hyper_encoder_) hyper_encoder_->SetSize(h, w);
  float_hyper_encoder_.reset(), hyper_decoder_.reset(), sigma_head_.reset();
  z_.resize(static_cast<size_t>(z_shape_.size()));
  symbols_.resize(static_cast<size_t>(y_shape_.size()));
  rows_.resize(symbols_.size());
  features_.resize(static_cast<size_t>(features_shape_.size()));
  return true;
}

Status TileCoder::Compile(const Network& network, const Shape& input, std::unique_ptr<Graph>& graph) {
  auto made = Graph::Create(network, input, model_.parameters, Graph::Mode::kInference);
  if (!made.ok()) return ModelError(made.status().message());
  graph = std::move(made).value();
  return {};
}

Result<std::unique_ptr<TileCoder>> TileCoder::Create(Model& model, int h, int w) {
  std::unique_ptr<TileCoder> coder(new TileCoder(model, h, w));
  TileCoder& c = *coder;
  try {
    c.means_ = std::make_unique<MeanPredictor>(model.means, h, w);
  } catch (const std::exception& e) {  // dnnl::error, std::bad_alloc
    return ModelError(std::string("the means of y cannot be set up: ") + e.what());
  }
  c.SetSize(h, w);
  if (!(c.means_->shape() == c.y_shape_)) {
    return ModelError("the means that the prior predicts do not have the shape of y, " + c.y_shape_.ToString());
  }
  return coder;
}

/// Calls f(i, j, index of element (i, j, 0)) for every position, rows in parallel.
template <class F>
void TileCoder::ForEachRow(F f) const {
#pragma omp parallel for schedule(static)
  for (int i = 0; i < y_shape_.h; ++i) {
    for (int j = 0; j < y_shape_.w; ++j) f(i, j, (int64_t{i} * y_shape_.w + j) * y_shape_.c);
  }
}

Status TileCoder::CompileHyperEncoder() {
  if (hyper_encoder_ || float_hyper_encoder_) return {};
  Shape output;
  if (model_.integer != nullptr && !model_.integer->hyper_encoder.steps().empty()) {
    hyper_encoder_ = std::make_unique<IntegerNetworkRunner>(model_.integer->hyper_encoder, most_h_, most_w_);
    hyper_encoder_->SetSize(y_shape_.h, y_shape_.w);
    output = hyper_encoder_->output();
  } else {
    AECOMP_RETURN_IF_ERROR(Compile(model_.architecture.hyper_encoder, y_shape_, float_hyper_encoder_));
    output = float_hyper_encoder_->output_shape();
    companded_ = AlignedBuffer<float>(symbols_.size());
  }
  if (output == z_shape_) return {};
  return ModelError("the hyper-encoder's output does not have the shape of z");
}

Status TileCoder::PrepareEncoder() {
  AECOMP_RETURN_IF_ERROR(CompileHyperEncoder());
  return PreparePrior();
}

Status TileCoder::PreparePrior() { return model_.prior.Prepare(z_shape_.h, z_shape_.w); }

void TileCoder::QuantiseZ(const QualityPoint& q, const LatentView<const float>& y) {
  const QualityScales& s = q.scales;
  const auto channels_of_y = static_cast<uint32_t>(y_shape_.c);
  if (hyper_encoder_) hyper_encoder_->Reserve();
  ForEachRow([&](int i, int j, int64_t at) {
    const float* from = y.data + i * y.row_stride + int64_t{j} * y_shape_.c;
    if (hyper_encoder_) {
      CompandPositionToU8(from, s.gain.data(), s.fixed_scale.data(), 1 / model_.integer->hyper_unit, channels_of_y,
                          hyper_encoder_->InputRow(i) + int64_t{j} * y_shape_.c);
    } else {
      CompandPosition(from, s.gain.data(), s.fixed_scale.data(), channels_of_y, companded_.data() + at);
    }
  });
  const float* h = hyper_encoder_ ? hyper_encoder_->Run() : float_hyper_encoder_->Forward(companded_.data());
  const size_t channels = s.z_gain.size();
  for (size_t at = 0; at < z_.size(); at += channels) {
    for (size_t c = 0; c < channels; ++c) z_[at + c] = RoundClamped(h[at + c] * s.z_gain[c] - s.z_mean[c], kZMax);
  }
}

Status TileCoder::PredictRows(const QualityPoint& q, int coded_h, int coded_w) {
  AECOMP_RETURN_IF_ERROR(
      model_.prior.Run(q.quality, z_.data(), z_shape_.h, z_shape_.w, features_.data(), rows_.data()));
  if (!q.skipped.empty()) {
    ForEachRow([&](int, int, int64_t at) {
      for (size_t c = 0; c < q.skipped.size(); ++c) {
        if (q.skipped[c] != 0) rows_[static_cast<size_t>(at) + c] = 0;
      }
    });
  }
  TakeCoarse(coded_h, coded_w);
  return {};
}

/// Coarse channels have a stream of their own.
void TileCoder::TakeCoarse(int coded_h, int coded_w) {
  const bool coarse = !model_.prior.coarse().empty();
  planes_.Reset(coarse ? model_.prior.coarse().channels : watched_, coded_h, coded_w);
  for (size_t k = 0; k < planes_.channels(); ++k) {
    ForEachRow([&, c = planes_.channel(k)](int i, int j, int64_t at) {
      uint8_t& row = rows_[static_cast<size_t>(at + c)];
      if (i < coded_h && j < coded_w) planes_.row[planes_.At(k, i, j)] = row;
      if (coarse) row = 0;
    });
  }
}

void TileCoder::SetMeans(const std::vector<float>& gain, const float* mu) {
  for (size_t k = 0; k < planes_.channels(); ++k) {
    ForEachRow([&, c = planes_.channel(k)](int i, int j, int64_t at) {
      if (i >= planes_.h() || j >= planes_.w()) return;
      planes_.mean[planes_.At(k, i, j)] = mu[at + c] * gain[static_cast<size_t>(c)];
    });
  }
}

/// Codes some stages of the coarse channels, and makes mu what they were predicted to be. `correction`: null for stages
/// of the first half, to which it does not apply. code(elements, channel) gives the planes their symbols.
template <class Code>
Status TileCoder::CodeCoarse(int first_stage, int last_stage, const std::vector<float>& gain, float* mu,
                             float* correction, Code code) {
  const CoarseModel& coarse = model_.prior.coarse();
  std::vector<CoarseElement> elements;
  for (int stage = first_stage; stage <= last_stage; ++stage) {
    for (size_t k = 0; k < planes_.channels(); ++k) {
      const int c = planes_.channel(k);
      const float g = gain[static_cast<size_t>(c)];
      if (g == 0) continue;  // skipped
      const auto element = [&](int i, int j) {
        return static_cast<size_t>((int64_t{i} * y_shape_.w + j) * y_shape_.c + c);
      };
#pragma omp parallel for schedule(static)
      for (int i = 0; i < planes_.h(); ++i) {
        planes_.ForEachInRow(k, stage, i, [&](int y, int x) {
          const size_t at = planes_.At(k, y, x), e = element(y, x);
          if (correction != nullptr) planes_.mean[at] = (mu[e] + correction[e]) * g;
          const CoarsePlanes::Prediction p = planes_.Predict(coarse, k, stage, y, x);
          planes_.value[at] = p.mean;
          if (planes_.row[at] != 0) planes_.row[at] = coarse.Rows(k, stage, p.activity)[planes_.row[at]];
        });
      }
      elements.clear();
      planes_.ForEach(k, stage, [&](int i, int j) { elements.push_back({element(i, j), planes_.At(k, i, j)}); });
      AECOMP_RETURN_IF_ERROR(code(elements, static_cast<size_t>(c)));
      for (const CoarseElement& at : elements) {
        mu[at.e] = planes_.value[at.at] / g;
        if (correction != nullptr) correction[at.e] = 0;
        symbols_[at.e] = planes_.symbol[at.at];
        planes_.value[at.at] += static_cast<float>(planes_.symbol[at.at]);
      }
    }
  }
  return {};
}

/// f(i, j, at, parity) shows the context what it sees of a position whose first element is `at`.
auto TileCoder::Seer(const float* mu, const std::vector<float>& mean_gain, const QualityScales& s) {
  return [this, mu, steps = means_->seen_steps(), gain = mean_gain.data(), fixed_scale = s.fixed_scale.data()](
             int i, int j, int64_t at, uint32_t parity) {
    SeePosition(symbols_.data() + at, mu + at, gain, fixed_scale, steps, static_cast<uint32_t>(y_shape_.c), parity,
                means_->SeenRow(i) + int64_t{j} * y_shape_.c);
  };
}

Status TileCoder::Encode(const QualityPoint& q, const LatentView<const float>& y, int coded_h, int coded_w) {
  AECOMP_RETURN_IF_ERROR(CompileHyperEncoder());
  QuantiseZ(q, y);
  AECOMP_RETURN_IF_ERROR(PredictRows(q, coded_h, coded_w));
  float* mu = means_->Predict(features_.data());
  const QualityScales& s = q.scales;
  const size_t channels = s.gain.size();
  const std::vector<float> mean_gain = MeanGain(q);
  const std::vector<float> inverse_weight = InverseWeights(model_.architecture, q.quality, q.thrift, s.step);
  const auto see = Seer(mu, mean_gain, s);
  const bool coarse = !model_.prior.coarse().empty();
  coarse_symbols_.clear(), coarse_rows_.clear();
  const auto quantise_coarse = [&](const std::vector<CoarseElement>& elements, size_t c) -> Status {
    for (const CoarseElement& at : elements) {
      const auto position = static_cast<int>(at.e / channels);
      const float latent = y.data[position / y_shape_.w * y.row_stride +
                                  static_cast<int64_t>(position % y_shape_.w) * y_shape_.c + static_cast<int64_t>(c)];
      const uint8_t row = planes_.row[at.at];
      const float residual = latent * s.gain[c] - planes_.value[at.at];
      const int16_t symbol = row == 0 ? int16_t{0} : quantiser_.Quantise(residual, row, inverse_weight[c]);
      planes_.symbol[at.at] = symbol;
      if (row != 0) coarse_symbols_.push_back(symbol), coarse_rows_.push_back(row);
    }
    return {};
  };
  const auto quantise = [&](int i, int j, int64_t at, uint32_t parity, const float* correction) {
    int16_t* to = symbols_.data() + at;
    if (i >= coded_h || j >= coded_w) {
      for (size_t c = parity; c < channels; c += 2) to[c] = 0;
      return;
    }
    thread_local std::vector<float> residual;
    residual.resize(channels);
    const float* from = y.data + i * y.row_stride + int64_t{j} * y_shape_.c;
    const uint8_t* rows = rows_.data() + at;
    ResidualPosition(from, s.gain.data(), mu + at, correction, mean_gain.data(), rows, static_cast<uint32_t>(channels),
                     parity, residual.data());
    for (size_t c = parity; c < channels; c += 2) {  // most are small
      to[c] = std::fabs(residual[c]) < 0.5f ? int16_t{0} : quantiser_.Quantise(residual[c], rows[c], inverse_weight[c]);
    }
    for (size_t k = 0; coarse && k < planes_.channels(); ++k) {
      const auto c = static_cast<uint32_t>(planes_.channel(k));
      if ((c & 1) == parity) to[c] = planes_.symbol[planes_.At(k, i, j)];
    }
  };
  const std::vector<float> none(channels, 0.f);
  SetMeans(mean_gain, mu);
  if (coarse) {
    AECOMP_RETURN_IF_ERROR(CodeCoarse(0, CoarseModel::kStages - 2, mean_gain, mu, nullptr, quantise_coarse));
  }
  ForEachRow([&](int i, int j, int64_t at) {
    quantise(i, j, at, FirstParity(i, j), none.data());
    see(i, j, at, FirstParity(i, j));
  });
  float* correction = means_->Correct();
  constexpr int kLast = CoarseModel::kStages - 1;
  if (coarse) AECOMP_RETURN_IF_ERROR(CodeCoarse(kLast, kLast, mean_gain, mu, correction, quantise_coarse));
  ForEachRow([&](int i, int j, int64_t at) { quantise(i, j, at, 1 - FirstParity(i, j), correction + at); });
  if (!coarse) {  // of those that are watched
    for (size_t k = 0; k < planes_.channels(); ++k) {
      const auto c = static_cast<size_t>(planes_.channel(k));
      planes_.ForEach(k, kLast, [&](int i, int j) {
        const size_t e = static_cast<size_t>(int64_t{i} * y_shape_.w + j) * channels + c;
        planes_.mean[planes_.At(k, i, j)] = (mu[e] + correction[e]) * mean_gain[c];
      });
    }
  }
  return {};
}

template <class T>
Status TileCoder::Reconstruct(const QualityPoint& q, ValueDecoder* coarse, const LatentView<T>& y_hat, int coded_h,
                              int coded_w) {
  float* mu = means_->Predict(features_.data());
  const QualityScales& s = q.scales;
  const auto channels = static_cast<uint32_t>(s.gain.size());
  const std::vector<float> mean_gain = MeanGain(q);
  const auto see = Seer(mu, mean_gain, s);
  const auto decode_coarse = [&](const std::vector<CoarseElement>& elements, size_t) -> Status {
    std::vector<uint8_t> rows;
    for (const CoarseElement& at : elements) {
      if (planes_.row[at.at] != 0) rows.push_back(planes_.row[at.at]);
    }
    std::vector<int16_t> values(rows.size());
    AECOMP_RETURN_IF_ERROR(coarse->Next(rows, values));
    size_t next = 0;
    for (const CoarseElement& at : elements) {
      planes_.symbol[at.at] = planes_.row[at.at] != 0 ? values[next++] : int16_t{0};
    }
    return {};
  };
  if (coarse != nullptr) {
    SetMeans(mean_gain, mu);
    AECOMP_RETURN_IF_ERROR(CodeCoarse(0, CoarseModel::kStages - 2, mean_gain, mu, nullptr, decode_coarse));
  }
  ForEachRow([&](int i, int j, int64_t at) { see(i, j, at, FirstParity(i, j)); });
  float* correction = means_->Correct();
  constexpr int kLast = CoarseModel::kStages - 1;
  if (coarse != nullptr) AECOMP_RETURN_IF_ERROR(CodeCoarse(kLast, kLast, mean_gain, mu, correction, decode_coarse));
  ForEachRow([&](int i, int j, int64_t at) {
    if (i >= coded_h || j >= coded_w) return;
    RestorePosition(symbols_.data() + at, mu + at, correction + at, mean_gain.data(), s.step.data(), channels,
                    FirstParity(i, j), y_hat.data + i * y_hat.row_stride + int64_t{j} * y_shape_.c);
  });
  return {};
}
template Status TileCoder::Reconstruct(const QualityPoint&, ValueDecoder*, const LatentView<float>&, int, int);
template Status TileCoder::Reconstruct(const QualityPoint&, ValueDecoder*, const LatentView<int16_t>&, int, int);

Result<double> TileCoder::EstimateBits(const QualityPoint& q, int coded_h, int coded_w) {
  if (!hyper_decoder_) AECOMP_RETURN_IF_ERROR(Compile(model_.architecture.hyper_decoder, z_shape_, hyper_decoder_));
  if (!sigma_head_) AECOMP_RETURN_IF_ERROR(Compile(model_.architecture.sigma_head, features_shape_, sigma_head_));
  const QualityScales& s = q.scales;
  double bits = 0;
  AlignedBuffer<float> z(z_.size());  // [h', w', N]
  for (size_t i = 0; i < z_.size(); ++i) {
    const size_t c = i % s.z_gain.size();
    z[i] = (z_[i] + s.z_mean[c]) / s.z_gain[c];
    bits += LogisticSymbolBits(z_[i], s.z_scale[c]);
  }
  const float* log_sigma = sigma_head_->Forward(hyper_decoder_->Forward(z.data()));
  const size_t channels = s.gain.size();
#pragma omp parallel for reduction(+ : bits) schedule(static)
  for (int i = 0; i < coded_h; ++i) {
    for (size_t e = static_cast<size_t>(i) * y_shape_.w * channels, end = e + coded_w * channels; e < end; ++e) {
      const size_t c = e % channels;
      if (!q.skipped.empty() && q.skipped[c] != 0) continue;
      const float most = kLogSigmaMax + std::log(s.gain[c]);
      const float sigma = std::exp(std::min(log_sigma[e] + s.log_sigma[c], most));
      bits += std::min(GaussianSymbolBits(symbols_[e], std::max(sigma, kSigmaMin)), kEscapeBits);
    }
  }
  return bits;
}

}  // namespace aecomp
