#include "model/codec/quality_axis.h"

#include <gtest/gtest.h>

namespace aecomp {
namespace {

TEST(QualityAxis, EndsAndDefault) {
  for (const int most : {112, 96, 16}) {
    EXPECT_EQ(StepOfQuality(0, most), 0);
    EXPECT_EQ(StepOfQuality(100, most), most);
  }
  EXPECT_EQ(StepOfQuality(kDefaultQuality, 112), 99);
  EXPECT_EQ(StepOfQuality(50, 112), 66);
  EXPECT_EQ(StepOfQuality(90, 112), 107);
}

TEST(QualityAxis, RisesWithTheQuality) {
  for (double quality = 0; quality < 100; quality += 0.5) {
    EXPECT_LE(StepOfQuality(quality, 112), StepOfQuality(quality + 0.5, 112)) << quality;
  }
}

TEST(QualityAxis, EveryStepHasAQuality) {
  for (const int most : {112, 7, 1}) {
    for (int step = 0; step <= most; ++step) {
      const double quality = QualityOfStep(step, most);
      EXPECT_GE(quality, 0);
      EXPECT_LE(quality, 100);
      EXPECT_EQ(StepOfQuality(quality, most), step) << "of " << most;
    }
  }
}

}  // namespace
}  // namespace aecomp
