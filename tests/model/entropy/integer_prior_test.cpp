#include "model/entropy/integer_prior.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "model/entropy/coding_check.h"
#include "model/entropy/coding_tables.h"
#include "model/integer/integer_conv.h"
#include "tests/model/small_networks.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

IntegerLayer RandomLayer(std::mt19937& random, bool transposed, int in, int out, int kernel, int stride, int padding) {
  IntegerLayer l;
  l.transposed = transposed;
  l.in = in, l.out = out, l.kernel = kernel, l.stride = stride, l.padding = padding;
  l.shift = 20;
  // As large as accumulators below 2^24 allow, to reach what saturates or rounds.
  const int taps = transposed ? (kernel + stride - 1) / stride : kernel;
  const int most = std::min(64, (1 << 24) / (384 * in * taps * taps) - 1);
  for (int64_t i = 0; i < l.weight_size(); ++i) {
    const int w = static_cast<int>(random() % static_cast<uint32_t>(2 * most)) - most;
    l.weight.push_back(static_cast<int8_t>(random() % 4 == 0 ? (w < 0 ? -most : most - 1) : w));
  }
  for (int o = 0; o < out; ++o) {
    l.bias.push_back(static_cast<int32_t>(random() % 100000) - 50000);
    l.multiplier.push_back(static_cast<int32_t>(random() % 400));
  }
  return l;
}

struct Case {
  bool transposed;
  int in, out, kernel, stride, padding, h, w;
};
const Case kCases[] = {
    {false, 16, 16, 3, 1, 1, 9, 7},
    {false, 5, 7, 3, 1, 1, 4, 4},
    {false, 32, 48, 1, 1, 0, 8, 5},
    {false, 24, 8, 4, 2, 1, 8, 6},
    {true, 16, 16, 4, 2, 1, 5, 3},
    {true, 96, 128, 4, 2, 1, 4, 4},
    {true, 7, 5, 3, 2, 1, 4, 5},
    {true, 8, 3, 8, 4, 2, 3, 3},
    {false, 128, 320, 1, 1, 0, 4, 4},
    {false, 128, 64, 3, 1, 1, 6, 6},
    {true, 4, 4, 2, 2, 0, 1, 1},
    {true, 3, 6, 5, 2, 2, 3, 4},
    // More than one strip of rows.
    {false, 8, 64, 3, 1, 1, 70, 64},
    {true, 8, 16, 4, 2, 1, 66, 62},
    {false, 3, 48, 8, 4, 2, 300, 360},
};

/// The number of accumulators in which the fast way differs from the scalar one.
int64_t CountDifferences(uint32_t seed) {
  std::mt19937 random(seed);
  int64_t different = 0;
  for (const Case& c : kCases) {
    for (const int zero_point : {0, 128}) {
      const IntegerLayer layer = RandomLayer(random, c.transposed, c.in, c.out, c.kernel, c.stride, c.padding);
      if (!CheckIntegerLayer(layer, zero_point, "random").ok()) return 1'000'000;
      std::vector<uint8_t> x(static_cast<size_t>(c.h * c.w * c.in));
      for (uint8_t& v : x) v = random() % 3 == 0 ? 255 : static_cast<uint8_t>(random());
      IntegerConv conv(layer, c.h, c.w, zero_point), larger(layer, c.h + 21, c.w + 9, zero_point);
      std::vector<int32_t> fast(static_cast<size_t>(conv.output().size())), slow(fast.size());
      AccumulateScalar(layer, x.data(), c.h, c.w, zero_point, slow.data());
      larger.SetSize(c.h, c.w);
      for (int repeat = 0; repeat < 2; ++repeat) {  // the second run finds the padding of the first
        for (IntegerConv* one : {&conv, &larger}) {
          one->RunToAccumulators(x.data(), fast.data());
          for (size_t i = 0; i < fast.size(); ++i) different += fast[i] != slow[i];
        }
      }
    }
  }
  return different;
}

TEST(IntegerConv, EqualsScalarTwin) { EXPECT_EQ(CountDifferences(1), 0); }

// oneDNN reads its limit once a process: each instruction set gets a process of its own, which runs this test alone.
TEST(IntegerConv, EqualsScalarTwinUnderEveryInstructionSet) {
  for (const char* isa : {"SSE41", "AVX2", "AVX512_CORE", "AVX512_CORE_VNNI"}) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      setenv("ONEDNN_MAX_CPU_ISA", isa, 1);
      execl("/proc/self/exe", "model_test", "--gtest_filter=IntegerConv.EqualsScalarTwin", "--gtest_brief=1", nullptr);
      _exit(127);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << isa;
  }
}

