#include "model/residual/residual.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <random>
#include <string>

#include "model/residual/symbol_coder.h"

namespace aecomp {
namespace {

using Random = std::mt19937;

int SampleAt(const Image& image, size_t i) {
  return image.bits == 8 ? image.pixels[i] : reinterpret_cast<const uint16_t*>(image.pixels.data())[i];
}
void SetSample(Image& image, size_t i, int value) {
  const int limited = std::clamp(value, 0, (1 << image.bits) - 1);
  if (image.bits == 8) {
    image.pixels[i] = static_cast<uint8_t>(limited);
  } else {
    reinterpret_cast<uint16_t*>(image.pixels.data())[i] = static_cast<uint16_t>(limited);
  }
}
size_t Count(const Image& image) { return image.pixels.size() / static_cast<size_t>(image.bits / 8); }

enum class Kind { kConstant, kNoise, kSmooth, kChecker, kFewColours, kSparse, kExtremes, kEnd };

/// A picture of one kind. The smooth one is made of integers, so that it is the same on every machine.
Image MakePicture(Kind kind, int width, int height, int channels, int bits, Random& random) {
  Image image(width, height, channels, bits);
  const int most = (1 << bits) - 1;
  const auto any = [&](int below) { return static_cast<int>(random() % static_cast<uint32_t>(below)); };
  std::array<std::array<int, 3>, 5> colours;
  for (auto& colour : colours) colour = {any(most + 1), any(most + 1), any(most + 1)};
  const int slope = 1 + any(7), noise = 1 + any(5);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto& colour = colours[static_cast<size_t>((x / 7 + y / 5 + any(40) / 39) % 5)];
      for (int c = 0; c < channels; ++c) {
        const size_t at = static_cast<size_t>((y * width + x) * channels + c);
        int v = 0;
        switch (kind) {
          case Kind::kConstant:
            v = colours[0][static_cast<size_t>(c)];
            break;
          case Kind::kNoise:
            v = any(most + 1);
            break;
          case Kind::kSmooth:
            v = most / 3 + (x * slope + y * 3 + x * y / 64 + c * 20 + any(noise * 3)) % (most / 2 + 1);
            break;
          case Kind::kChecker:
            v = (x + y) % 2 * most;
            break;
          case Kind::kFewColours:
            v = colour[static_cast<size_t>(c)];
            break;
          case Kind::kSparse:
            v = (x * slope + any(3)) % 16 * (most / 15);
            break;
          default:
            v = any(2) * most;
        }
        SetSample(image, at, v);
      }
    }
  }
  return image;
}

/// Close to the picture, as a network's would be.
Image MakeBase(const Image& image, Random& random) {
  Image base = image.Clone();
  for (size_t i = 0; i < Count(image); ++i)
    SetSample(base, i, SampleAt(image, i) + static_cast<int>(random() % 13) - 6);
  return base;
}

int LargestDifference(const Image& a, const Image& b) {
  int largest = 0;
  for (size_t i = 0; i < Count(a); ++i) largest = std::max(largest, std::abs(SampleAt(a, i) - SampleAt(b, i)));
  return largest;
}

Result<Image> Decoded(std::span<const uint8_t> stream, const Image& like, const Image* base, int most_error) {
  Image image(like.width, like.height, like.channels, like.bits);
  AECOMP_RETURN_IF_ERROR(residual::Decode(stream, base, most_error, image));
  return image;
}

TEST(Residual, NoErrorIsLargerThanAsked) {
  Random random(1);
  constexpr std::array<int, 8> kErrors{0, 0, 0, 1, 2, 4, 9, residual::kMaxError};
  constexpr std::array<int, 8> kSides{1, 2, 3, 5, 16, 33, 70, 130};
  for (int i = 0; i < 700; ++i) {
    const auto kind = static_cast<Kind>(i % static_cast<int>(Kind::kEnd));
    const int width = kSides[random() % kSides.size()], height = kSides[random() % kSides.size()];
    const int channels = random() % 2 ? 1 : 3, bits = random() % 2 ? 8 : 16, error = kErrors[random() % kErrors.size()];
    const Image image = MakePicture(kind, width, height, channels, bits, random);
    const Image near = MakeBase(image, random);
    const Image* const base = random() % 3 == 0 ? &near : nullptr;
    const auto stream = residual::Encode(image, base, error);
    const auto decoded = Decoded(stream, image, base, error);
    SCOPED_TRACE("picture " + std::to_string(i) + ": " + std::to_string(width) + "x" + std::to_string(height) + "x" +
                 std::to_string(channels) + ", " + std::to_string(bits) + " bits, error " + std::to_string(error));
    ASSERT_TRUE(decoded.ok()) << decoded.status().message();
    ASSERT_LE(LargestDifference(image, decoded.value()), error);
  }
}

