#include "io/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "io/formats/opencv_api.h"
#include "tests/io/test_images.h"

namespace aecomp {
namespace {

Image WithNoise(const Image& image, int amplitude, unsigned seed = 9) {
  Image noisy = image.Clone();
  std::mt19937 random(seed);
  for (uint8_t& p : noisy.pixels) {
    p = static_cast<uint8_t>(std::clamp(p + static_cast<int>(random() % (2 * amplitude + 1)) - amplitude, 0, 255));
  }
  return noisy;
}

TEST(Psnr, IsThatOfOpenCv) {
  const OpenCvApi* api = LoadOpenCv().value();
  for (const int channels : {1, 3}) {
    for (const int amplitude : {1, 5, 60}) {
      const Image a = MakeImage(101, 67, channels), b = WithNoise(a, amplitude);
      EXPECT_NEAR(Psnr(a, b), api->psnr(a, b), 1e-9);
    }
  }
}

TEST(Psnr, OfKnownImages) {
  Image a(10, 10, 1), b(10, 10, 1);
  EXPECT_TRUE(std::isinf(Psnr(a, b)));
  b.pixels[0] = 255;
  EXPECT_NEAR(Psnr(a, b), 20, 1e-12);
  EXPECT_TRUE(std::isnan(Psnr(a, Image(10, 11, 1))));
  EXPECT_TRUE(std::isnan(Psnr(Image(), Image())));
  Image c(10, 10, 1, 16), d(10, 10, 1, 16);
  d.pixels[0] = d.pixels[1] = 255;
  EXPECT_NEAR(Psnr(c, d), 20, 1e-12);
}

/// MS-SSIM of one channel as the paper has it, written plainly on cv::filter2D in double precision.
double PlainMsSsim(cv::Mat a, cv::Mat b) {
  const std::array<double, 5> weights = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
  const cv::Mat g = cv::getGaussianKernel(11, 1.5, CV_64F), window = g * g.t();
  double product = 1;
  for (size_t s = 0; s < weights.size(); ++s) {
    const auto mean = [&](const cv::Mat& m) {
      cv::Mat out;
      cv::filter2D(m, out, CV_64F, window);
      return cv::Mat(out(cv::Rect(5, 5, m.cols - 10, m.rows - 10)).clone());
    };
    const cv::Mat ma = mean(a), mb = mean(b), aa = mean(a.mul(a)), bb = mean(b.mul(b)), ab = mean(a.mul(b));
    double cs = 0, full = 0;
    for (int y = 0; y < ma.rows; ++y) {
      for (int x = 0; x < ma.cols; ++x) {
        const double p = ma.at<double>(y, x), q = mb.at<double>(y, x);
        const double c = (2 * (ab.at<double>(y, x) - p * q) + 58.5225) /
                         (aa.at<double>(y, x) - p * p + bb.at<double>(y, x) - q * q + 58.5225);
        cs += c, full += c * (2 * p * q + 6.5025) / (p * p + q * q + 6.5025);
      }
    }
    product *= std::pow((s < 4 ? cs : full) / static_cast<double>(ma.total()), weights[s]);
    cv::resize(a, a, cv::Size(a.cols / 2, a.rows / 2), 0, 0, cv::INTER_AREA);
    cv::resize(b, b, cv::Size(b.cols / 2, b.rows / 2), 0, 0, cv::INTER_AREA);
  }
  return product;
}

TEST(MsSsim, IsThatOfThePlainFormula) {
  const Image a = MakeImage(256, 192, 1);
  for (const int amplitude : {2, 20, 90}) {
    const Image b = WithNoise(a, amplitude);
    cv::Mat ma(192, 256, CV_8U, const_cast<uint8_t*>(a.pixels.data())),
        mb(192, 256, CV_8U, const_cast<uint8_t*>(b.pixels.data()));
    ma.convertTo(ma, CV_64F), mb.convertTo(mb, CV_64F);
    EXPECT_NEAR(MsSsim(a, b), PlainMsSsim(ma, mb), 2e-5) << amplitude;
  }
}

TEST(MsSsim, IsTheMeanOfChannels) {
  const Image a = MakeImage(200, 180, 3), b = WithNoise(a, 30);
  double sum = 0;
  for (size_t c = 0; c < 3; ++c) {
    Image ac(200, 180, 1), bc(200, 180, 1);
    for (size_t i = 0; i < ac.pixels.size(); ++i)
      ac.pixels[i] = a.pixels[3 * i + c], bc.pixels[i] = b.pixels[3 * i + c];
    sum += MsSsim(ac, bc) / 3;
  }
  EXPECT_NEAR(MsSsim(a, b), sum, 1e-12);
}

TEST(MsSsim, OfAnySize) {
  for (const auto& [w, h] :
       {std::pair(1, 1), std::pair(3, 500), std::pair(11, 11), std::pair(175, 175), std::pair(176, 177)}) {
    const Image a = MakeImage(w, h);
    EXPECT_NEAR(MsSsim(a, a), 1, 1e-6) << w << "x" << h;
    const double noisy = MsSsim(a, WithNoise(a, 20));
    EXPECT_TRUE(noisy >= 0 && noisy < 1) << w << "x" << h << " " << noisy;
  }
  const Image a = MakeImage(300, 300);
  EXPECT_GT(MsSsim(a, WithNoise(a, 5)), MsSsim(a, WithNoise(a, 50)));
  EXPECT_TRUE(std::isnan(MsSsim(a, MakeImage(300, 299))));
}

TEST(MsSsim, Of16BitsIsThatOf8) {
  const Image a = MakeImage(200, 200, 1), b = WithNoise(a, 20);
  const auto widen = [](const Image& image) {
    Image wide(image.width, image.height, 1, 16);
    for (size_t i = 0; i < image.pixels.size(); ++i) {
      const auto sample = static_cast<uint16_t>(image.pixels[i] * 257);
      std::memcpy(wide.pixels.data() + 2 * i, &sample, 2);
    }
    return wide;
  };
  EXPECT_NEAR(MsSsim(widen(a), widen(b)), MsSsim(a, b), 1e-4);
}

}  // namespace
}  // namespace aecomp