TEST(IntegerLayer, AccumulatesWhatItSays) {
  // 1x2 input, kernel 3 with weights 1..9 on one channel: by hand.
  IntegerLayer l;
  l.in = l.out = 1, l.kernel = 3, l.padding = 1;
  l.weight = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  l.bias = {100}, l.multiplier = {1};
  const uint8_t x[] = {130, 126};
  int32_t acc[2];
  AccumulateScalar(l, x, 1, 2, 128, acc);
  EXPECT_EQ(acc[0], 100 + 5 * 2 + 6 * -2);
  EXPECT_EQ(acc[1], 100 + 4 * 2 + 5 * -2);
  l.transposed = true, l.stride = 2;  // 1x2 -> 1x3
  EXPECT_EQ(l.OutputShape({1, 1, 1, 2}), (Shape{1, 1, 1, 3}));
  int32_t wide[3];
  AccumulateScalar(l, x, 1, 2, 128, wide);
  EXPECT_EQ(wide[0], 100 + 5 * 2);
  EXPECT_EQ(wide[1], 100 + 6 * 2 + 4 * -2);
  EXPECT_EQ(wide[2], 100 + 5 * -2);
}

TEST(IntegerLayer, RequantiseRoundsToNearest) {
  EXPECT_EQ(Requantise(3, 1, 1), 2);
  EXPECT_EQ(Requantise(-3, 1, 1), -1);
  EXPECT_EQ(Requantise(-5, 1, 2), -1);
  EXPECT_EQ(Requantise(1 << 24, 2147483647, 46), (((int64_t{1} << 24) * 2147483647) + (int64_t{1} << 45)) >> 46);
}

TEST(IntegerLayer, RefusesWhatWouldOverflow) {
  std::mt19937 random(3);
  IntegerLayer l = RandomLayer(random, false, 8, 2, 3, 1, 1);
  EXPECT_TRUE(CheckIntegerLayer(l, 0, "l").ok());
  IntegerLayer wide = l;
  wide.weight[0] = 64;
  EXPECT_FALSE(CheckIntegerLayer(wide, 0, "l").ok());
  IntegerLayer heavy = l;
  heavy.bias[1] = 1 << 24;
  EXPECT_FALSE(CheckIntegerLayer(heavy, 0, "l").ok());
  heavy.bias[1] = std::numeric_limits<int32_t>::min();
  EXPECT_FALSE(CheckIntegerLayer(heavy, 0, "l").ok());
  for (const int shift : {0, 47, -1}) {
    IntegerLayer shifted = l;
    shifted.shift = shift;
    EXPECT_FALSE(CheckIntegerLayer(shifted, 0, "l").ok());
  }
}

TEST(IntegerPrior, DivergedParametersAreRefused) {
  const Architecture a = ParseArchitecture(TinyArchitecture(), "tiny").value();
  const std::vector<Tensor> inputs = RandomCalibration(a, 1);
  const Tensor* pointer = &inputs[0];
  for (const char* name : {"sigma_head.weight", "hyper_synthesis.0.bias"}) {
    for (const float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
      Parameters parameters = RandomParameters(a, 1);
      parameters.Find(name)->value[0] = bad;
      EXPECT_FALSE(IntegerPrior::Quantize(a, parameters, {&pointer, 1}).ok()) << name;
    }
  }
}

class TinyPriorTest : public testing::Test {
 protected:
  Architecture a = ParseArchitecture(TinyArchitecture(), "tiny").value();
  Parameters parameters = RandomParameters(a, 1);
  IntegerPrior prior = TinyPrior(a, parameters);

  std::vector<int16_t> RandomZ(int h, int w, int most) {
    std::vector<int16_t> z(static_cast<size_t>(h * w * a.hyper_channels));
    for (int16_t& v : z)
      v = static_cast<int16_t>(static_cast<int>(random() % static_cast<uint32_t>(2 * most + 1)) - most);
    return z;
  }
  std::mt19937 random{7};
};

