#include "model/entropy/integer_means.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/entropy/coding_check.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

struct Case {
  Architecture architecture = ParseArchitecture(TinyArchitecture(), "tiny").value();
  Parameters parameters = RandomParameters(architecture, 1);
  IntegerPrior prior = TinyPrior(architecture, parameters);
  IntegerMeans means = TinyMeans(architecture, parameters, prior);
};

const float* Correct(MeanPredictor& predictor, const std::vector<uint8_t>& features, const std::vector<uint8_t>& seen) {
  const int64_t row = int64_t{predictor.shape().w} * predictor.shape().c;
  return predictor.Correct(features.data(), [&](int y, uint8_t* to) { std::copy_n(seen.data() + y * row, row, to); });
}

TEST(IntegerMeans, AreCloseToTheFloatNetworks) {
  Case c;
  const int h = 8, w = 12;
  const Architecture& a = c.architecture;
  const int64_t k = c.prior.feature_channels(), m = a.latent_channels, positions = int64_t{h} * w;
  MeanPredictor predictor(c.means, h, w);
  std::mt19937 random(9);
  std::normal_distribution<float> normal;
  std::vector<uint8_t> features, seen;
  Tensor float_features(Shape{1, static_cast<int>(k), h, w}), first_half(Shape{1, static_cast<int>(m), h, w});
  for (int64_t i = 0; i < positions * k; ++i) {
    const float scale = c.prior.feature_scales()[static_cast<size_t>(i % k)];
    features.push_back(static_cast<uint8_t>(std::min(std::fabs(normal(random)) / scale, 255.f)));
    float_features.data()[i] = static_cast<float>(features.back()) * scale;
  }
  for (int64_t i = 0; i < positions * m; ++i) {
    first_half.data()[i] = i % 2 == 0 ? normal(random) : 0;
    seen.push_back(i % 2 == 0 ? ToSeen(first_half.data()[i], predictor.seen_steps()) : MeanPredictor::kUnseen);
  }

  auto head = Graph::Create(a.mu_head, float_features.shape(), c.parameters, Graph::Mode::kInference).value();
  const float *mu = predictor.Predict(features.data()), *expected = head->Forward(float_features.data());
  for (int64_t i = 0; i < positions * m; ++i) ASSERT_NEAR(mu[i], expected[i], 0.05);

  auto in = Graph::Create(a.context_in, first_half.shape(), c.parameters, Graph::Mode::kInference).value();
  const float* context = in->Forward(first_half.data());
  Tensor joined(Shape{1, static_cast<int>(k) + in->output_shape().c, h, w});
  const int64_t n = in->output_shape().c;
  for (int64_t p = 0; p < positions; ++p) {
    std::copy_n(float_features.data() + p * k, k, joined.data() + p * (k + n));
    std::copy_n(context + p * n, n, joined.data() + p * (k + n) + k);
  }
  auto out = Graph::Create(a.context_out, joined.shape(), c.parameters, Graph::Mode::kInference).value();
  const float *correction = Correct(predictor, features, seen), *exact = out->Forward(joined.data());
  double energy = 0, error = 0;
  for (int64_t i = 0; i < positions * m; ++i)
    energy += exact[i] * exact[i], error += std::pow(correction[i] - exact[i], 2);
  EXPECT_GT(energy, 1);
  EXPECT_LT(error, 0.002 * energy);
}

TEST(IntegerMeans, OneForLargeTilesServesSmallOnes) {
  Case c;
  MeanPredictor large(c.means, 8, 12);
  std::mt19937 random(11);
  for (const auto& [h, w] : {std::pair{8, 12}, {4, 8}, {8, 8}, {4, 12}, {8, 12}}) {
    MeanPredictor own(c.means, h, w);
    large.SetSize(h, w);
    ASSERT_EQ(large.shape(), own.shape());
    std::vector<uint8_t> features(static_cast<size_t>(h * w * c.prior.feature_channels()));
    std::vector<uint8_t> seen(static_cast<size_t>(own.shape().size()));
    for (auto* values : {&features, &seen}) {
      for (uint8_t& v : *values) v = static_cast<uint8_t>(random());
    }
    const float *a = large.Predict(features.data()), *b = own.Predict(features.data());
    EXPECT_TRUE(std::equal(a, a + seen.size(), b)) << h << "x" << w;
    a = Correct(large, features, seen), b = Correct(own, features, seen);
    EXPECT_TRUE(std::equal(a, a + seen.size(), b)) << h << "x" << w;
  }
}

TEST(IntegerMeans, SeenNumbersAreClamped) {
  Case c;
  MeanPredictor predictor(c.means, 4, 4);
  EXPECT_EQ(ToSeen(0, predictor.seen_steps()), MeanPredictor::kUnseen);
  EXPECT_EQ(ToSeen(1e30f, predictor.seen_steps()), 255);
  EXPECT_EQ(ToSeen(-1e30f, predictor.seen_steps()), 0);
}

TEST(IntegerMeans, SavedAndLoadedAreEqual) {
  Case c;
  SafetensorsWriter writer;
  c.means.Save(writer);
  const std::vector<uint8_t> bytes = writer.Serialize();
  const SafetensorsFile file = SafetensorsFile::Parse(bytes, "means").value();
  const IntegerMeans loaded = IntegerMeans::Load(c.architecture, c.parameters, c.prior.feature_scales(), file).value();
  MeanPredictor before(c.means, 4, 4), after(loaded, 4, 4);
  const std::vector<uint8_t> features(static_cast<size_t>(16 * c.prior.feature_channels()), 77);
  const std::vector<uint8_t> seen(static_cast<size_t>(before.shape().size()), 99);
  const auto size = static_cast<size_t>(before.shape().size());
  const float *a = before.Predict(features.data()), *b = after.Predict(features.data());
  EXPECT_EQ(std::vector<float>(a, a + size), std::vector<float>(b, b + size));
  a = Correct(before, features, seen), b = Correct(after, features, seen);
  EXPECT_EQ(std::vector<float>(a, a + size), std::vector<float>(b, b + size));
}

}  // namespace
}  // namespace aecomp
