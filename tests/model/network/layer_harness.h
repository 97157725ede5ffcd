// Compares a fast layer with its reference, and the reference's gradient with finite differences.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>

#include "model/network/reference/reference.h"
#include "tests/model/network/layer_cases.h"

namespace aecomp::test {

class Harness {
 public:
  explicit Harness(const LayerCase& c, unsigned seed = 1) : case_(c), type_(FindLayerType(c.spec.type)), random_(seed) {
    info_ = type_->infer(c.spec, c.input).value();
    for (const ParameterSpec& p : info_.parameters) parameters_.FindOrAdd(p.name, p.dims);
    RandomParameters();
    x_ = Input();
    dy_ = Random(info_.output.size());
    layer_ = type_->create(c.spec, c.input, parameters_, /*training=*/true);
  }

  /// Forward and backward in f32 against the reference.
  void CompareWithReference() {
    CheckForward(*layer_, x_, /*relu=*/false);
    CheckBackward(/*relu=*/false);
    RandomParameters();  // blocked copies of the weights must notice
    parameters_.MarkChanged();
    CheckForward(*layer_, x_, false);
    CheckBackward(false);
    CheckInPlace();
    CheckInference();
    CheckFusedRelu();
  }

  /// d(sum y*dy) along a random direction and along single elements of x and of every parameter.
  void CompareWithFiniteDifferences() {
    const reference::Gradients g = reference::Backward(case_.spec, ToDouble(x_), Values(), ToDouble(dy_, info_.output));
    ClearGradients(0);
    std::vector<float> y(dy_.size()), dy = dy_, dx(x_.size());
    layer_->Forward(x_.data(), y.data());
    layer_->Backward(x_.data(), y.data(), dy.data(), dx.data());
    CheckSlopes("x", g.dx.data, dx);
    for (const auto& [name, gradient] : g.parameters) CheckSlopes(name, gradient, parameters_.Find(name)->grad);
  }

 private:
  using Floats = std::vector<float>;
  using Doubles = std::vector<double>;

  Floats Random(int64_t size) {
    Floats v(static_cast<size_t>(size));
    std::normal_distribution<float> normal;
    for (float& f : v) f = normal(random_);
    return v;
  }

  /// Layers with kinks get values that lie on a grid around zero, never on a kink and never two the same.
  Floats Input() {
    Floats x(static_cast<size_t>(case_.input.size()));
    const double step = 4.0 / static_cast<double>(x.size());
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((static_cast<double>(i) + 0.25) * step - 2);
    std::shuffle(x.begin(), x.end(), random_);
    return x;
  }

  void RandomParameters() {
    for (Parameter& p : parameters_.list()) {
      p.value = Random(p.size());
      p.grad.resize(p.value.size());
    }
  }

  void ClearGradients(float value) {
    for (Parameter& p : parameters_.list()) std::fill(p.grad.begin(), p.grad.end(), value);
  }

  reference::Activation ToDouble(const Floats& v) const { return ToDouble(v, case_.input); }
  static reference::Activation ToDouble(const Floats& v, const Shape& shape) {
    return {shape, Doubles(v.begin(), v.end())};
  }

  reference::Values Values() const {
    reference::Values values;
    for (const Parameter& p : parameters_.list()) values[p.name] = Doubles(p.value.begin(), p.value.end());
    return values;
  }

  /// Within 1e-4 of the largest value, or of 1: x, dy and parameters are of that size, so what is smaller is a sum that
  /// cancelled. `offset`: what stood in `got` before the layer added to it.
  static void ExpectNear(const char* what, const Floats& got, const Doubles& expected, double offset = 0) {
    ASSERT_EQ(got.size(), expected.size()) << what;
    double scale = 1, worst = 0;
    size_t where = 0;
    for (double v : expected) scale = std::max(scale, std::abs(v));
    for (size_t i = 0; i < got.size(); ++i) {
      const double error = std::abs(got[i] - offset - expected[i]);
      if (error <= worst) continue;
      worst = error, where = i;
    }
    const bool finite = std::all_of(got.begin(), got.end(), [](float f) { return std::isfinite(f); });
    EXPECT_TRUE(finite) << what << " was not written everywhere";
    EXPECT_LE(worst, 1e-4 * scale) << what << "[" << where << "] is " << got[where] - offset << ", expected "
                                   << expected[where];
  }

