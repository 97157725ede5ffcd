// Which model is the best, when patience ends, and what before and after are worth.
#include "train/run/validate.h"

#include <gtest/gtest.h>

namespace aecomp {
namespace {

/// Curves of equal shape: `factor` times the bits.
std::vector<ValidationRow> Rows(double factor, double loss, double more_psnr = 0) {
  std::vector<ValidationRow> rows;
  for (int i = 0; i < 5; ++i)
    rows.push_back({28 * i, factor * 0.1 * (1 << i), 26.0 + 3 * i + more_psnr, loss, 28.0 + 3 * i});
  return rows;
}

TEST(ValidationHistory, KeepsTheBestAndCountsWhatIsNotWorthIt) {
  ValidationHistory history;
  EXPECT_TRUE(history.Add(0, Rows(1, 2.0)));
  EXPECT_TRUE(history.Add(500, Rows(1, 1.9)));
  EXPECT_EQ(history.stale(), 0);
  EXPECT_TRUE(history.Add(1000, Rows(1, 1.8985)));  // better, but by less than 0.2 %
  EXPECT_EQ(history.stale(), 1);
  EXPECT_EQ(history.best_step(), 1000);
  EXPECT_FALSE(history.Add(1500, Rows(1, 2.1)));
  EXPECT_EQ(history.stale(), 2);
  EXPECT_TRUE(history.Add(2000, Rows(1, 1.896)));  // 0.2 % below 1.9: small gains add up
  EXPECT_EQ(history.stale(), 0);
  EXPECT_EQ(history.first_step(), 0);
}

TEST(ValidationHistory, SurvivesACheckpointExactly) {
  ValidationHistory history, copy;
  history.Add(0, Rows(1, 1.0 / 3));
  history.Add(7, Rows(1, 0.1 + 0.2));
  ASSERT_TRUE(copy.Parse(history.ToJson()));
  EXPECT_EQ(copy.ToJson(), history.ToJson());
  EXPECT_EQ(copy.best()[2].score, 34);
  EXPECT_EQ(copy.best()[2].loss, history.best()[2].loss);
  EXPECT_EQ(copy.Add(9, Rows(1, 0.3)), history.Add(9, Rows(1, 0.3)));
  EXPECT_FALSE(copy.Parse("{}"));
}

/// Checkpoints of programs that trained for PSNR only have rows without a score.
TEST(ValidationHistory, ScoreOfAnOlderCheckpointIsThePsnr) {
  ValidationHistory history;
  ASSERT_TRUE(history.Parse(R"({"first": [[0, 0.5, 31, 2]], "best": [[0, 0.5, 32, 1]], "first_step": 0, "best_step": 5,
                                "last_step": 5, "mark": 1, "stale": 0})"));
  EXPECT_EQ(history.first()[0].score, 31);
  EXPECT_EQ(history.best()[0].score, 32);
}

TEST(CompareCurves, GivesTheRateOrSaysWhyThereIsNone) {
  EXPECT_NE(CompareCurves(Rows(1, 0), Rows(0.8, 0)).find("-20.0 %"), std::string::npos);
  EXPECT_NE(CompareCurves(Rows(1, 0), Rows(0.8, 0, 1)).find("between 27.0 and 38.0 dB"), std::string::npos);
  const std::string visual = CompareCurves(Rows(1, 0), Rows(0.8, 0, 1), Tune::kVisual);  // scores are equal
  EXPECT_NE(visual.find("-20.0 % bits at equal visual score, between 28.0 and 40.0 dB"), std::string::npos) << visual;
  const std::string apart = CompareCurves(Rows(1, 0), Rows(1, 0, 20));
  EXPECT_NE(apart.find("do not overlap"), std::string::npos) << apart;
  std::vector<ValidationRow> falling = Rows(1, 0);
  falling[3].psnr = 20;
  EXPECT_NE(CompareCurves(Rows(1, 0), falling).find("none"), std::string::npos);
}

}  // namespace
}  // namespace aecomp
