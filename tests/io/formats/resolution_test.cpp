#include "io/formats/resolution.h"

#include <gtest/gtest.h>

namespace aecomp {
namespace {

using Unit = Resolution::Unit;

Resolution PerInch(uint32_t x, uint32_t y) { return {Unit::kInch, {x, 1}, {y, 1}}; }

TEST(Resolution, PixelsPerInchSurviveThePixelsPerMetreOfPng) {
  for (uint32_t dpi = 1; dpi <= 65535; ++dpi) {
    const auto phys = ToPhys(PerInch(dpi, dpi));
    ASSERT_TRUE(phys);
    const auto jfif = ToJfif(*FromPhys(*phys));
    ASSERT_TRUE(jfif);
    const Resolution back = FromJfif(*jfif);
    ASSERT_NEAR(back.x.value() * (back.unit == Unit::kCentimetre ? 2.54 : 1), dpi, 0.02) << dpi;
  }
}

TEST(Resolution, KnownValues) {
  EXPECT_EQ(*ToPhys(PerInch(300, 72)), (std::vector<uint8_t>{0, 0, 0x2e, 0x23, 0, 0, 0x0b, 0x13, 1}));
  EXPECT_EQ(*ToJfif(PerInch(300, 72)), (std::array<uint8_t, 5>{1, 1, 44, 0, 72}));
  EXPECT_EQ(*ToJfif({Unit::kMetre, {11811, 1}, {2835, 1}}), (std::array<uint8_t, 5>{1, 1, 44, 0, 72}));
  EXPECT_EQ(*ToJfif({Unit::kMetre, {11800, 1}, {11800, 1}}), (std::array<uint8_t, 5>{2, 0, 118, 0, 118}));
  EXPECT_EQ(*ToJfif({Unit::kNone, {4, 3}, {1, 1}}), (std::array<uint8_t, 5>{0, 0, 4, 0, 3}));
  EXPECT_EQ(*PerMetre(PerInch(300, 72)), (std::array<uint32_t, 2>{11811, 2835}));
  EXPECT_FALSE(PerMetre({Unit::kNone, {4, 3}, {1, 1}}));
  EXPECT_FALSE(ToJfif(PerInch(65536, 72)));
  EXPECT_FALSE(ToPhys({Unit::kInch, {1, 1000000}, {72, 1}}));
}

TEST(Resolution, ItsChunkComesBack) {
  const Resolution r = {Unit::kCentimetre, {1181, 10}, {0xffffffff, 3}};
  EXPECT_EQ(ResolutionFromChunk(ToChunk(r)), r);
  auto chunk = ToChunk(r);
  ASSERT_EQ(chunk.size(), 17u);
  chunk.pop_back();
  EXPECT_FALSE(ResolutionFromChunk(chunk));
  EXPECT_FALSE(ResolutionFromChunk(ToChunk({Unit::kInch, {1, 0}, {1, 1}})));
  chunk = ToChunk(r), chunk[0] = 4;
  EXPECT_FALSE(ResolutionFromChunk(chunk));
  EXPECT_FALSE((Resolution{Unit::kNone, {7, 7}, {1, 1}}).SaysSomething());
}

}  // namespace
}  // namespace aecomp
