// The gradient of the whole codec against finite differences of its loss, parameter by parameter.
#include "train/loss/training_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "tests/train/loss/training_model_fixture.h"
#include "train/loss/fake_quantisation.h"
#include "train/loss/rate_distortion.h"

namespace aecomp {
namespace {

TEST_F(TrainingModelTest, RepeatedDrawsRepeatTheLoss) {
  Draws draws;
  const StepResult first = model_->ForwardBackward(BatchOf(x_), *rate_, &draws);
  EXPECT_EQ(first.loss, model_->Forward(BatchOf(x_), *rate_).loss);
  EXPECT_EQ(first.loss, model_->Forward(BatchOf(x_, 6), *rate_, &draws).loss);
  EXPECT_NE(first.loss, model_->Forward(BatchOf(x_, 6), *rate_).loss);
}

TEST_F(TrainingModelTest, DistortionIsAgainstTheCleanImage) {
  std::vector<float> clean = x_;
  const StepResult same = model_->ForwardBackward(BatchOf(clean), *rate_);
  EXPECT_EQ(same.loss, ForwardBackward().loss);
  for (float& v : clean) v += 0.25f;
  const StepResult apart = model_->ForwardBackward(BatchOf(clean), *rate_);
  EXPECT_EQ(apart.bpp, same.bpp);
  EXPECT_NE(apart.mse, same.mse);
  EXPECT_EQ(apart.loss, model_->Forward(BatchOf(clean), *rate_).loss);
}

/// Deadzones: some symbols are not those nearest to their residuals, most are.
TEST_F(TrainingModelTest, RoundsAsTheEncoderDoes) {
  UseDeadzones();
  Draws draws;
  model_->ForwardBackward(BatchOf(x_), *rate_, &draws);
  const int64_t size = draws.y_shape.size();
  int64_t nearest = 0, lower = 0;
  for (int64_t i = 0; i < size; ++i) {
    const float offset = draws.y_offset[static_cast<size_t>(i)];  // at most 1/2 for the nearest
    (std::fabs(offset) <= 0.5f ? nearest : lower) += 1;
  }
  EXPECT_GT(lower, size / 1000);
  EXPECT_GT(nearest, size / 2);
}

/// Once bits are those of a file: what a mean of one channel does to them when it moves all residuals by one, from half
/// a step below to half a step above. Where the decoder restores gray whatever y is and the second half of y does not
/// see the first, that is the difference of two losses.
TEST_F(TrainingModelTest, GradientsWithTablesAreDifferencesOverOneStep) {
  for (const char* name : {"synthesis.2.weight", "block_synthesis.weight", "context_out.1.weight"}) {
    std::fill(parameters_.Find(name)->value.begin(), parameters_.Find(name)->value.end(), 0.f);
  }
  quality_.assign(kBatch, 16.f);
  parameters_.MarkChanged();
  UseTables();
  ForwardBackward();
  Parameter& bias = *parameters_.Find("mu_head.bias");
  const std::vector<float> gradient = bias.grad;
  double most = 0;
  for (size_t c = 0; c < bias.value.size(); ++c) {
    const float saved = bias.value[c], gain = std::exp(parameters_.Find("log_gain")->value[bias.value.size() + c]);
    const auto loss_at = [&](float symbols) {
      bias.value[c] = saved + symbols / gain;
      parameters_.MarkChanged();
      return ForwardBackward().loss;
    };
    const double difference = (loss_at(0.5f) - loss_at(-0.5f)) * gain;
    bias.value[c] = saved;
    EXPECT_NEAR(gradient[c], difference, 1e-3 * std::fabs(difference) + 1e-6) << c;
    most = std::max(most, std::fabs(difference));
  }
  EXPECT_GT(most, 1e-3);
}

TEST_F(TrainingModelTest, WithTablesThereIsNoNoise) {
  UseTables();
  const StepResult result = ForwardBackward();
  EXPECT_EQ(result.loss, ForwardBackward(6).loss);
  EXPECT_EQ(result.loss, model_->Forward(BatchOf(x_), *rate_).loss);
  for (const Parameter& p : parameters_.list()) {
    EXPECT_TRUE(std::any_of(p.grad.begin(), p.grad.end(), [](float g) { return g != 0; })) << p.name;
  }
}

/// The same of z, where its symbols change nothing but their own price.
TEST_F(TrainingModelTest, GradientOfZWithTablesIsADifferenceOverOneStep) {
  std::vector<float>& reads_z = parameters_.Find("hyper_synthesis.0.weight")->value;
  std::fill(reads_z.begin(), reads_z.end(), 0.f);
  parameters_.MarkChanged();
  UseTables();
  ForwardBackward();
  Parameter& mean = *parameters_.Find("z_mean");
  const std::vector<float> gradient = mean.grad;
  double most = 0;
  for (size_t c = 0; c < mean.value.size(); ++c) {
    const float saved = mean.value[c];
    const auto loss_at = [&](float value) {
      mean.value[c] = value;
      parameters_.MarkChanged();
      return ForwardBackward().loss;
    };
    const double difference = loss_at(saved + 0.5f) - loss_at(saved - 0.5f);
    mean.value[c] = saved;
    EXPECT_NEAR(gradient[c], difference, 1e-3 * std::fabs(difference) + 1e-8) << c;
    most = std::max(most, std::fabs(difference));
  }
  EXPECT_GT(most, 1e-5);
}

TEST_F(TrainingModelTest, WithTablesTheAnalysisDoesNotHearOfZ) {
  UseTables();
  const auto gradients_at = [&](float scale) {  // another scale is another price of z, and nothing else
    std::vector<float>& scales = parameters_.Find("z_log_scale")->value;
    std::fill(scales.begin(), scales.end(), scale);
    parameters_.MarkChanged();
    std::map<std::string, std::vector<float>> gradients;
    for (Parameter& p : parameters_.list()) std::fill(p.grad.begin(), p.grad.end(), 0.f);
    ForwardBackward();
    for (Parameter& p : parameters_.list()) gradients[p.name] = p.grad;
    return gradients;
  };
  const auto cheap = gradients_at(0), dear = gradients_at(-2);
  std::set<std::string> others{"z_log_scale"};
  for (const std::string& name : MakersOfZ(architecture_, parameters_)) others.insert(name);
  EXPECT_TRUE(others.contains("hyper_analysis.0.weight"));
  for (const Parameter& p : parameters_.list()) {
    EXPECT_EQ(cheap.at(p.name) != dear.at(p.name), others.contains(p.name)) << p.name;
  }
}

TEST_F(TrainingModelTest, RoundingChangesTheLossALittleAndNoWeight) {
  const StepResult exact = ForwardBackward();
  std::map<std::string, std::vector<float>> values, gradients;
  for (Parameter& p : parameters_.list()) values[p.name] = p.value, gradients[p.name] = p.grad;
  auto made = TrainingModel::Create(architecture_, parameters_, kBatch, kPatch, {.fake_quantise = true});
  ASSERT_TRUE(made.ok()) << made.status().message();
  const StepResult rounded = made.value()->ForwardBackward(BatchOf(x_), *rate_);
  EXPECT_NE(rounded.loss, exact.loss);
  EXPECT_NEAR(rounded.loss / exact.loss, 1, 0.02);
  for (const Parameter& p : parameters_.list()) {
    EXPECT_EQ(p.value, values.at(p.name)) << p.name;
    if (!p.name.ends_with(".weight")) continue;
    double dot = 0, length = 0, other = 0;  // straight through: about the same direction
    for (size_t i = 0; i < p.grad.size(); ++i) {
      const double a = p.grad[i], b = gradients.at(p.name)[i];
      dot += a * b, length += a * a, other += b * b;
    }
    EXPECT_GT(dot, 0.9 * std::sqrt(length * other)) << p.name;
  }
  EXPECT_EQ(rounded.loss, made.value()->Forward(BatchOf(x_), *rate_).loss);
}

TEST(FakeQuantisation, RoundsEveryOutputChannelToItsOwnSteps) {
  const Architecture a = ParseArchitecture(TinyArchitecture(), "tiny").value();
  auto created = FakeQuantisation::Create(a);
  ASSERT_TRUE(created.ok()) << created.status().message();
  std::optional<FakeQuantisation> rounding = std::move(created).value();
  EXPECT_FALSE(rounding->inputs().contains("analysis.0"));       // reads pixels
  EXPECT_FALSE(rounding->inputs().at("analysis.2"));             // a stream has both signs
  EXPECT_TRUE(rounding->inputs().at("synthesis.1"));             // after a relu
  EXPECT_FALSE(rounding->inputs().contains("block_synthesis"));  // int16
  EXPECT_FALSE(rounding->inputs().at("hyper_synthesis.0"));
  EXPECT_TRUE(rounding->inputs().at("sigma_head"));
  Parameters parameters;
  ASSERT_TRUE(TrainingModel::Create(a, parameters, 1, 64).ok());
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (Parameter& p : parameters.list()) {
    for (float& v : p.value) v = normal(random);
  }
  const auto levels = [](std::vector<float> channel) {
    std::sort(channel.begin(), channel.end());
    return std::unique(channel.begin(), channel.end()) - channel.begin();
  };
  for (const char* name : {"analysis.2.weight", "synthesis.1.weight"}) {  // [16, 8, 8, 8]; transposed: [8, 8, 4, 4]
    Parameter& p = *parameters.Find(name);
    const std::vector<float> before = p.value;
    std::optional<RoundedWeights> rounded(std::in_place, rounding, parameters);
    const bool transposed = name[0] == 's';
    const size_t area = static_cast<size_t>(p.dims[2] * p.dims[3]), in = 8;
    const size_t out = static_cast<size_t>(p.dims[transposed ? 1 : 0]);
    for (size_t o = 0; o < out; ++o) {
      std::vector<float> channel;
      float most = 0, error = 0;
      for (size_t i = 0; i < in; ++i) {
        for (size_t k = 0; k < area; ++k) {
          const size_t at = (transposed ? i * out + o : o * in + i) * area + k;
          channel.push_back(p.value[at]);
          most = std::max(most, std::fabs(before[at])), error = std::max(error, std::fabs(p.value[at] - before[at]));
        }
      }
      EXPECT_LE(levels(channel), 127) << name << " " << o;
      EXPECT_LE(error, 0.51f * most / 63) << name << " " << o;
      EXPECT_GT(error, 0) << name << " " << o;
    }
    rounded.reset();
    EXPECT_EQ(p.value, before);
  }
}

TEST_F(TrainingModelTest, SharesOfABatchGiveItsGradients) {
  std::vector<std::vector<float>> whole;
  std::map<std::string, std::pair<int, std::vector<float>>> ready;  // how often, and what the gradient was
  model_->OnGradient([&](Parameter& p) { ready[p.name] = {ready[p.name].first + 1, p.grad}; });
  const StepResult result = ForwardBackward();
  for (Parameter& p : parameters_.list()) {
    whole.push_back(p.grad);
    std::fill(p.grad.begin(), p.grad.end(), 0.f);
    EXPECT_EQ(ready.contains(p.name), p.name.ends_with(".weight") || p.name.ends_with(".bias")) << p.name;
    if (!ready.contains(p.name)) continue;
    EXPECT_EQ(ready[p.name].first, 1) << p.name;
    EXPECT_EQ(ready[p.name].second, whole.back()) << p.name;
  }
  auto half = TrainingModel::Create(architecture_, parameters_, kBatch / 2, kPatch);
  ASSERT_TRUE(half.ok()) << half.status().message();
  double loss = 0;
  for (int first : {0, kBatch / 2}) {
    const float* x = x_.data() + first * kPatch * kPatch * 3;
    loss += half.value()->ForwardBackward({x, x, quality_.data() + first, 5, first}, *rate_).loss / 2;
  }
  EXPECT_NEAR(loss, result.loss, 1e-5 * result.loss);
  size_t i = 0;
  for (const Parameter& p : parameters_.list()) {
    double error = 0, square = 0;
    for (size_t k = 0; k < p.grad.size(); ++k) {
      error += std::pow(p.grad[k] / 2 - whole[i][k], 2), square += std::pow(whole[i][k], 2);
    }
    EXPECT_LE(std::sqrt(error), 1e-4 * std::sqrt(square)) << p.name;
    ++i;
  }
}

TEST_F(TrainingModelTest, NamesWhereTheFirstNonFiniteNumberAppears) {
  ForwardBackward();
  EXPECT_EQ(model_->FirstNonFinite(), "");
  const auto with_nan = [&](const std::string& parameter) {
    float& v = parameters_.Find(parameter)->value[0];
    const float saved = v;
    v = NAN;
    parameters_.MarkChanged();
    ForwardBackward();
    v = saved;
    parameters_.MarkChanged();
    return model_->FirstNonFinite();
  };
  EXPECT_EQ(with_nan("analysis.1.b.weight"), "encoder: output of layer 'analysis.1.b' (conv2d)");
  EXPECT_EQ(with_nan("context_out.1.weight"), "context_out: output of layer 'context_out.1' (conv2d)");
  EXPECT_EQ(with_nan("block_synthesis.weight"), "decoder: output of layer 'block_synthesis' (conv_transpose2d)");
  std::vector<float> clean = x_;
  clean[0] = NAN;  // the loss is not finite then, but every activation is
  model_->ForwardBackward(BatchOf(clean), *rate_);
  EXPECT_NE(model_->FirstNonFinite().find("decoder: gradient of the output of"), std::string::npos);
}

class FiniteDifferences : public TrainingModelTest {
 protected:
  void ExpectAgreement();
};

void FiniteDifferences::ExpectAgreement() {
  Draws draws;
  model_->ForwardBackward(BatchOf(x_), *rate_, &draws);
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
      return model_->Forward(BatchOf(x_), *rate_, &draws).loss;
    };
    const double measured = (loss_at(1) - loss_at(-1)) / (2 * step * norm);
    p.value = saved;
    EXPECT_NEAR(measured, norm, 0.02 * norm + 3e-5) << p.name;  // 3e-5: the loss is computed in f32
  }
}

