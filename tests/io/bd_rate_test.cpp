#include "io/bd_rate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace aecomp {
namespace {

using Curve = std::vector<RatePoint>;

// Kodak, mean bits per pixel and RGB PSNR: figures published in the CompressAI repository, results/image/kodak.
const Curve kVtm = {{0.04824, 26.1448}, {0.1125, 28.493},   {0.24582, 31.1999}, {0.49055, 34.2615},
                    {0.87481, 37.4198}, {1.43085, 40.4244}, {2.32461, 43.5058}, {3.63261, 46.5918}};
const Curve kJpeg = {{0.22115, 23.7799}, {0.32661, 26.5772}, {0.42313, 28.0422}, {0.50839, 29.0418}, {0.58787, 29.7847},
                     {0.66013, 30.3783}, {0.72895, 30.9032}, {0.78603, 31.3078}, {0.84972, 31.7048}, {0.906, 32.0587},
                     {0.96438, 32.3993}, {1.03721, 32.7899}, {1.1274, 33.2347},  {1.23985, 33.7926}, {1.36883, 34.3943},
                     {1.57181, 35.239},  {1.85882, 36.3289}, {2.3502, 37.9121},  {3.40134, 40.5567}};
const Curve kWebp = {{0.23442, 28.3284}, {0.29634, 29.1512}, {0.35286, 29.8209}, {0.40705, 30.407},  {0.4608, 30.9392},
                     {0.51271, 31.4426}, {0.56741, 31.936},  {0.62074, 32.4248}, {0.67468, 32.8835}, {0.72182, 33.2376},
                     {0.77088, 33.6067}, {0.82367, 33.9717}, {0.87403, 34.3282}, {0.93429, 34.6934}, {0.99839, 35.1042},
                     {1.21631, 36.369},  {1.52008, 37.7783}, {2.01035, 39.557},  {2.92848, 41.7592}};
const Curve kBpg = {{0.06777, 26.1951}, {0.16102, 28.6815}, {0.35155, 31.5947}, {0.6847, 34.8575},
                    {1.19967, 38.2599}, {1.92971, 41.4789}, {3.05788, 44.7031}, {4.70314, 47.6325}};
const Curve kAv1 = {{0.05569, 25.5607}, {0.10998, 27.5624}, {0.16995, 29.0247}, {0.2456, 30.4417},
                    {0.35236, 31.9874}, {0.49874, 33.6498}, {0.68279, 35.3218}, {0.90903, 36.9888},
                    {1.16727, 38.5554}, {1.41479, 39.8094}, {1.80537, 41.4344}, {2.60752, 43.9676}};
const Curve kMean = {{0.12392, 27.6995}, {0.19798, 29.3588}, {0.30724, 31.1289}, {0.46061, 32.9507},
                     {0.66167, 34.9683}, {0.9144, 36.9111},  {1.23421, 38.8375}, {1.61909, 40.6333}};
const Curve kCheng = {{0.11959, 28.5824}, {0.1838, 29.9693},  {0.27095, 31.3428},
                      {0.41738, 33.3903}, {0.59447, 35.1189}, {0.80574, 36.7041}};

// The figures are those of a second implementation, which samples the interpolated curves 4000 times.
TEST(BdRate, AgreesWithASecondImplementation) {
  EXPECT_NEAR(BdRate(kVtm, kJpeg).value(), 198.89, 0.01);
  EXPECT_NEAR(BdRate(kVtm, kWebp).value(), 87.57, 0.01);
  EXPECT_NEAR(BdRate(kVtm, kBpg).value(), 27.66, 0.01);
  EXPECT_NEAR(BdRate(kVtm, kAv1).value(), 17.98, 0.01);
  EXPECT_NEAR(BdRate(kVtm, kMean).value(), 23.93, 0.01);
}

TEST(BdRate, RefusesACurveThatDoesNotSpan) {
  const auto whole = BdRate(kVtm, kCheng);
  ASSERT_FALSE(whole.ok());
  EXPECT_NE(whole.status().message().find("spans 28.58 to 36.70 dB"), std::string::npos) << whole.status().message();
  EXPECT_NEAR(BdRate(kVtm, kCheng, 28.5824, 36.7041).value(), 3.68, 0.01);
}

TEST(BdRate, OfScaledRatesIsTheScale) {
  Curve scaled = kVtm;
  for (RatePoint& p : scaled) p.rate *= 0.7;
  EXPECT_NEAR(BdRate(kVtm, scaled).value(), -30, 1e-9);
  EXPECT_NEAR(BdRate(scaled, kVtm).value(), 100 / 0.7 - 100, 1e-9);
  EXPECT_NEAR(BdRate(kVtm, kVtm).value(), 0, 1e-12);
}

// Where log rate is a line, the mean of its difference is known.
TEST(BdRate, IntegratesLinesExactly) {
  Curve a, b;
  for (const double psnr : {28.0, 29.0, 33.0, 34.5, 38.0}) a.push_back({std::exp(0.2 * psnr - 7), psnr});
  for (const double psnr : {27.0, 31.5, 40.0}) b.push_back({std::exp(0.25 * psnr - 9), psnr});
  const double mean = 0.05 * (28.5 + 37) / 2 - 2;
  EXPECT_NEAR(BdRate(a, b).value(), 100 * std::expm1(mean), 1e-9);
}

TEST(RateAt, IsOnTheCurve) {
  for (const RatePoint& p : kVtm) EXPECT_NEAR(RateAt(kVtm, p.psnr).value(), p.rate, 1e-12);
  Curve line;
  for (const double psnr : {28.0, 29.0, 33.0, 38.0}) line.push_back({std::exp(0.2 * psnr - 7), psnr});
  EXPECT_NEAR(RateAt(line, 31.3).value(), std::exp(0.2 * 31.3 - 7), 1e-9);
  EXPECT_NEAR(RateAt(Curve{{0.1, 28}, {0.4, 32}}, 30).value(), 0.2, 1e-12) << "of two points";
  EXPECT_FALSE(RateAt(line, 27.9).ok());
  EXPECT_FALSE(RateAt(line, 38.1).ok());
}

TEST(BdRate, RefusesBadCurves) {
  EXPECT_FALSE(BdRate({}, kVtm).ok());
  EXPECT_FALSE(BdRate(kVtm, Curve{{0.1, 28}}).ok());
  EXPECT_FALSE(BdRate(kVtm, Curve{{0.1, 28}, {0.1, 38}}).ok()) << "equal rates";
  EXPECT_FALSE(BdRate(kVtm, Curve{{0.1, 28}, {0.3, 33}, {0.2, 38}}).ok()) << "falling rate";
  EXPECT_FALSE(BdRate(kVtm, Curve{{0.1, 28}, {0.2, 33}, {0.3, 33}, {0.4, 38}}).ok()) << "equal PSNR";
  EXPECT_FALSE(BdRate(kVtm, Curve{{0.0, 28}, {0.2, 38}}).ok()) << "no rate";
  EXPECT_FALSE(BdRate(kVtm, Curve{{0.1, 28}, {0.2, INFINITY}}).ok()) << "infinite";
  EXPECT_FALSE(BdRate(kVtm, kVtm, 37, 28.5).ok()) << "empty range";
  EXPECT_TRUE(BdRate(kVtm, Curve{{0.1, 28}, {0.2, 38}}).ok());
}

}  // namespace
}  // namespace aecomp
