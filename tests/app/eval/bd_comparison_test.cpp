#include "app/eval/bd_comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace aecomp {
namespace {

std::vector<RatePoint> Line(double rate, double first, int count, double step) {
  std::vector<RatePoint> points;
  for (int k = 0; k < count; ++k) points.push_back({rate * std::pow(2, k), first + step * k});
  return points;
}

TEST(Compare, NamesTheRangeThatBothCover) {
  const auto anchor = Line(0.1, 30, 5, 2);
  auto test = Line(0.08, 30, 5, 2);
  Comparison c = Compare(anchor, test);
  EXPECT_NEAR(c.percent.value(), -20, 1e-9);
  EXPECT_EQ(c.range.low, 30);
  EXPECT_EQ(c.range.high, 38);
  c = Compare(anchor, Line(0.8, 34, 4, 2));  // twice the bytes from 34 on
  EXPECT_NEAR(c.percent.value(), 100, 1e-9);
  EXPECT_EQ(c.range.low, 34);
  EXPECT_EQ(c.range.high, 38);
  c = Compare(anchor, test, Interval{31, 35});
  EXPECT_EQ(c.range.low, 31);
  EXPECT_EQ(c.range.high, 35);
  EXPECT_NEAR(c.percent.value(), -20, 1e-9);
}

TEST(Compare, SaysWhyThereIsNone) {
  const auto anchor = Line(0.1, 30, 5, 2);
  EXPECT_NE(Compare(anchor, Line(0.1, 50, 3, 1)).reason.find("no common range: 50.00 to 52.00 and 30.00 to 38.00"),
            std::string::npos);
  EXPECT_NE(Compare(anchor, {{1, 33}}).reason.find("fewer than 2"), std::string::npos);
  EXPECT_FALSE(Compare(anchor, {{1, 33}}).percent);
}

TEST(FrontOf, LeavesOutBeatenPoints) {
  const auto front =
      FrontOf(std::vector<RatePoint>{{0.4, 34}, {0.1, 30}, {0.2, 29}, {0.3, 33}, {0.3, 32}, {0.5, NAN}, {0, 20}});
  ASSERT_EQ(front.size(), 3u);
  EXPECT_EQ(front[0].rate, 0.1);
  EXPECT_EQ(front[1].rate, 0.3);
  EXPECT_EQ(front[2].rate, 0.4);
  EXPECT_EQ(front[1].psnr, 33);
}

Measurement Point(const std::string& codec, const std::string& image, int k, double bytes, double psnr) {
  Measurement m;
  m.codec = codec, m.image = image, m.quality = k, m.width = 100, m.height = 80;
  m.bytes = static_cast<uint64_t>(bytes);
  m.scores[Metric::kPsnr] = psnr;
  m.encode_seconds = m.decode_seconds = 1;
  return m;
}

/// Four images; aecomp takes `factor(image)` times the bytes of the anchor.
std::vector<Measurement> Measured(const std::function<double(int)>& factor) {
  std::vector<Measurement> all;
  for (int i = 0; i < 4; ++i) {
    for (int k = 0; k < 5; ++k) {
      const double bytes = 1000 * (1 + i) * std::pow(2, k);
      all.push_back(Point("aecomp", "image" + std::to_string(i), k, bytes * factor(i), 30 + 2 * k + 0.1 * i));
      all.push_back(Point("other", "image" + std::to_string(i), k, bytes, 30 + 2 * k + 0.1 * i));
    }
  }
  return all;
}

Comparisons CompareMeasured(const std::vector<Measurement>& all) {
  const auto curves = MeanCurves(all);
  return CompareAll(curves[0], {curves[1]}, all, {Metric::kPsnr, Metric::kButteraugli});
}

TEST(CompareAll, ConfidenceIsThatOfTheImages) {
  Comparisons same = CompareMeasured(Measured([](int) { return 0.8; }));
  ASSERT_EQ(same.rates.size(), 1u) << "Butteraugli was not measured";
  EXPECT_NEAR(same.rates[0].percent.value(), -20, 1e-9);
  EXPECT_NEAR(same.rates[0].confidence->low, -20, 1e-9);
  EXPECT_NEAR(same.rates[0].confidence->high, -20, 1e-9);
  // The mean rate is that of 1, 2, 3 and 4 parts, of which 0.8, 1.0, 0.8 and 1.0 are taken: 9.2 of 10.
  Comparisons mixed = CompareMeasured(Measured([](int i) { return i % 2 == 0 ? 0.8 : 1.0; }));
  EXPECT_NEAR(mixed.rates[0].percent.value(), -8, 1e-9);
  EXPECT_LT(mixed.rates[0].confidence->low, -10);
  EXPECT_GE(mixed.rates[0].confidence->low, -20);
  EXPECT_GT(mixed.rates[0].confidence->high, -6);
  EXPECT_LE(mixed.rates[0].confidence->high, 1e-9);
  EXPECT_EQ(CompareMeasured(Measured([](int i) { return i % 2 == 0 ? 0.8 : 1.0; })).rates[0].confidence->low,
            mixed.rates[0].confidence->low);
}

TEST(CompareAll, RatesAtNamedLevels) {
  const Comparisons c = CompareMeasured(Measured([](int) { return 0.8; }));
  ASSERT_EQ(c.equal.size(), 3u);
  EXPECT_STREQ(c.equal[0].level.name, "low");
  EXPECT_NEAR(c.equal[1].Percent().value(), 80, 1e-9);
  const double bpp = 8 * 1000 * 2.5 * std::pow(2, (34 - 30.15) / 2) / 8000;  // a straight line in the logarithm
  EXPECT_NEAR(c.equal[1].anchor_rate.value(), bpp, 1e-6 * bpp);
  EXPECT_FALSE(c.equal[0].rate) << "30 dB is below the curve, which begins at 30.15";
  EXPECT_FALSE(c.equal[0].Percent());
}

TEST(MeanCurves, CountEqualPicturesAs100Decibels) {
  std::vector<Measurement> all = {Point("a", "1", 0, 100, INFINITY), Point("a", "2", 0, 100, 40)};
  EXPECT_EQ(MeanCurves(all)[0].points[0].scores[Metric::kPsnr], 70);
  EXPECT_TRUE(std::isnan(MeanCurves(all)[0].points[0].scores[Metric::kMsSsim]));
}

}  // namespace
}  // namespace aecomp