TEST_F(FiniteDifferences, AreTheGradients) { ExpectAgreement(); }

TEST_F(FiniteDifferences, AreTheGradientsWithAMap) {
  UseMap();
  ExpectAgreement();
}

/// Of a position with quality q + s everything is that of a crop with quality q + s, but for z.
TEST_F(TrainingModelTest, PositionsOfAMapHaveTheirOwnQuality) {
  for (const char* name : {"log_z_gain", "z_log_scale"}) {  // z is the same at all qualities
    std::vector<float>& table = parameters_.Find(name)->value;
    for (size_t i = 8; i < table.size(); ++i) table[i] = table[i % 8];
  }
  quality_.assign(kBatch, 20.f);
  parameters_.MarkChanged();
  UseMap();
  Draws draws;
  ForwardBackwardWith(draws);
  const std::vector<int8_t> mapped = draws.quality_steps;
  ASSERT_EQ(mapped.size(), static_cast<size_t>(kBatch * 4 * 4));
  EXPECT_GE(std::set<int8_t>(mapped.begin(), mapped.end()).size(), 2u);
  const StepResult with_map = model_->Forward(BatchOf(x_), *rate_, &draws);

  // The same steps everywhere: as without a map at the quality q + s, but for the weight of the loss.
  std::fill(draws.quality_steps.begin(), draws.quality_steps.end(), int8_t{9});
  const StepResult shifted = model_->Forward(BatchOf(x_), *rate_, &draws);
  EXPECT_NE(shifted.bpp, with_map.bpp);
  quality_.assign(kBatch, 29.f);
  std::fill(draws.quality_steps.begin(), draws.quality_steps.end(), int8_t{0});
  const StepResult there = model_->Forward(BatchOf(x_), *rate_, &draws);
  EXPECT_NEAR(shifted.bpp, there.bpp, 1e-6 * there.bpp);
  EXPECT_NEAR(shifted.mse, there.mse, 1e-6 * there.mse);
  const double lambda20 = LambdaOfUnitRange(architecture_, 20), lambda29 = LambdaOfUnitRange(architecture_, 29);
  EXPECT_NEAR(shifted.loss / RateWeight(lambda20), there.loss / RateWeight(lambda29), 1e-5 * there.loss);
}