TEST_F(TinyPriorTest, FastRowsEqualScalarRows) {
  for (const auto& [h, w] : {std::pair{1, 1}, {2, 3}, {5, 2}}) {
    for (const int quality : {0, 17, 48}) {
      const std::vector<int16_t> z = RandomZ(h, w, quality == 17 ? 127 : 4);
      const size_t positions = static_cast<size_t>(16 * h * w), k = static_cast<size_t>(prior.feature_channels());
      std::vector<uint8_t> features(positions * k), slow_features(features.size());
      std::vector<uint8_t> rows(positions * static_cast<size_t>(a.latent_channels)), slow_rows(rows.size());
      ASSERT_TRUE(prior.Run(quality, z.data(), h, w, features.data(), rows.data()).ok());
      prior.RunScalar(quality, z.data(), h, w, slow_features.data(), slow_rows.data());
      EXPECT_EQ(features, slow_features);
      EXPECT_EQ(rows, slow_rows);
      EXPECT_NE(*std::max_element(rows.begin(), rows.end()), *std::min_element(rows.begin(), rows.end()));
    }
  }
}

TEST_F(TinyPriorTest, EveryPositionHasTheRowsOfItsQuality) {
  const int h = 3, w = 2, quality = 30;
  const std::vector<int16_t> z = RandomZ(h, w, 20);
  const size_t positions = static_cast<size_t>(16 * h * w), m = static_cast<size_t>(a.latent_channels);
  std::vector<uint8_t> features(positions * static_cast<size_t>(prior.feature_channels()));
  std::vector<uint8_t> middle(positions * m), rows(middle), slow_rows(middle);
  ASSERT_TRUE(prior.Run(a.max_quality() / 2, z.data(), h, w, features.data(), middle.data()).ok());
  uint32_t sum = 0;
  for (const uint8_t row : middle) sum += row;
  const QualityMap map{200, static_cast<uint8_t>(ActivityLevel(sum / static_cast<uint32_t>(positions)))};
  std::vector<uint8_t> qualities(positions), slow_qualities(positions);
  ASSERT_TRUE(prior.Run(quality, z.data(), h, w, features.data(), rows.data(), map, qualities.data()).ok());
  prior.RunScalar(quality, z.data(), h, w, features.data(), slow_rows.data(), map, slow_qualities.data());
  EXPECT_EQ(qualities, slow_qualities);
  EXPECT_EQ(rows, slow_rows);
  EXPECT_NE(*std::max_element(qualities.begin(), qualities.end()),
            *std::min_element(qualities.begin(), qualities.end()));
}

TEST_F(TinyPriorTest, FollowsTheFloatNetworks) {
  const int h = 12, w = 12, quality = 24;
  const QualityScales s = ScalesAt(a, parameters, quality);
  const std::vector<int16_t> z = RandomZ(h, w, 3);
  Tensor input(Shape{1, a.hyper_channels, h, w});
  for (size_t i = 0; i < z.size(); ++i) {
    const size_t c = i % s.z_gain.size();
    input.data()[i] = (z[i] + s.z_mean[c]) / s.z_gain[c];
  }
  const Tensor* calibration = &input;
  const IntegerPrior fitted = IntegerPrior::Quantize(a, parameters, {&calibration, 1}).value();
  auto decoder = Graph::Create(a.hyper_decoder, input.shape(), parameters, Graph::Mode::kInference).value();
  auto head = Graph::Create(a.sigma_head, decoder->output_shape(), parameters, Graph::Mode::kInference).value();
  const float* float_features = decoder->Forward(input.data());
  const float* log_sigma = head->Forward(float_features);
  std::vector<uint8_t> features(static_cast<size_t>(decoder->output_shape().size()));
  std::vector<uint8_t> rows(static_cast<size_t>(head->output_shape().size()));
  ASSERT_TRUE(fitted.Run(quality, z.data(), h, w, features.data(), rows.data()).ok());
  const size_t feature_channels = fitted.feature_scales().size(), channels = s.log_sigma.size();
  double error = 0, power = 0, row_error = 0;
  std::vector<double> feature_offset(feature_channels), row_offset(channels);  // sums
  for (size_t i = 0; i < features.size(); ++i) {
    const size_t c = i % feature_channels;
    const double off = features[i] - float_features[i] / fitted.feature_scales()[c];
    error += off * off, power += std::pow(float_features[i] / fitted.feature_scales()[c], 2), feature_offset[c] += off;
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    const double index = YIndex256(log_sigma[i] + s.log_sigma[i % channels]) / 256;
    const double off = rows[i] - std::clamp(index, 0.0, kYRows - 1.0);
    row_error += std::fabs(off), row_offset[i % channels] += off;
  }
  EXPECT_LT(std::sqrt(error / power), 0.05);
  EXPECT_LT(row_error / static_cast<double>(rows.size()), 1.0);  // of which 1/4 is the rounding to a row
  // Rounded weights move no channel as a whole: that goes off its bias.
  const auto most = [](std::vector<double> sums, size_t elements) {
    double largest = 0;
    for (double v : sums) largest = std::max(largest, std::fabs(v) * static_cast<double>(sums.size()));
    return largest / static_cast<double>(elements);
  };
  EXPECT_LT(most(feature_offset, features.size()), 0.2);  // steps
  EXPECT_LT(most(row_offset, rows.size()), 0.03);
}

