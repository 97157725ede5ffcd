#include "app/report/page.h"

#include <gtest/gtest.h>

#include <cmath>

#include "app/report/contestant.h"
#include "app/report/page_images.h"
#include "app/report/training_report.h"
#include "io/formats/image_io.h"
#include "io/metrics.h"

namespace aecomp {
namespace {

std::string Encoded(const std::string& text) { return Base64(std::vector<uint8_t>(text.begin(), text.end())); }

// RFC 4648, section 10.
TEST(Base64, IsThatOfTheStandard) {
  EXPECT_EQ(Encoded(""), "");
  EXPECT_EQ(Encoded("f"), "Zg==");
  EXPECT_EQ(Encoded("fo"), "Zm8=");
  EXPECT_EQ(Encoded("foo"), "Zm9v");
  EXPECT_EQ(Encoded("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64({0xff, 0xfe, 0xfd, 0xfc}), "//79/A==");
}

TEST(PageHtml, HoldsEverythingAndNoHtmlFromOutside) {
  Page page;
  page.title = "</script><img src=http://example.com>";
  page.metrics = {Metric::kPsnr};
  PagePicture& picture = page.pictures.emplace_back();
  picture.name = "<b>&\"\xff";
  picture.variants.push_back({"aecomp", "50", 1234, Scores(), {{8, 16, 64, 0.5}}, 1});
  page.images = {"data:image/webp;base64,AAAA", "data:image/webp;base64,BBBB"};
  const std::string html = PageHtml(page);
  EXPECT_EQ(html.find("<img src=http"), std::string::npos);
  EXPECT_EQ(html.find("<b>&"), std::string::npos);
  EXPECT_EQ(html.find("@@"), std::string::npos) << "a part of the page is missing";
  for (const char* part : {"class Comparer", "function lineChart", "--accent", "\"worst\":[[8,16,64]]", "base64,BBBB",
                           "default-src 'none'"}) {
    EXPECT_NE(html.find(part), std::string::npos) << part;
  }
}

TEST(PageImages, AreExactWhileTheyFit) {
  Image image(40, 30, 3);
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i * i / 7 + i);
  PageImages images;
  images.Resize(2);
  ASSERT_TRUE(images.Put(0, image).ok());
  ASSERT_TRUE(images.Put(1, image).ok());
  const PageImages::Form exact = images.Choose(1 << 20), close = images.Choose(exact.uris[0].size() * 2 - 1);
  EXPECT_TRUE(exact.fits);
  EXPECT_NE(exact.text.find("exactly as"), std::string::npos);
  EXPECT_NE(close.text.find("quality 95"), std::string::npos);
  EXPECT_NE(exact.uris[0], close.uris[0]);
  EXPECT_FALSE(images.Choose(10).fits);
}

/// A codec whose files have setting^2 bytes.
Contestant Squares(bool rises) {
  Contestant contestant{"squares", {}, rises, {}};
  for (int i = 1; i <= 100; ++i) contestant.settings.push_back(i);
  contestant.code = [](const Original&, double setting) -> Result<Coded> {
    return Coded{static_cast<uint64_t>(setting * setting), {}};
  };
  return contestant;
}

TEST(Nearest, FindsTheNearestSize) {
  const Original original = MakeOriginal("a", Image(8, 8, 3));
  for (const bool rises : {true, false}) {
    EXPECT_EQ(Nearest(Squares(rises), original, 2500).value().setting, 50);
    EXPECT_EQ(Nearest(Squares(rises), original, 2540).value().setting, 50);
    EXPECT_EQ(Nearest(Squares(rises), original, 2570).value().setting, 51);
    EXPECT_EQ(Nearest(Squares(rises), original, 1).value().setting, 1);
    EXPECT_EQ(Nearest(Squares(rises), original, 1 << 30).value().setting, 100);
  }
}

TEST(ChartsOf, TakesLossesAndValidations) {
  const auto charts = ChartsOf(
      "{\"step\":10,\"loss\":0.5,\"bpp\":0.7,\"psnr\":30,\"lr\":0.001}\nbroken\n"
      "{\"step\":20,\"validation_loss\":0.4,\"validation\":[{\"bpp\":0.2,\"psnr\":28},{\"bpp\":0.4,\"psnr\":32}]}\n");
  ASSERT_EQ(charts.size(), 4u);
  EXPECT_EQ(charts[0].series[0].points[0], std::pair(10.0, 0.5));
  EXPECT_EQ(charts[0].series[1].points[0], std::pair(20.0, 0.4));
  EXPECT_NEAR(charts[1].series[1].points[0].second, 0.3, 1e-12);
  EXPECT_EQ(charts[2].series[1].points[0].second, 30);
  EXPECT_EQ(charts[3].series[0].points[0].second, 0.001);
}

}  // namespace
}  // namespace aecomp
