// From the float hyper-decoder and sigma head to integers. Notation: an activation u (u8) of channel c means
// u * scale[c] (the input: (u - 128) * scale[c]); a weight q of output channel o means q * weight_scale[o] / scale[in].
#include <algorithm>
#include <cmath>
#include <map>

#include "model/base/exact_math.h"
#include "model/entropy/entropy_parameters.h"
#include "model/entropy/integer_prior_state.h"
#include "model/network/graph.h"

namespace aecomp {
namespace {

constexpr double kInputMost = 127, kActivationMost = 255;
/// Activations differ in range between channels. A scale each uses all 8 bits of every channel but makes the weights
/// that read them uneven; one scale for all does the opposite. Scales are range^kBalance of the channel times the rest
/// of the whole tensor's. Between 0 and 0.5 the rate of real images hardly depends on it.
constexpr double kBalance = 0.3;

/// Runs over all calibration tensors the network's first `count` layers; visits each output.
class PrefixRunner {
 public:
  PrefixRunner(const Network& network, Parameters& parameters) : network_(network), parameters_(parameters) {}

  template <class F>
  Status Run(size_t count, std::span<const Tensor* const> inputs, F visit) {
    const Network prefix(network_.begin(), network_.begin() + static_cast<std::ptrdiff_t>(count));
    std::map<std::pair<int, int>, std::unique_ptr<Graph>> graphs;
    for (const Tensor* input : inputs) {
      auto& graph = graphs[{input->shape().h * 65536 + input->shape().w, input->shape().n}];
      if (!graph) {
        AECOMP_ASSIGN_OR_RETURN(graph, Graph::Create(prefix, input->shape(), parameters_, Graph::Mode::kInference));
      }
      const float* y = graph->Forward(input->data());
      visit(y, graph->output_shape());
    }
    return {};
  }

 private:
  const Network& network_;
  Parameters& parameters_;
};

/// Largest magnitude and mean of each channel.
class RangeMeter {
 public:
  void Add(const float* values, const Shape& shape) {
    most_.resize(static_cast<size_t>(shape.c)), sum_.resize(most_.size());
    for (int64_t i = 0; i < shape.size(); ++i) {
      const size_t c = static_cast<size_t>(i % shape.c);
      most_[c] = std::max(most_[c], std::fabs(values[i]));
      sum_[c] += values[i];
    }
    positions_ += shape.size() / shape.c;
  }

  /// Mean of each channel in steps of `scales`.
  std::vector<double> Means(const std::vector<double>& scales) const {
    std::vector<double> means;
    for (size_t c = 0; c < sum_.size(); ++c) means.push_back(sum_[c] / (static_cast<double>(positions_) * scales[c]));
    return means;
  }

  /// One step of each channel when `levels` steps span its range.
  std::vector<double> Scales(double levels) const {
    const double whole = std::max<double>(*std::max_element(most_.begin(), most_.end()), 1e-6);
    std::vector<double> scales;
    for (float most : most_) {
      const double own = std::max<double>(most, 1e-3 * whole);
      scales.push_back(std::pow(own, kBalance) * std::pow(whole, 1 - kBalance) * kIntegerHeadroom / levels);
    }
    return scales;
  }

