// The gradient of the whole codec against finite differences of its loss, parameter by parameter.
#include "train/training_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/train/tiny_architecture.h"

namespace aecomp {
namespace {

constexpr int kBatch = 4, kPatch = 64;

class TrainingModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto parsed = ParseArchitecture(TinyArchitecture(), "tiny");
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    architecture_ = std::move(parsed).value();
    auto model = TrainingModel::Create(architecture_, parameters_, kBatch, kPatch);
    ASSERT_TRUE(model.ok()) << model.status().message();
    model_ = std::move(model).value();
    std::normal_distribution<float> normal;
    for (Parameter& p : parameters_.list()) {
      const int64_t fan_in = p.dims.size() == 4 ? p.size() / p.dims[0] : 1;
      const float scale = p.dims.size() == 4 ? 1 / std::sqrt(static_cast<float>(fan_in)) : 0.1f;
      for (float& v : p.value) v = scale * normal(random_);
      if (p.name == "log_gain") {
        for (float& v : p.value) v += 2;
      }
      if (p.name == "log_step") {
        for (float& v : p.value) v -= 2;
      }
    }
    parameters_.MarkChanged();
    x_.resize(kBatch * kPatch * kPatch * 3);
    for (float& v : x_) v = 0.5f + 0.2f * normal(random_);
    quality_ = {0.f, 11.5f, 32.f, 47.9f};
  }

  std::mt19937 random_{7};
  Architecture architecture_;
  Parameters parameters_;
  std::unique_ptr<TrainingModel> model_;
  std::vector<float> x_, quality_;
};

TEST_F(TrainingModelTest, FrozenForwardRepeatsTheLoss) {
  const StepResult first = model_->ForwardBackward(x_.data(), quality_.data(), 5);
  const StepResult frozen = model_->ForwardFrozen(x_.data(), quality_.data());
  EXPECT_EQ(first.loss, frozen.loss);
  const StepResult other_noise = model_->ForwardBackward(x_.data(), quality_.data(), 6);
  EXPECT_NE(first.loss, other_noise.loss);
}

TEST_F(TrainingModelTest, GradientsAgreeWithFiniteDifferences) {
  model_->ForwardBackward(x_.data(), quality_.data(), 5);
  for (Parameter& p : parameters_.list()) {
    // The derivative along the gradient itself is its norm: as well conditioned as f32 allows.
    double squared = 0;
    for (float g : p.grad) squared += double{g} * g;
    const double norm = std::sqrt(squared);
    ASSERT_GT(norm, 0) << p.name << ": no gradient reaches it";
    const double step = 2e-3 / norm;  // short: few relus change sides
    const std::vector<float> saved = p.value;
    const auto loss_at = [&](double sign) {
      for (size_t i = 0; i < saved.size(); ++i) p.value[i] = static_cast<float>(saved[i] + sign * step * p.grad[i]);
      parameters_.MarkChanged();
      return model_->ForwardFrozen(x_.data(), quality_.data()).loss;
    };
    const double measured = (loss_at(1) - loss_at(-1)) / (2 * step * norm);
    p.value = saved;
    EXPECT_NEAR(measured, norm, 0.02 * norm + 1e-5) << p.name;  // 1e-5: the loss is computed in f32
  }
}

TEST_F(TrainingModelTest, RefusesAPatchThatIsNoMultipleOfTheStride) {
  Parameters parameters;
  const auto model = TrainingModel::Create(architecture_, parameters, 1, 100);
  ASSERT_FALSE(model.ok());
  EXPECT_NE(model.status().message().find("multiple of 64"), std::string::npos) << model.status().message();
}

}  // namespace
}  // namespace aecomp
