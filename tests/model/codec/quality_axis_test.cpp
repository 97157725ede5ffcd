#include "model/codec/quality_axis.h"

#include <gtest/gtest.h>

namespace aecomp {
namespace {

/// core: of the lambdas; 0: all.
Architecture WithLambdas(int count, int core = 0) {
  Architecture a;
  for (int i = 0; i < count; ++i) a.lambdas.push_back(0.001 * (i + 1));
  a.core_lambdas = core;
  return a;
}

TEST(QualityAxis, EndsAndDefault) {
  for (const int lambdas : {8, 7, 2}) {
    EXPECT_EQ(StepOfQuality(0, WithLambdas(lambdas)), 0);
    EXPECT_EQ(StepOfQuality(100, WithLambdas(lambdas)), 16 * (lambdas - 1));
  }
  EXPECT_EQ(StepOfQuality(kDefaultQuality, WithLambdas(8)), 99);
  EXPECT_EQ(StepOfQuality(50, WithLambdas(8)), 66);
  EXPECT_EQ(StepOfQuality(90, WithLambdas(8)), 107);
}

TEST(QualityAxis, AGrownModelKeepsWhatLiesBelowTheDefault) {
  const Architecture grown = WithLambdas(12, 8);
  for (const double quality : {0., 20., 50., kDefaultQuality}) {
    EXPECT_EQ(StepOfQuality(quality, grown), StepOfQuality(quality, WithLambdas(8))) << quality;
  }
  EXPECT_EQ(StepOfQuality(90, grown), 145);  // 99 + 15 / 25 * (176 - 99)
  EXPECT_EQ(StepOfQuality(100, grown), 176);
}

TEST(QualityAxis, RisesWithTheQuality) {
  for (double quality = 0; quality < 100; quality += 0.5) {
    EXPECT_LE(StepOfQuality(quality, WithLambdas(8)), StepOfQuality(quality + 0.5, WithLambdas(8))) << quality;
  }
}

TEST(QualityAxis, EveryStepHasAQuality) {
  for (const Architecture& architecture : {WithLambdas(8), WithLambdas(2), WithLambdas(12, 8)}) {
    for (int step = 0; step <= architecture.max_quality(); ++step) {
      const double quality = QualityOfStep(step, architecture);
      EXPECT_GE(quality, 0);
      EXPECT_LE(quality, 100);
      EXPECT_EQ(StepOfQuality(quality, architecture), step) << "of " << architecture.max_quality();
    }
  }
}

}  // namespace
}  // namespace aecomp