TEST_F(TinyPriorTest, SavesAndLoads) {
  SafetensorsWriter writer;
  ASSERT_TRUE(prior.Save(writer).ok());
  const std::vector<uint8_t> bytes = writer.Serialize();
  const SafetensorsFile file = SafetensorsFile::Parse(bytes, "w").value();
  const auto loaded = IntegerPrior::Load(a, file);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  SafetensorsWriter again;
  ASSERT_TRUE(loaded.value().Save(again).ok());
  EXPECT_EQ(again.Serialize(), bytes);
}

TEST_F(TinyPriorTest, QuantiseIsDeterministic) {
  SafetensorsWriter first, second;
  ASSERT_TRUE(prior.Save(first).ok());
  ASSERT_TRUE(TinyPrior(a, parameters).Save(second).ok());
  EXPECT_EQ(first.Serialize(), second.Serialize());
}

std::string QuantiseError(const std::function<void(nlohmann::json&)>& change) {
  nlohmann::json json = nlohmann::json::parse(TinyArchitecture());
  change(json["prior"]);
  auto a = ReadArchitecture(json.dump(), "changed");
  EXPECT_TRUE(a.ok()) << a.status().message();
  if (!a.ok()) return "";
  EXPECT_TRUE(CheckArchitecture(a.value(), std::nullopt).ok());
  Parameters parameters = RandomParameters(a.value(), 1);
  const std::vector<Tensor> inputs = RandomCalibration(a.value(), 1);
  const Tensor* pointer = &inputs[0];
  const auto prior = IntegerPrior::Quantize(a.value(), parameters, {&pointer, 1});
  EXPECT_FALSE(prior.ok());
  return prior.ok() ? "" : prior.status().message();
}

TEST(IntegerPrior, NamesTheLayerWhoseSumsAreTooLarge) {
  const Architecture a = ParseArchitecture(test::WithHyperprior("conv_small", 8, 20000), "wide").value();
  Parameters parameters = RandomParameters(a, 1);
  const std::vector<Tensor> inputs = RandomCalibration(a, 1);
  const Tensor* pointer = &inputs[0];
  EXPECT_TRUE(IntegerPrior::Quantize(a, parameters, {&pointer, 1}).ok());
  std::vector<float>& weights = parameters.Find("sigma.weight")->value;
  std::fill(weights.begin(), weights.end(), 1.f);
  const auto prior = IntegerPrior::Quantize(a, parameters, {&pointer, 1});
  ASSERT_FALSE(prior.ok());
  EXPECT_NE(prior.status().message().find("layer 'sigma': the 20000 weights of one of its outputs add up"),
            std::string::npos)
      << prior.status().message();
}

TEST(IntegerPrior, NamesTheLayerThatIntegersCannotRun) {
  EXPECT_NE(QuantiseError([](auto& prior) {
              prior["hyper_decoder"][1]["type"] = "leaky_relu";
            }).find("'hyper_synthesis.0.relu'"),
            std::string::npos);
  EXPECT_NE(QuantiseError([](auto& prior) { prior["hyper_decoder"][4]["groups"] = 2; }).find("'hyper_synthesis.2'"),
            std::string::npos);
  EXPECT_NE(QuantiseError([](auto& prior) { prior["hyper_decoder"].erase(5); }).find("'hyper_synthesis.2'"),
            std::string::npos);
  EXPECT_NE(QuantiseError([](auto& prior) {
              prior["sigma_head"].push_back({{"type", "relu"}, {"name", "sigma.relu"}});
            }).find("'sigma.relu'"),
            std::string::npos);
}

}  // namespace
}  // namespace aecomp