  void CheckForward(Layer& layer, const Floats& x, bool relu) {
    reference::Activation y = reference::Forward(case_.spec, ToDouble(x), Values());
    ASSERT_EQ(y.shape, info_.output);
    for (double& v : y.data) v = relu ? std::max(v, 0.0) : v;
    y_.assign(y.data.size(), std::numeric_limits<float>::quiet_NaN());
    layer.Forward(x.data(), y_.data());
    ExpectNear(relu ? "y after relu" : "y", y_, y.data);
  }

  /// Of the last CheckForward. Also that dx is overwritten, that gradients are added, and that dx may be null.
  void CheckBackward(bool relu) {
    constexpr float kBefore = 0.5f;
    Floats masked = dy_;
    for (size_t i = 0; relu && i < masked.size(); ++i) masked[i] = y_[i] > 0 ? masked[i] : 0;
    const auto expected = reference::Backward(case_.spec, ToDouble(x_), Values(), ToDouble(masked, info_.output));
    for (const bool with_dx : {true, false}) {
      ClearGradients(kBefore);
      Floats dy = dy_, dx(x_.size(), std::numeric_limits<float>::quiet_NaN());
      layer_->Backward(x_.data(), y_.data(), dy.data(), with_dx ? dx.data() : nullptr);
      if (with_dx) ExpectNear(relu ? "dx through relu" : "dx", dx, expected.dx.data);
      for (const auto& [name, gradient] : expected.parameters) {
        ExpectNear(("gradient of " + name).c_str(), parameters_.Find(name)->grad, gradient, kBefore);
      }
    }
  }

  void CheckInPlace() {
    if (!layer_->CanRunInPlace()) return;
    Floats xy = x_, dy = dy_, dx(x_.size());
    layer_->Forward(xy.data(), xy.data());
    ExpectNear("y in place", xy, reference::Forward(case_.spec, ToDouble(x_), Values()).data);
    layer_->Backward(xy.data(), xy.data(), dy.data(), dx.data());
    const auto g = reference::Backward(case_.spec, ToDouble(x_), Values(), ToDouble(dy_, info_.output));
    ExpectNear("dx in place", dx, g.dx.data);
  }

  void CheckInference() {
    const auto layer = type_->create(case_.spec, case_.input, parameters_, /*training=*/false);
    CheckForward(*layer, x_, false);
  }

  void CheckFusedRelu() {
    layer_ = type_->create(case_.spec, case_.input, parameters_, true);
    if (!layer_->FuseRelu(0)) return;
    CheckForward(*layer_, x_, true);
    CheckBackward(true);
  }

  /// sum(y*dy) with x or a parameter moved by `step` along `direction`.
  double Loss(const std::string& what, const Doubles& direction, double step) const {
    reference::Activation x = ToDouble(x_);
    reference::Values values = Values();
    Doubles& moved = what == "x" ? x.data : values.at(what);
    for (size_t i = 0; i < moved.size(); ++i) moved[i] += step * direction[i];
    const Doubles y = reference::Forward(case_.spec, x, values).data;
    double loss = 0;
    for (size_t i = 0; i < y.size(); ++i) loss += y[i] * dy_[i];
    return loss;
  }

  void CheckSlopes(const std::string& what, const Doubles& gradient, const Floats& fast) {
    constexpr double kStep = 1e-6;  // smaller than the distance of the inputs from any kink
    double norm = 0;
    for (double g : gradient) norm += g * g;
    norm = std::max(std::sqrt(norm), 1.0);
    for (int trial = 0; trial < 3; ++trial) {
      Doubles direction(gradient.size());
      if (trial > 0) direction[random_() % direction.size()] = 1;
      if (trial == 0)
        for (double& d : direction) d = random_() % 2 == 0 ? 1 : -1;
      const double slope = (Loss(what, direction, kStep) - Loss(what, direction, -kStep)) / (2 * kStep);
      double expected = 0, got = 0;
      for (size_t i = 0; i < direction.size(); ++i) {
        expected += direction[i] * gradient[i];
        got += direction[i] * fast[i];
      }
      EXPECT_NEAR(expected, slope, 1e-6 * norm) << "reference gradient of " << what << ", trial " << trial;
      EXPECT_NEAR(got, slope, 1e-4 * norm) << "fast gradient of " << what << ", trial " << trial;
    }
  }

  LayerCase case_;
  const LayerType* type_;
  std::mt19937 random_;
  LayerInfo info_;
  Parameters parameters_;
  Floats x_, dy_, y_;  // of the input and output shapes, [N, H, W, C]
  std::unique_ptr<Layer> layer_;
};

}  // namespace aecomp::test