/// Squared errors count three times in the first channel and once in the others.
class WeightedError final : public Distortion {
 public:
  explicit WeightedError(const Shape& picture) : samples_(picture.size()), channels_(picture.c) {}
  Value Measure(const DecodedPicture& picture, double weight, float* gradient) override {
    Value value;
    for (int64_t i = 0; i < samples_; ++i) {
      const double error = double{picture.decoded[i]} + 0.5 - double{picture.original[i]};
      const double factor = (i % channels_ == 0 ? 3 : 1) / static_cast<double>(samples_);
      value.distortion += factor * error * error, value.mse += error * error / static_cast<double>(samples_);
      if (gradient != nullptr) gradient[i] = static_cast<float>(2 * weight * factor * error);
    }
    return value;
  }

 private:
  int64_t samples_;
  int channels_;
};

TEST_F(TrainingModelTest, CountsAnyDistortion) {
  auto made = TrainingModel::Create(
      architecture_, parameters_, kBatch, kPatch,
      {.distortion = [](const Shape& picture) { return std::make_unique<WeightedError>(picture); }});
  ASSERT_TRUE(made.ok()) << made.status().message();
  const StepResult plain = model_->Forward(BatchOf(x_), *rate_);
  Draws draws;
  const StepResult weighted = made.value()->ForwardBackward(BatchOf(x_), *rate_, &draws);
  EXPECT_GT(weighted.loss, plain.loss);
  EXPECT_EQ(weighted.bpp, plain.bpp);
  EXPECT_NEAR(weighted.mse, plain.mse, 1e-12);
  Parameter& p = *parameters_.Find("block_synthesis.weight");
  double squared = 0;
  for (float g : p.grad) squared += double{g} * g;
  const double norm = std::sqrt(squared), step = 2e-3 / norm;
  const std::vector<float> saved = p.value, gradient = p.grad;
  const auto loss_at = [&](double sign) {
    for (size_t i = 0; i < saved.size(); ++i) p.value[i] = static_cast<float>(saved[i] + sign * step * gradient[i]);
    parameters_.MarkChanged();
    return made.value()->Forward(BatchOf(x_), *rate_, &draws).loss;
  };
  EXPECT_NEAR((loss_at(1) - loss_at(-1)) / (2 * step * norm), norm, 0.02 * norm);
}

TEST_F(TrainingModelTest, RefusesAPatchThatIsNoMultipleOfTheStride) {
  Parameters parameters;
  const auto model = TrainingModel::Create(architecture_, parameters, 1, 100);
  ASSERT_FALSE(model.ok());
  EXPECT_NE(model.status().message().find("multiple of 64"), std::string::npos) << model.status().message();
}

}  // namespace
}  // namespace aecomp
