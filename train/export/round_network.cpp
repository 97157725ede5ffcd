#include "train/export/round_network.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "model/base/exact_math.h"
#include "model/integer/integer_network_layout.h"
#include "model/network/graph.h"
#include "train/export/round_weights.h"
#include "train/simd.h"

namespace aecomp {
namespace {

using Output = IntegerStep::Output;
/// Of all inputs at one place of the network.
using Activations = std::vector<Tensor>;

/// No channel is scaled by more.
constexpr float kMostScaling = 50;
/// The ranges that are tried, as parts of the largest value.
constexpr float kPartsOfLargest[] = {1.05f, 0.95f, 0.85f, 0.75f, 0.65f, 0.55f};

/// The 8 bits of an activation.
struct Levels {
  float steps;        ///< from 0 to the end of the range
  float least, most;  ///< that 8 bits hold
};
constexpr Levels kRelu = {255, 0, 255}, kSigned = {127, -128, 127};

AECOMP_MULTIVERSION
void RoundValues(const float* x, int64_t count, const Levels& levels, float range, float* rounded) {
  const float steps = levels.steps / range, unit = range / levels.steps;
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    rounded[i] = std::clamp(std::nearbyint(x[i] * steps), levels.least, levels.most) * unit;
  }
}

/// Adds the squares of what is lost of [positions, channels], each channel's times its worth.
AECOMP_MULTIVERSION
double CostOf(const float* x, const float* rounded, int64_t positions, int64_t channels, const float* worth) {
  double cost = 0;
  for (int64_t p = 0; p < positions; ++p) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < channels; ++c) {
      const float lost = rounded[p * channels + c] - x[p * channels + c];
      sum += worth[c] * lost * lost;
    }
    cost += sum;
  }
  return cost;
}

Activations Copy(std::span<const Tensor> from) {
  Activations copy;
  for (const Tensor& t : from) std::copy_n(t.data(), t.size(), copy.emplace_back(t.shape()).data());
  return copy;
}

void Add(const Activations& from, Activations& to, float sign = 1) {
  for (size_t i = 0; i < to.size(); ++i) {
    for (int64_t k = 0; k < to[i].size(); ++k) to[i].data()[k] += sign * from[i].data()[k];
  }
}

void RoundTo8Bits(Activations& x, const Levels& levels, float range) {
  for (Tensor& t : x) RoundValues(t.data(), t.size(), levels, range, t.data());
}

/// Convolutions in the order of their steps.
Status CollectConvolutions(const Network& network, std::vector<LayerSpec>& found) {
  for (const LayerSpec& spec : network) {
    if (spec.type == "sum") {
      AECOMP_ASSIGN_OR_RETURN(const std::vector<Network> branches, SumBranches(spec));
      AECOMP_RETURN_IF_ERROR(CollectConvolutions(branches[1], found));
    } else if (spec.type != "relu") {
      found.push_back(spec);
    }
  }
  return {};
}

/// A step in floats. What it gives goes on through Finish, which needs what earlier steps gave.
class FloatStep {
 public:
  static Result<FloatStep> Create(IntegerStep layout, LayerSpec spec, const Shape& input, Parameters& parameters) {
    FloatStep step;
    step.layout = std::move(layout);
    AECOMP_ASSIGN_OR_RETURN(step.graph_, Graph::Create({std::move(spec)}, input, parameters, Graph::Mode::kInference));
    step.weight = parameters.Find(step.layout.name + ".weight");
    step.bias = parameters.Find(step.layout.name + ".bias");
    return step;
  }

  const Shape& output() const { return graph_->output_shape(); }

  Activations Run(const Activations& x) {
    Activations result;
    for (const Tensor& t : x)
      std::copy_n(graph_->Forward(t.data()), output().size(), result.emplace_back(output()).data());
    return result;
  }

  /// Multiplies what channels give, and divides what is read of each.
  void ScaleOutputs(const std::vector<float>& scale) {
    ForWeights([&](float& w, size_t, size_t out) { w *= scale[out]; });
    if (bias == nullptr) return;
    for (size_t c = 0; c < scale.size(); ++c) bias->value[c] *= scale[c];
  }
  void ScaleInputs(const std::vector<float>& scale) {
    ForWeights([&](float& w, size_t in, size_t) { w /= scale[in]; });
  }

  /// How much an error of each input channel counts: the squares of the weights that read it.
  std::vector<float> WorthOfInputs() {
    std::vector<float> worth(static_cast<size_t>(layout.layer.in));
    ForWeights([&](float& w, size_t in, size_t) { worth[in] += w * w; });
    return worth;
  }

