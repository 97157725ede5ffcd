#include "model/entropy/entropy_parameters.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/base/exact_math.h"
#include "model/entropy/coding_check.h"
#include "model/entropy/quality_rows.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

class EntropyParameters : public testing::Test {
 protected:
  Architecture a = ParseArchitecture(TinyArchitecture(), "tiny").value();
  Parameters parameters = RandomParameters(a, 3);
  float At(const char* name, size_t row, size_t channel) {
    const Parameter& p = *parameters.Find(name);
    return p.value[row * static_cast<size_t>(p.dims[1]) + channel];
  }
};

TEST_F(EntropyParameters, RowsAreTheirOwnQualities) {
  for (size_t row = 0; row < 4; ++row) {
    const QualityScales s = ScalesAt(a, parameters, 16.0 * static_cast<double>(row));
    EXPECT_FLOAT_EQ(s.gain[5], std::exp(At("log_gain", row, 5)));
    EXPECT_FLOAT_EQ(s.step[2], std::exp(At("log_step", row, 2)));
    EXPECT_FLOAT_EQ(s.z_gain[7], std::exp(At("log_z_gain", row, 7)));
    EXPECT_FLOAT_EQ(s.z_scale[1], std::max(std::exp(At("z_log_scale", row, 1)), kZScaleMin));
    EXPECT_FLOAT_EQ(s.log_sigma[3], parameters.Find("log_sigma")->value[3] + At("log_gain", row, 3));
    EXPECT_FLOAT_EQ(s.z_mean[4], parameters.Find("z_mean")->value[4]);
  }
}

TEST_F(EntropyParameters, TheFixedScaleIsThatOfTheMiddleOfTheCore) {
  const auto expected = [&](size_t middle) { return std::exp(At("log_gain", middle, 1) - At("log_gain", 3, 1)); };
  EXPECT_FLOAT_EQ(ScalesAt(a, parameters, 48).fixed_scale[1], static_cast<float>(expected(2)));
  a.core_lambdas = 3;
  EXPECT_FLOAT_EQ(ScalesAt(a, parameters, 48).fixed_scale[1], static_cast<float>(expected(1)));
}

TEST_F(EntropyParameters, BetweenRowsLogsAreMixedLinearly) {
  const QualityScales s = ScalesAt(a, parameters, 20);
  EXPECT_NEAR(std::log(s.gain[0]), 0.75 * At("log_gain", 1, 0) + 0.25 * At("log_gain", 2, 0), 1e-6);
  EXPECT_NEAR(std::log(s.z_gain[6]), 0.75 * At("log_z_gain", 1, 6) + 0.25 * At("log_z_gain", 2, 6), 1e-6);
}

TEST_F(EntropyParameters, FixedScaleIsThatOfTheMiddleQuality) {
  for (const double quality : {0.0, 11.5, 32.0, 48.0}) {
    const QualityScales s = ScalesAt(a, parameters, quality);
    for (size_t c = 0; c < 16; ++c) EXPECT_NEAR(std::log(s.gain[c] * s.fixed_scale[c]), At("log_gain", 2, c), 1e-5);
  }
}

/// 16 channels are computed at once, and must have the bits of single ones.
TEST_F(EntropyParameters, BlocksHaveTheBitsOfSingleExponentials) {
  Parameter& step = *parameters.Find("log_step");
  ASSERT_EQ(step.dims[1], 16);
  for (const float first : {0.3f, 88.f}) {  // one is too large for the fast way
    for (float& v : step.value) v *= 7;
    step.value[0] = first;
    for (const double quality : {0.0, 5.0, 23.0}) {
      const std::vector<float> logs = MixRows(step, PositionOf(quality, a.lambdas.size()));
      const QualityScales s = ScalesAt(a, parameters, quality);
      for (size_t c = 0; c < 16; ++c) EXPECT_EQ(s.step[c], ExactExp(logs[c])) << logs[c];
    }
  }
}

TEST_F(EntropyParameters, ScalesOfZHaveAFloor) {
  for (float& v : parameters.Find("z_log_scale")->value) v = -20;
  EXPECT_EQ(ScalesAt(a, parameters, 7).z_scale[0], kZScaleMin);
}

TEST(Compand, IsOddAndLogarithmic) {
  EXPECT_EQ(Compand(0), 0);
  for (float v = 1e-6f; v < 1e6f; v *= 1.01f) {
    const double exact = std::log1p(double{v});
    EXPECT_NEAR(Compand(v), exact, 2e-7 * (1 + exact)) << v;
    EXPECT_EQ(Compand(-v), -Compand(v));
  }
}

}  // namespace
}  // namespace aecomp