TEST(Residual, StreamsAreSmall) {
  Random random(2);
  const auto size = [&](Kind kind, int channels, int bits, int error) {
    return residual::Encode(MakePicture(kind, 256, 256, channels, bits, random), nullptr, error).size();
  };
  EXPECT_LT(size(Kind::kConstant, 3, 8, 0), 80u);
  EXPECT_LT(size(Kind::kChecker, 1, 8, 0), 250u);
  EXPECT_LT(size(Kind::kFewColours, 3, 8, 0), 256u * 256 / 8 + 500);  // one pixel of 40 is a surprise
  EXPECT_LT(size(Kind::kNoise, 3, 8, 0), 256u * 256 * 3 + 64);
  EXPECT_LT(size(Kind::kNoise, 1, 16, 0), 256u * 256 * 2 + 64);
  EXPECT_LT(size(Kind::kSparse, 1, 16, 0), 256u * 256 * 3 / 8);                      // 1.6 bits a sample, of 16
  EXPECT_LT(size(Kind::kSmooth, 3, 8, 3), size(Kind::kSmooth, 3, 8, 0) * 51 / 100);  // of two pictures
}

TEST(Residual, ABaseIsUsed) {
  Random random(3);
  const Image image = MakePicture(Kind::kNoise, 128, 128, 3, 8, random);
  const Image base = MakeBase(image, random);  // within 6: 3.7 bits a sample
  EXPECT_LT(residual::Encode(image, &base, 0).size(), 128u * 128 * 3 * 4 / 8);
}

TEST(Residual, DamagedStreamsAreNoCrash) {
  Random random(4);
  int refused = 0, tries = 0;
  for (int i = 0; i < 300; ++i) {
    const auto kind = static_cast<Kind>(i % static_cast<int>(Kind::kEnd));
    const int error = i % 2 == 0 ? 0 : 3;
    const Image image = MakePicture(kind, 40, 30, i % 3 == 0 ? 1 : 3, i % 5 == 0 ? 16 : 8, random);
    auto stream = residual::Encode(image, nullptr, error);
    switch (random() % 3) {
      case 0:
        stream[random() % stream.size()] ^= static_cast<uint8_t>(1 + random() % 255);
        break;
      case 1:
        stream.resize(random() % stream.size());
        break;
      default:
        for (uint8_t& byte : stream) byte = static_cast<uint8_t>(random());
    }
    const auto decoded = Decoded(stream, image, nullptr, error);
    ++tries;
    if (decoded.ok()) continue;
    ++refused;
    EXPECT_EQ(decoded.status().code(), StatusCode::kCorrupt);
  }
  EXPECT_GT(refused, tries * 3 / 4);  // what is coded as plain numbers is always sound
}

TEST(SymbolCoder, WhatIsCodedIsDecoded) {
  Random random(6);
  std::vector<int> symbols(5000);
  for (int& s : symbols)
    s = static_cast<int>(std::min<uint32_t>(15, static_cast<uint32_t>(std::countr_zero(random() | 32768))));
  residual::SymbolEncoder encoder;
  const auto run = [&]<class Coder>(Coder& coder) {
    residual::AdaptiveTable a, b, small;
    residual::AdaptiveBit bit;
    for (const int s : symbols) {
      EXPECT_EQ(coder.Symbol(a, b, s), s);
      EXPECT_EQ(coder.Bit(bit, s > 1), s > 1);
      EXPECT_EQ(coder.Bits(s, 5u & ((1u << s) - 1)), 5u & ((1u << s) - 1));
      EXPECT_EQ(residual::CodeSmall(coder, small, s * 500 - 3000), s * 500 - 3000);
      EXPECT_EQ(residual::CodeNumber(coder, static_cast<uint32_t>(s) * 99999999u),
                static_cast<uint32_t>(s) * 99999999u);
    }
  };
  run(encoder);
  const std::vector<uint8_t> bytes = encoder.Finish();
  residual::SymbolDecoder decoder(bytes);
  run(decoder);
  EXPECT_TRUE(decoder.Finish().ok());
}

TEST(SymbolCoder, StreamsThatDoNotBeginAsTheyShouldAreDamaged) {
  using namespace residual;
  for (const std::vector<uint8_t>& bytes : {std::vector<uint8_t>{}, {0}, {7, 0}, {1, 1, 0, 0, 0, 0, 9, 9}}) {
    const SymbolDecoder decoder(bytes);
    EXPECT_TRUE(decoder.Damaged());
    EXPECT_FALSE(decoder.Finish().ok());
  }
  EXPECT_FALSE(SymbolDecoder(std::vector<uint8_t>{1}).Damaged());
}

TEST(SymbolCoder, NoSymbolBecomesImpossible) {
  residual::AdaptiveTable table;
  for (int i = 0; i < 20000; ++i) table.Update(i < 10000 ? 0 : 15);
  for (size_t s = 1; s < residual::kSymbols; ++s) {
    EXPECT_GT(table.table.cumulative[s], table.table.cumulative[s - 1]);
  }
}

}  // namespace
}  // namespace aecomp
