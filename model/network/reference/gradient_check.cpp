#include "model/network/reference/gradient_check.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "model/network/graph.h"
#include "model/network/reference/network.h"

namespace aecomp::reference {
namespace {

using Doubles = std::vector<double>;

Tensor RandomTensor(const Shape& shape, std::mt19937& random) {
  Tensor t(shape);
  std::normal_distribution<float> normal;
  for (int64_t i = 0; i < t.size(); ++i) t.data()[i] = normal(random);
  return t;
}

Activation ToDouble(const Tensor& t) { return {t.shape(), Doubles(t.data(), t.data() + t.size())}; }

double Largest(const Doubles& v) {
  double largest = 0;
  for (double x : v) largest = std::max(largest, std::abs(x));
  return largest;
}

double Norm(const Doubles& v) {
  double sum = 0;
  for (double x : v) sum += x * x;
  return std::sqrt(sum);
}

/// Largest difference relative to the largest element; infinite when a number is not finite.
double RelativeError(const float* got, const Doubles& expected) {
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (!std::isfinite(got[i])) return INFINITY;
    worst = std::max(worst, std::abs(got[i] - expected[i]));
  }
  return worst == 0 ? 0 : worst / std::max(Largest(expected), 1e-30);
}

class Check {
 public:
  Check(const Network& network, const Values& values, std::mt19937& random)
      : random_(random), reference_(network, values) {}

  Status Run(Graph& graph, Parameters& parameters, GradientReport& report) {
    Tensor x = RandomTensor(graph.input_shape(), random_), dy = RandomTensor(graph.output_shape(), random_);
    Tensor dx(graph.input_shape());
    for (Parameter& p : parameters.list()) p.grad.assign(p.value.size(), 0.f);
    graph.Forward(x.data());
    AECOMP_RETURN_IF_ERROR(graph.Backward(dy, &dx));
    dy_ = ToDouble(dy);
    reference_.Forward(ToDouble(x));
    gradients_ = reference_.Backward(dy_);
    report.input_error = RelativeError(dx.data(), gradients_.dx.data);
    for (size_t i = 0; i < reference_.nodes().size(); ++i) {
      if (!reference_.nodes()[i].parameters.empty()) CheckLayer(i, parameters, report);
    }
    return {};
  }

 private:
  void CheckLayer(size_t index, const Parameters& parameters, GradientReport& report) {
    const ReferenceNetwork::Node& node = reference_.nodes()[index];
    LayerGradients layer{node.spec.name, node.spec.type, 0, 0};
    for (const auto& [name, values] : node.parameters) {
      const Doubles& gradient = gradients_.parameters.at(name);
      const std::vector<float>& got = parameters.Find(name)->grad;
      const bool reached = Largest(gradient) > 0 || std::any_of(got.begin(), got.end(), [](float g) { return g != 0; });
      if (!reached) report.unreached.push_back(name);
      layer.graph_error = std::max(layer.graph_error, RelativeError(got.data(), gradient));
      Doubles everywhere(values.size()), one(values.size());
      for (double& d : everywhere) d = random_() % 2 == 0 ? 1 : -1;
      const auto larger = [](double a, double b) { return std::abs(a) < std::abs(b); };
      one[static_cast<size_t>(std::max_element(gradient.begin(), gradient.end(), larger) - gradient.begin())] = 1;
      for (const Doubles& direction : {everywhere, one}) {
        layer.reference_error = std::max(layer.reference_error, DirectionError(index, name, gradient, direction));
      }
    }
    report.worst_graph = std::max(report.worst_graph, layer.graph_error);
    report.worst_reference = std::max(report.worst_reference, layer.reference_error);
    report.layers.push_back(layer);
  }

  /// Central differences of sum(y * dy). The step is so small that hardly a relu changes its side, and large enough for
  /// double precision, for the differences are taken of each y before they are summed.
  double DirectionError(size_t index, const std::string& name, const Doubles& gradient,
                        const Doubles& direction) const {
    constexpr double kStep = 1e-7;
    const auto moved = [&](double step) {
      Values changed = reference_.nodes()[index].parameters;
      Doubles& values = changed.at(name);
      for (size_t i = 0; i < values.size(); ++i) values[i] += step * direction[i];
      return reference_.ForwardChanged(index, changed).data;
    };
    const double step = kStep / Norm(direction);
    const Doubles above = moved(step), below = moved(-step);
    double slope = 0, expected = 0;
    for (size_t i = 0; i < above.size(); ++i) slope += (above[i] - below[i]) / (2 * step) * dy_.data[i];
    for (size_t i = 0; i < gradient.size(); ++i) expected += gradient[i] * direction[i];
    const double scale = std::max(std::abs(slope), Norm(gradient));
    return slope == expected ? 0 : std::abs(slope - expected) / std::max(scale, 1e-6);
  }

  std::mt19937& random_;
  ReferenceNetwork reference_;
  Activation dy_;
  Gradients gradients_;
};

}  // namespace

Status FillParameters(const Network& network, const Shape& input, unsigned seed, Parameters& parameters) {
  AECOMP_RETURN_IF_ERROR(Graph::Create(network, input, parameters, Graph::Mode::kInference).status());
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (Parameter& p : parameters.list()) {
    const bool bias = p.dims.size() == 1;
    const float scale = bias ? 0.1f : std::sqrt(2.f * static_cast<float>(p.dims[0]) / static_cast<float>(p.size()));
    for (float& v : p.value) v = scale * normal(random);
  }
  parameters.MarkChanged();
  return {};
}

Result<GradientReport> CheckGradients(const Network& network, const Shape& input, unsigned seed,
                                      Parameters& parameters) {
  AECOMP_ASSIGN_OR_RETURN(const auto graph, Graph::Create(network, input, parameters, Graph::Mode::kTraining));
  Values values;
  for (const Parameter& p : parameters.list()) values[p.name] = Doubles(p.value.begin(), p.value.end());
  std::mt19937 random(seed);
  GradientReport report;
  AECOMP_RETURN_IF_ERROR(Check(network, values, random).Run(*graph, parameters, report));
  return report;
}

}  // namespace aecomp::reference