  IntegerStep layout;
  Parameter *weight = nullptr, *bias = nullptr;

 private:
  template <class Visit>
  void ForWeights(Visit visit) {
    const IntegerLayer& l = layout.layer;
    const size_t in = static_cast<size_t>(l.in), out = static_cast<size_t>(l.out);
    for (size_t i = 0, area = static_cast<size_t>(l.kernel * l.kernel); i < weight->value.size(); ++i) {
      const size_t filter = i / area, major = filter / (l.transposed ? out : in),
                   minor = filter % (l.transposed ? out : in);
      visit(weight->value[i], l.transposed ? major : minor, l.transposed ? minor : major);
    }
  }

  std::unique_ptr<Graph> graph_;
};

/// What steps gave, as far as later ones add it.
class Streams {
 public:
  explicit Streams(const std::vector<FloatStep>& steps) : steps_(steps), kept_(steps.size()) {}

  /// Relu, or the sum with an earlier step's result.
  void Finish(size_t i, Activations& y) {
    const IntegerStep& step = steps_[i].layout;
    if (step.residual >= 0) {
      Activations& entry = kept_[static_cast<size_t>(step.residual)];
      Add(entry, y);
      if (!IsAddedAfter(i, step.residual)) entry.clear();
    }
    if (step.output == Output::kRelu) {
      for (Tensor& t : y) std::for_each(t.data(), t.data() + t.size(), [](float& v) { v = std::max(v, 0.f); });
    }
    if (IsAddedAfter(i, static_cast<int>(i))) kept_[i] = Copy(y);
  }
  const Activations& operator[](int i) const { return kept_[static_cast<size_t>(i)]; }

 private:
  /// Whether a step after `i` adds the result of `entry`.
  bool IsAddedAfter(size_t i, int entry) const {
    return std::any_of(steps_.begin() + static_cast<std::ptrdiff_t>(i) + 1, steps_.end(),
                       [entry](const FloatStep& s) { return s.layout.residual == entry; });
  }
  const std::vector<FloatStep>& steps_;
  std::vector<Activations> kept_;
};

std::vector<float> LargestOfChannels(const Activations& x) {
  std::vector<float> most(static_cast<size_t>(x[0].shape().c));
  for (const Tensor& t : x) {
    for (int64_t i = 0; i < t.size(); ++i) {
      float& of = most[static_cast<size_t>(i % t.shape().c)];
      of = std::max(of, std::fabs(t.data()[i]));
    }
  }
  return most;
}

class NetworkRounder {
 public:
  static Result<NetworkRounder> Create(const Network& network, Parameters& parameters, const Shape& input) {
    NetworkRounder rounder(parameters);
    AECOMP_ASSIGN_OR_RETURN(std::vector<IntegerStep> layouts, LayOutIntegerNetwork(network));
    std::vector<LayerSpec> specs;
    AECOMP_RETURN_IF_ERROR(CollectConvolutions(network, specs));
    Shape shape = input;
    for (size_t i = 0; i < layouts.size(); ++i) {
      AECOMP_ASSIGN_OR_RETURN(FloatStep step, FloatStep::Create(std::move(layouts[i]), specs[i], shape, parameters));
      shape = step.output();
      rounder.steps_.push_back(std::move(step));
    }
    AECOMP_RETURN_IF_ERROR(rounder.CheckFinite());
    return rounder;
  }

  /// Scales channels between two layers with a relu; what the network gives stays.
  void Equalise(std::span<const Tensor> inputs) {
    Activations x = Copy(inputs);
    Streams streams(steps_);
    for (size_t i = 0; i + 1 < steps_.size(); ++i) {
      x = steps_[i].Run(x);
      streams.Finish(i, x);
      if (steps_[i].layout.output != Output::kRelu) continue;
      std::vector<float> scale = LargestOfChannels(x);
      const float most = std::max(*std::max_element(scale.begin(), scale.end()), 1e-6f);
      for (float& s : scale) s = s > 0 ? most / std::max(s, most / kMostScaling) : 1;
      steps_[i].ScaleOutputs(scale), steps_[i + 1].ScaleInputs(scale);
      parameters_.MarkChanged();
      for (Tensor& t : x) {
        for (int64_t k = 0; k < t.size(); ++k) t.data()[k] *= scale[static_cast<size_t>(k % t.shape().c)];
      }
    }
  }

