// When training turns from the bits of noise to those of a file.
#include "train/run/rate_phase.h"

#include <gtest/gtest.h>

#include "model/entropy/coding_tables.h"

namespace aecomp {
namespace {

class RatePhaseTest : public ::testing::Test {
 protected:
  RatePhaseTest() { options_.file_rate = 0.8, state_.start = "none", state_.step = 10000, state_.history = "[]"; }

  RateKind At(double progress) const { return NextRate(options_, state_, history_, progress); }
  /// As many validations that gain nothing.
  void GainNothing(int validations) {
    const std::vector<ValidationRow> rows = {{0, 1, 30, 1}};
    history_.Add(0, rows);
    for (int i = 1; i <= validations; ++i) history_.Add(i, rows);
  }

  TrainOptions options_;
  TrainState state_;
  ValidationHistory history_;
};

TEST_F(RatePhaseTest, ModelsThatDoNotKnowTheirScalesHaveNoDeadzones) {
  state_.step = 9999;
  EXPECT_EQ(At(0.9), RateKind::kNoise);
  state_.history = R"([{"steps": 1}])";  // of an earlier run
  EXPECT_EQ(At(0.5), RateKind::kNoiseWithDeadzones);
}

TEST_F(RatePhaseTest, FilesComeAfterTheirShareOfTheRun) {
  EXPECT_EQ(At(0.79), RateKind::kNoiseWithDeadzones);
  EXPECT_EQ(At(0.8), RateKind::kFile);
  options_.file_rate = 1;
  EXPECT_EQ(At(1), RateKind::kNoiseWithDeadzones);
}

TEST_F(RatePhaseTest, FilesComeWhenATrainedModelGainsNothing) {
  GainNothing(2);
  EXPECT_EQ(At(0.1), RateKind::kNoiseWithDeadzones);  // an untrained one has still to learn
  state_.start = "released model";
  EXPECT_EQ(At(0.1), RateKind::kFile);
}

TEST_F(RatePhaseTest, FilesStay) {
  state_.y_tables = YFrequencies();
  EXPECT_EQ(At(0), RateKind::kFile);
}

TEST_F(RatePhaseTest, HasTheRateThatIsWanted) {
  RatePhase phase;
  EXPECT_EQ(phase.kind(), RateKind::kNoise);
  EXPECT_TRUE(phase.term().AnalysisLearnsFromZ());
  EXPECT_FLOAT_EQ(phase.term().rounding().Offset(0.6f, 0, 1), 0.4f);
  ASSERT_TRUE(phase.UseNoise(RateKind::kNoiseWithDeadzones).ok());
  EXPECT_FLOAT_EQ(phase.term().rounding().Offset(0.6f, 0, 1), -0.6f);  // 1 is dearer than its error
  ASSERT_TRUE(phase.UseFile(YFrequencies()).ok());
  EXPECT_EQ(phase.kind(), RateKind::kFile);
  EXPECT_FALSE(phase.term().AnalysisLearnsFromZ());
}

}  // namespace
}  // namespace aecomp
