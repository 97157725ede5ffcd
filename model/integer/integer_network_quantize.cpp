// From a float network to integers. An activation u (u8) means (u - zero) * scale; a weight q of output channel o means
// q * weight_step[o] / scale of what it reads.
#include <algorithm>
#include <cmath>

#include "model/base/exact_math.h"
#include "model/base/multiversion.h"
#include "model/integer/integer_network.h"
#include "model/integer/integer_network_layout.h"
#include "model/network/graph.h"

namespace aecomp {
namespace {

using Output = IntegerStep::Output;

constexpr int kStreamZero = 128;

/// The ranges of FindRanges are this part of the largest value seen in calibration, so that 1.05 times that value is
/// what the integers hold (see kIntegerHeadroom): finer steps gain more than rare clipping loses.
constexpr float kSeenPart = 0.75f;

/// Float activations of all calibration inputs at one place of the network.
using Activations = std::vector<Tensor>;

float Most(const Activations& activations) {
  float most = 1e-6f;
  for (const Tensor& t : activations) {
    for (int64_t i = 0; i < t.size(); ++i) most = std::max(most, std::fabs(t.data()[i]));
  }
  return most;
}

/// Runs the float network layer by layer and notes the largest magnitude of what each step gives.
class RangeFinder {
 public:
  explicit RangeFinder(Parameters& parameters) : parameters_(parameters) {}

  Status Run(const Network& network, Activations& x) {
    for (const LayerSpec& spec : network) {
      AECOMP_RETURN_IF_ERROR(spec.type == "sum" ? RunResidual(spec, x) : RunLayer(spec, x));
    }
    return {};
  }
  std::vector<float> most;  ///< of each step; of the sum where its result is added to something

 private:
  Status RunLayer(const LayerSpec& spec, Activations& x) {
    std::unique_ptr<Graph> graph;
    for (Tensor& t : x) {
      if (!graph || !(graph->input_shape() == t.shape())) {
        AECOMP_ASSIGN_OR_RETURN(graph, Graph::Create({spec}, t.shape(), parameters_, Graph::Mode::kInference));
      }
      Tensor y(graph->output_shape());
      std::copy_n(graph->Forward(t.data()), y.size(), y.data());
      t = std::move(y);
    }
    if (spec.type != "relu") most.emplace_back();
    most.back() = Most(x);
    return {};
  }

  Status RunResidual(const LayerSpec& spec, Activations& x) {
    AECOMP_ASSIGN_OR_RETURN(const std::vector<Network> branches, SumBranches(spec));
    Activations entry;
    for (const Tensor& t : x) {
      entry.emplace_back(t.shape());
      std::copy_n(t.data(), t.size(), entry.back().data());
    }
    AECOMP_RETURN_IF_ERROR(Run(branches[1], x));
    for (size_t i = 0; i < x.size(); ++i) {
      for (int64_t k = 0; k < x[i].size(); ++k) x[i].data()[k] += entry[i].data()[k];
    }
    most.back() = Most(x);
    return {};
  }