 private:
  std::vector<float> most_;
  std::vector<double> sum_;
  int64_t positions_ = 0;
};

/// What a layer reads or gives, for each channel.
struct ChannelSteps {
  std::vector<double> scale;  ///< worth of one step
  std::vector<double> mean;   ///< on calibration images, in steps; of the last layer's output: empty
};

/// Weights in the integer layout [out, kh, kw, in], each times the scale of the input it reads.
std::vector<double> ScaledWeights(const IntegerLayer& l, const Parameter& p, const std::vector<double>& in_scale) {
  std::vector<double> weights(static_cast<size_t>(l.weight_size()));
  size_t at = 0;
  for (int o = 0; o < l.out; ++o)
    for (int a = 0; a < l.kernel; ++a)
      for (int b = 0; b < l.kernel; ++b)
        for (int i = 0; i < l.in; ++i) {
          const int64_t channels = l.transposed ? int64_t{i} * l.out + o : int64_t{o} * l.in + i;
          const int64_t source = (channels * l.kernel + a) * l.kernel + b;
          weights[at++] = double{p.value[static_cast<size_t>(source)]} * in_scale[static_cast<size_t>(i)];
        }
  return weights;
}

/// A channel whose sums are too large gets coarser weights; beyond this factor too little would be left of them.
constexpr double kMostCoarser = 8;

/// Rounds the weights of output channel o with the smallest step that keeps weights in 7 bits and sums below 2^24;
/// returns the step, or 0 when it would be too coarse. What rounding adds to the output on average goes off the bias
/// (Nagel et al. 2019, arXiv:1906.04721, section 4.2).
double QuantiseChannel(IntegerLayer& l, int o, const std::vector<double>& weights, double bias, int zero_point,
                       const std::vector<double>& in_mean) {
  const size_t count = static_cast<size_t>(l.weight_size() / l.out), first = static_cast<size_t>(o) * count;
  double most = 0;
  for (size_t i = first; i < first + count; ++i) most = std::max(most, std::fabs(weights[i]));
  double step = std::max({most / 63, std::fabs(bias) / (1 << 23), 1e-12});
  const double coarsest = kMostCoarser * step;
  while (step <= coarsest) {
    double added = 0;  // by all taps
    for (size_t i = first; i < first + count; ++i) {
      const double exact = weights[i] / step;
      l.weight[i] = static_cast<int8_t>(std::clamp(std::lround(exact), -64L, 63L));
      added += (l.weight[i] - exact) * in_mean[i % in_mean.size()];
    }
    if (l.transposed) added /= l.stride * l.stride;  // each output sees one phase of them
    l.bias[static_cast<size_t>(o)] = static_cast<int32_t>(std::lround(bias / step - added));
    if (AccumulatorBound(l, o, zero_point) < (1 << 24)) return step;
    step *= 1.05;
  }
  return 0;
}

/// factor[o]: what one unit of the accumulator is worth in units of the output.
void SetMultipliers(IntegerLayer& l, const std::vector<double>& factor) {
  const double most = std::max(1e-12, *std::max_element(factor.begin(), factor.end()));
  l.shift = std::clamp(30 - static_cast<int>(std::ceil(std::log2(most))), 1, 46);
  for (double f : factor) {
    const double multiplier = std::clamp(std::round(std::ldexp(f, l.shift)), 0.0, 2147483647.0);
    l.multiplier.push_back(static_cast<int32_t>(multiplier));
  }
}

Status QuantiseLayer(IntegerLayer& l, const std::string& name, const Parameters& parameters, int zero_point,
                     const ChannelSteps& in, const ChannelSteps& out) {
  const Parameter *weight = parameters.Find(name + ".weight"), *bias = parameters.Find(name + ".bias");
  if (weight == nullptr || weight->size() != l.weight_size())
    return ModelError("layer '" + name + "' has no weights to quantise");
  for (const Parameter* p : {weight, bias}) {
    if (p == nullptr) continue;
    for (float v : p->value) {
      if (!std::isfinite(v)) return ModelError("parameter \"" + p->name + "\" is not finite; training has diverged");
    }
  }
  for (const auto* values : {&in.scale, &in.mean, &out.scale}) {
    if (!std::all_of(values->begin(), values->end(), [](double v) { return std::isfinite(v); })) {
      return ModelError("layer '" + name + "': its activations are not finite; training has diverged");
    }
  }
  const std::vector<double> weights = ScaledWeights(l, *weight, in.scale);
  l.weight.resize(weights.size());
  l.bias.resize(static_cast<size_t>(l.out));
  std::vector<double> factor;
  for (int o = 0; o < l.out; ++o) {
    const size_t c = static_cast<size_t>(o);
    const double step =
        QuantiseChannel(l, o, weights, bias != nullptr ? double{bias->value[c]} : 0.0, zero_point, in.mean);
    if (step == 0) {
      return ModelError("layer '" + name + "': the " + std::to_string(l.weight_size() / l.out) +
                        " weights of one of its outputs add up to more than 24 bits hold, so this prior cannot be run "
                        "in integers; give it fewer input channels or a smaller kernel");
    }
    factor.push_back(step / out.scale[c]);
  }
  SetMultipliers(l, factor);
  return CheckIntegerLayer(l, zero_point, "layer '" + name + "'");
}

int32_t ClampToI32(double v) { return static_cast<int32_t>(std::clamp(std::round(v), -2147483647.0, 2147483647.0)); }

/// Everything that depends on the quality.
void FillQualityTables(const Architecture& a, const Parameters& parameters, const std::vector<double>& input_scale,
                       IntegerPrior::State& s) {
  for (int q = 0; q < s.qualities; ++q) {
    const QualityScales scales = ScalesAt(a, parameters, q);
    for (size_t c = 0; c < input_scale.size(); ++c) {
      const double step = 1 / (double{scales.z_gain[c]} * input_scale[c]);  // one z symbol in units of the input
      s.input_multiplier.push_back(ClampToI32(65536 * step));
      s.input_offset.push_back(ClampToI32(65536 * (kInputZeroPoint + scales.z_mean[c] * step)));
      s.z_rows.push_back(static_cast<uint8_t>(ZRow(scales.z_scale[c])));
    }
    for (float log_sigma : scales.log_sigma) s.sigma_offset.push_back(ClampToI32(YIndex256(log_sigma)));
  }
}

/// Steps of the input and of the output of every layer but the last.
Result<std::vector<ChannelSteps>> ActivationSteps(const Architecture& a, Parameters& parameters,
                                                  std::span<const Tensor* const> calibration) {
  std::vector<ChannelSteps> steps;
  const auto add = [&](const RangeMeter& meter, double levels) {
    ChannelSteps& s = steps.emplace_back();
    s.scale = meter.Scales(levels), s.mean = meter.Means(s.scale);
  };
  RangeMeter input;
  for (const Tensor* t : calibration) input.Add(t->data(), t->shape());
  add(input, kInputMost);
  Network network = a.hyper_decoder;
  network.insert(network.end(), a.sigma_head.begin(), a.sigma_head.end());
  PrefixRunner runner(network, parameters);
  for (size_t i = 0; i < network.size(); ++i) {
    if (network[i].type != "relu") continue;
    RangeMeter meter;
    AECOMP_RETURN_IF_ERROR(
        runner.Run(i + 1, calibration, [&](const float* y, const Shape& shape) { meter.Add(y, shape); }));
    add(meter, kActivationMost);
  }
  return steps;
}

}  // namespace

Result<IntegerPrior> IntegerPrior::Quantize(const Architecture& architecture, Parameters& parameters,
                                            std::span<const Tensor* const> calibration) {
  AECOMP_ASSIGN_OR_RETURN(std::shared_ptr<State> state, MakeIntegerLayout(architecture));
  State& s = *state;
  if (calibration.empty()) return ModelError("no calibration inputs: activation ranges cannot be chosen");
  AECOMP_ASSIGN_OR_RETURN(auto steps, ActivationSteps(architecture, parameters, calibration));
  const std::vector<double>& features = steps[s.hyper_layers].scale;
  s.feature_scales.assign(features.begin(), features.end());
  // The sigma head's output counts 1/256 rows of the table.
  steps.push_back({std::vector<double>(static_cast<size_t>(s.latent_channels), YRowSpacing() / 256), {}});
  for (size_t i = 0; i < s.layers.size(); ++i) {
    AECOMP_RETURN_IF_ERROR(QuantiseLayer(s.layers[i], s.names[i], parameters, s.ZeroPoint(i), steps[i], steps[i + 1]));
  }
  FillQualityTables(architecture, parameters, steps[0].scale, s);
  s.z_frequencies = ZFrequencies();
  s.y_frequencies = YFrequencies();
  AECOMP_ASSIGN_OR_RETURN(s.z_tables, CodingTables::Create(s.z_frequencies));
  s.expected_z = ExpectedMagnitudes(s.z_tables);
  AECOMP_ASSIGN_OR_RETURN(s.y_tables, CodingTables::Create(s.y_frequencies));
  IntegerPrior prior;
  prior.state_ = std::move(state);
  return prior;
}

}  // namespace aecomp