  /// The ranges.
  Result<std::vector<float>> Round(std::span<const Tensor> inputs, ReadAs read_as) {
    Activations exact = Copy(inputs), read = Copy(inputs);
    std::vector<float> ranges = {BestRange(exact, kSigned, 0)};
    if (read_as == ReadAs::kRounded) RoundTo8Bits(read, kSigned, ranges[0]);
    Streams floats(steps_), integers(steps_);
    for (size_t i = 0; i < steps_.size(); ++i) {
      FloatStep& step = steps_[i];
      const int entry = step.layout.residual;
      exact = step.Run(exact);
      Activations corrected;  // makes good what the stream lost
      if (entry >= 0) {
        corrected = Copy(exact);
        Add(floats[entry], corrected), Add(integers[entry], corrected, -1);
      }
      const Activations& wanted = entry >= 0 ? corrected : exact;
      RoundWeights(step.layout.layer, step.bias != nullptr, read, wanted, *step.weight);
      parameters_.MarkChanged();
      read = step.Run(read);
      TakeUpMeans(wanted, step, read);
      parameters_.MarkChanged();
      if (i + 1 == steps_.size()) break;
      floats.Finish(i, exact), integers.Finish(i, read);
      const Levels& levels = step.layout.output == Output::kRelu ? kRelu : kSigned;
      ranges.push_back(BestRange(exact, levels, i + 1));
      RoundTo8Bits(read, levels, ranges.back());
    }
    ranges.push_back(Largest(exact));
    for (float& range : ranges) range = std::max(range, 1e-6f) / static_cast<float>(kIntegerHeadroom);
    AECOMP_RETURN_IF_ERROR(CheckFinite());
    if (!AllFinite(ranges)) return ModelError("what the network gives is not finite; training has diverged");
    return ranges;
  }

 private:
  explicit NetworkRounder(Parameters& parameters) : parameters_(parameters) {}

  Status CheckFinite() const {
    for (const FloatStep& step : steps_) {
      for (const Parameter* p : {step.weight, step.bias}) {
        if (p != nullptr && !AllFinite(p->value)) {
          return ModelError("parameter \"" + p->name + "\" is not finite; training has diverged");
        }
      }
    }
    return {};
  }

  static float Largest(const Activations& x) {
    const std::vector<float> most = LargestOfChannels(x);
    return *std::max_element(most.begin(), most.end());
  }

  /// Where rounding and clipping together cost least in what step `reader` gives.
  float BestRange(const Activations& x, const Levels& levels, size_t reader) {
    const std::vector<float> worth = steps_[reader].WorthOfInputs();
    const float most = std::max(Largest(x), 1e-6f);
    double least = std::numeric_limits<double>::infinity();
    float best = kPartsOfLargest[0] * most;
    Tensor rounded(x[0].shape());
    const Shape& s = rounded.shape();
    for (const float part : kPartsOfLargest) {
      double cost = 0;
      for (const Tensor& t : x) {
        RoundValues(t.data(), t.size(), levels, part * most, rounded.data());
        cost += CostOf(t.data(), rounded.data(), s.size() / s.c, s.c, worth.data());
      }
      if (cost < least) least = cost, best = part * most;
    }
    return best;
  }

  /// The bias of `step` grows by the mean of wanted - given, and so does what it gave.
  static void TakeUpMeans(const Activations& wanted, FloatStep& step, Activations& given) {
    if (step.bias == nullptr) return;
    const auto channels = static_cast<size_t>(step.output().c);
    std::vector<double> sum(channels);
    for (size_t i = 0; i < given.size(); ++i) {
      for (int64_t k = 0; k < given[i].size(); ++k) {
        sum[static_cast<size_t>(k) % channels] += wanted[i].data()[k] - given[i].data()[k];
      }
    }
    const double positions =
        static_cast<double>(step.output().size()) / step.output().c * static_cast<double>(given.size());
    for (size_t c = 0; c < channels; ++c) {
      sum[c] /= positions;
      step.bias->value[c] += static_cast<float>(sum[c]);
    }
    for (Tensor& t : given) {
      for (int64_t k = 0; k < t.size(); ++k) t.data()[k] += static_cast<float>(sum[static_cast<size_t>(k) % channels]);
    }
  }

  Parameters& parameters_;
  std::vector<FloatStep> steps_;
};

}  // namespace

Result<std::vector<float>> RoundNetwork(const Network& network, Parameters& parameters, std::span<const Tensor> inputs,
                                        ReadAs read_as) {
  if (inputs.empty()) return ModelError("no calibration inputs: activation ranges cannot be chosen");
  AECOMP_ASSIGN_OR_RETURN(NetworkRounder rounder, NetworkRounder::Create(network, parameters, inputs[0].shape()));
  rounder.Equalise(inputs);
  return rounder.Round(inputs, read_as);
}

}  // namespace aecomp