  Parameters& parameters_;
};

/// Weights in the integer layout [out, kh, kw, in], each times the worth of the channel it reads (none: 1).
std::vector<float> IntegerOrder(const IntegerLayer& l, const Parameter& p, std::span<const float> channels) {
  std::vector<float> weights(p.value.size());
  const int64_t area = int64_t{l.kernel} * l.kernel;
#pragma omp parallel for schedule(static)
  for (int o = 0; o < l.out; ++o) {
    float* to = weights.data() + o * area * l.in;
    for (int i = 0; i < l.in; ++i) {
      const float* from = p.value.data() + (l.transposed ? int64_t{i} * l.out + o : int64_t{o} * l.in + i) * area;
      const float worth = channels.empty() ? 1 : channels[static_cast<size_t>(i)];
      for (int64_t k = 0; k < area; ++k) to[k * l.in + i] = from[k] * worth;
    }
  }
  return weights;
}

AECOMP_MULTIVERSION
float Largest(const float* weights, size_t count) {
  float most = 0;
#pragma omp simd reduction(max : most)
  for (size_t i = 0; i < count; ++i) most = std::max(most, std::fabs(weights[i]));
  return most;
}

AECOMP_MULTIVERSION
void RoundToUnits(const float* weights, size_t count, double unit, int8_t* rounded) {
  for (size_t i = 0; i < count; ++i) {
    rounded[i] = static_cast<int8_t>(static_cast<int32_t>(std::rint(static_cast<double>(weights[i]) / unit)));
  }
}

/// Rounds the weights of output channel o with the smallest step that keeps them in 7 bits and sums below 2^24. Returns
/// what one of the sums is worth.
double QuantiseChannel(IntegerStep& step, int o, std::span<const float> weights, double bias, double in_scale) {
  IntegerLayer& l = step.layer;
  const size_t count = weights.size() / static_cast<size_t>(l.out), first = static_cast<size_t>(o) * count;
  const float most = Largest(weights.data() + first, count);
  double unit = std::max({most / 63.0, std::fabs(bias) / in_scale / (1 << 23), 1e-12});
  while (true) {
    RoundToUnits(weights.data() + first, count, unit, l.weight.data() + first);  // within 63: see `most`
    l.bias[static_cast<size_t>(o)] = static_cast<int32_t>(std::rint(bias / (unit * in_scale)));
    if (AccumulatorBound(l, o, step.zero_point) < (1 << 24)) return unit * in_scale;
    unit *= 1.05;
  }
}

/// input: of this step. offset: see IntegerInput.
Status QuantiseStep(IntegerStep& step, const Parameters& parameters, const IntegerInput& input, double out_scale) {
  IntegerLayer& l = step.layer;
  const Parameter *weight = parameters.Find(step.name + ".weight"), *bias = parameters.Find(step.name + ".bias");
  if (weight == nullptr || weight->size() != l.weight_size()) {
    return ModelError("layer '" + step.name + "' has no weights to quantise");
  }
  for (const Parameter* p : {weight, bias}) {
    if (p != nullptr && !AllFinite(p->value)) {
      return ModelError("parameter \"" + p->name + "\" is not finite; training has diverged");
    }
  }
  const std::vector<float> weights = IntegerOrder(l, *weight, input.channels);
  l.weight.resize(weights.size());
  l.bias.resize(static_cast<size_t>(l.out));
  step.scale.resize(l.bias.size());
#pragma omp parallel for schedule(static)
  for (int o = 0; o < l.out; ++o) {
    const auto c = static_cast<size_t>(o);
    double b = bias != nullptr ? bias->value[c] : 0;
    for (size_t i = 0, n = weights.size() / l.bias.size(); i < n && input.offset != 0; ++i) {
      b += input.offset * weights[c * n + i];
    }
    step.scale[c] = static_cast<float>(QuantiseChannel(step, o, weights, b, input.scale) / out_scale);
  }
  return {};
}

/// Between these bounds quantising ends, and its scales are finite. FindRanges and the export give no smaller one.
bool IsRange(float v) { return v > 1e-7f && v < 1e6f; }

/// What one step of the int16 of each step is worth: streams that are added share one.
std::vector<double> WideUnits(const std::vector<IntegerStep>& steps, std::span<const float> ranges) {
  std::vector<double> most(ranges.begin(), ranges.end());
  for (size_t i = steps.size(); i-- > 0;) {
    if (steps[i].residual < 0) continue;
    double& entry = most[static_cast<size_t>(steps[i].residual)];
    entry = std::max(entry, most[i]);
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].residual >= 0) most[i] = most[static_cast<size_t>(steps[i].residual)];
  }
  for (double& unit : most) unit *= 2 * kIntegerHeadroom / 32767;  // also what a branch adds must fit
  return most;
}

}  // namespace

Result<std::vector<float>> IntegerNetwork::FindRanges(const Network& network, Parameters& parameters,
                                                      std::span<const Tensor> calibration) {
  AECOMP_RETURN_IF_ERROR(LayOutIntegerNetwork(network).status());
  if (calibration.empty()) return ModelError("no calibration inputs: activation ranges cannot be chosen");
  Activations x;
  for (const Tensor& t : calibration) {
    x.emplace_back(t.shape());
    std::copy_n(t.data(), t.size(), x.back().data());
  }
  RangeFinder finder(parameters);
  const float input = Most(x);
  AECOMP_RETURN_IF_ERROR(finder.Run(network, x));
  finder.most.insert(finder.most.begin(), input);
  for (float& range : finder.most) range *= kSeenPart;
  return std::move(finder.most);
}

Result<IntegerNetwork> IntegerNetwork::Create(const Network& network, const Parameters& parameters,
                                              const IntegerInput& input, std::span<const float> ranges) {
  IntegerNetwork result;
  AECOMP_ASSIGN_OR_RETURN(result.steps_, LayOutIntegerNetwork(network));
  std::vector<IntegerStep>& steps = result.steps_;
  if (ranges.size() != steps.size() + 1 || !std::all_of(ranges.begin(), ranges.end(), IsRange)) {
    return ModelError("the activation ranges of an integer network are missing or not positive");
  }
  if (!input.channels.empty() && std::ssize(input.channels) != steps[0].layer.in) {
    return ModelError("layer '" + steps[0].name + "' reads " + std::to_string(steps[0].layer.in) + " channels, not " +
                      std::to_string(input.channels.size()));
  }
  ranges = ranges.subspan(1);
  const std::vector<double> units = WideUnits(steps, ranges);
  IntegerInput reads = input;
  for (size_t i = 0; i < steps.size(); ++i) {
    IntegerStep& step = steps[i];
    step.zero_point = reads.zero;
    const double range = kIntegerHeadroom * ranges[i];
    const bool relu = step.output == Output::kRelu, last = step.output == Output::kLast;
    AECOMP_RETURN_IF_ERROR(QuantiseStep(step, parameters, reads, relu ? range / 255 : last ? 1 : units[i]));
    reads = relu ? IntegerInput{range / 255, 0} : IntegerInput{range / 127, kStreamZero};
    step.narrow = static_cast<float>(units[i] / reads.scale);
  }
  return result;
}

}  // namespace aecomp
