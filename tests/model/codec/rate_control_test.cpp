#include "model/codec/rate_control.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

TEST(RateControl, SizesAreNeverExceededAndRise) {
  Codec codec(TinyModel());
  const Image image = SyntheticImage(200, 150, 3);
  const size_t least = codec.Compress(image, 0).value().size(), most = codec.Compress(image, 48).value().size();
  ASSERT_LT(least + 200, most);
  size_t last = 0;
  for (size_t wanted = least; wanted <= most; wanted += (most - least) / 7) {
    const RateResult r =
        CompressToTarget(codec, image, {RateTarget::Kind::kBytes, static_cast<double>(wanted)}).value();
    EXPECT_LE(r.bytes.size(), wanted);
    EXPECT_GE(static_cast<double>(r.bytes.size()),
              0.9 * static_cast<double>(wanted));  // qualities of this model lie far apart
    EXPECT_GE(r.bytes.size(), last);
    EXPECT_LE(r.passes, 8);
    last = r.bytes.size();
  }
  const auto impossible = CompressToTarget(codec, image, {RateTarget::Kind::kBytes, static_cast<double>(least - 1)});
  EXPECT_EQ(impossible.status().code(), StatusCode::kUsage);
  EXPECT_NE(impossible.status().message().find(std::to_string(least) + " bytes"), std::string::npos);
}

/// Where metadata take most bytes, qualities hardly differ in size, so that the search creeps.
TEST(RateControl, WhatIsPossibleIsNotRefused) {
  Codec codec(TinyModel());
  codec.SetExtraChunks({ExtraChunk{{'t', 'e', 'x', 't'}, std::vector<uint8_t>(60000)}});
  const Image image = SyntheticImage(200, 150, 3);
  const size_t least = codec.Compress(image, 0).value().size();
  for (const size_t more : {0, 1, 50}) {
    const auto found = CompressToTarget(codec, image, {RateTarget::Kind::kBytes, static_cast<double>(least + more)});
    ASSERT_TRUE(found.ok()) << found.status().message();
    EXPECT_LE(found.value().bytes.size(), least + more);
    EXPECT_LE(found.value().passes, 8);
  }
  const auto impossible = CompressToTarget(codec, image, {RateTarget::Kind::kBytes, static_cast<double>(least - 1)});
  EXPECT_NE(impossible.status().message().find(std::to_string(least) + " bytes"), std::string::npos)
      << impossible.status().message();
}

TEST(RateControl, AFractionOfAByteIsNoByte) {
  Codec codec(TinyModel());
  const Image image = SyntheticImage(200, 150, 3);
  const size_t least = codec.Compress(image, 0).value().size();
  const double almost = static_cast<double>(least) - 0.0005;
  EXPECT_EQ(CompressToTarget(codec, image, {RateTarget::Kind::kBytes, almost}).status().code(), StatusCode::kUsage);
}

TEST(RateControl, BeyondTheNetworkTheResidualLayerTakesOver) {
  Codec codec(TinyModel());
  const Image image = SyntheticImage(200, 150, 3);
  const RateResult all = CompressToTarget(codec, image, {RateTarget::Kind::kBytes, 1e9}).value();
  EXPECT_EQ(all.most_error, 0);
  EXPECT_FALSE(all.note.empty());
  for (const double psnr : {45.0, 90.0, static_cast<double>(INFINITY)}) {
    const RateResult r = CompressToTarget(codec, image, {RateTarget::Kind::kPsnr, psnr}).value();
    EXPECT_TRUE(r.most_error);
    EXPECT_GE(*r.psnr, psnr);
  }
}

}  // namespace
}  // namespace aecomp
