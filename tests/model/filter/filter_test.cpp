#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "model/filter/filter_choice.h"
#include "model/filter/filter_fit.h"
#include "model/filter/filter_image.h"
#include "model/filter/filter_stream.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

/// Three filters, one of them as strong as there may be, for about two of three classes.
PictureFilter RandomFilter(uint32_t seed) {
  std::mt19937 random(seed);
  PictureFilter filter;
  for (int n = 0; n < 3; ++n) {
    PictureFilter::Weights weights{};
    for (int16_t& w : weights) w = static_cast<int16_t>(static_cast<int>(random() % 31) - 15);
    filter.filters.push_back(weights);
  }
  int rest = kMostFilterWeight;
  for (const int16_t w : filter.filters[0]) rest -= std::abs(w);
  int16_t& first = filter.filters[0][0];
  first = static_cast<int16_t>(first < 0 ? first - rest : first + rest);
  for (uint8_t& number : filter.number) number = static_cast<uint8_t>(random() % 4);
  return filter;
}

int SampleOf(const Image& image, int64_t y, int64_t x, int c) {
  const auto row = static_cast<int>(std::clamp<int64_t>(y, 0, image.height - 1));
  const int64_t at = std::clamp<int64_t>(x, 0, image.width - 1) * image.channels + c;
  return image.bits == 8 ? image.Row(row)[at] : reinterpret_cast<const uint16_t*>(image.Row(row))[at];
}

/// CODING.md word by word.
Image Reference(const PictureFilter& filter, const FilterRange& range, const Image& image) {
  Image result = image.Clone();
  int t = 0;
  while ((range.high - range.low) >> t > 255) ++t;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      int64_t across = 0, down = 0;
      for (int i = y / 4 * 4; i < y / 4 * 4 + 4; ++i) {
        for (int j = x / 4 * 4; j < x / 4 * 4 + 4; ++j) {
          for (int c = 0; c < image.channels; ++c) {
            // A place outside of the picture has the neighbours that it has there.
            const int middle = 2 * SampleOf(image, i, j, c);
            across += std::abs(SampleOf(image, i, j - 1, c) + SampleOf(image, i, j + 1, c) - middle);
            down += std::abs(SampleOf(image, i - 1, j, c) + SampleOf(image, i + 1, j, c) - middle);
          }
        }
      }
      const int64_t activity = (across + down) * 3 / image.channels >> t;
      const int floors[] = {24, 33, 48, 67, 96, 135, 192, 271, 384, 543, 768, 1086, 1536, 2172, 3072};
      const int limits[] = {4, 4, 4, 4, 4, 4, 6, 8, 12, 17, 24, 34, 48, 68, 96, 127};
      const auto level = std::count_if(std::begin(floors), std::end(floors), [&](int f) { return f <= activity; });
      const int direction = across > 2 * down ? 1 : down > 2 * across ? 2 : 0;
      const int number = filter.number[static_cast<size_t>(16 * direction + level)];
      if (number == 0) continue;
      const int limit = limits[level] << t;
      for (int c = 0; c < image.channels; ++c) {
        const int middle = SampleOf(image, y, x, c);
        int sum = 64;
        for (size_t k = 0; k < 12; ++k) {
          const auto [a, b] = kFilterPlaces[k];
          const int pair = SampleOf(image, y + a, x + b, c) + SampleOf(image, y - a, x - b, c) - 2 * middle;
          sum += filter.filters[static_cast<size_t>(number - 1)][k] * std::clamp(pair, -limit, limit);
        }
        const int value = std::clamp(middle + (sum >> 7), range.low, range.high);
        const size_t at = static_cast<size_t>((y * image.width + x) * image.channels + c);
        if (image.bits == 8) result.pixels[at] = static_cast<uint8_t>(value);
        if (image.bits == 16) reinterpret_cast<uint16_t*>(result.pixels.data())[at] = static_cast<uint16_t>(value);
      }
    }
  }
  return result;
}

/// Of every kind of block: flat, noisy, striped both ways, black and white.
Image Mixture(int width, int height, int channels, int bits, const FilterRange& range) {
  Image image(width, height, channels, bits);
  std::mt19937 random(7);
  const auto span = static_cast<uint32_t>(range.high - range.low + 1);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const uint32_t noise = static_cast<uint32_t>(random());
        uint32_t v = span / 2;
        switch ((x / 16 + y / 16 * 3) % 6) {
          case 0:
            v += noise % 3;
            break;
          case 1:
            v += static_cast<uint32_t>(x) * span / 300 + noise % 2;
            break;
          case 2:
            v = x % 2 == 0 ? span / 3 : span / 2;
            break;
          case 3:
            v = y % 3 == 0 ? span - 1 : noise % 9;
            break;
          case 4:
            v = noise;
            break;
          default:
            v = noise % 2 == 0 ? 0 : span - 1;
        }
        const uint32_t sample = static_cast<uint32_t>(range.low) + v % span;
        const size_t at = static_cast<size_t>((y * width + x) * channels + c);
        if (bits == 8) image.pixels[at] = static_cast<uint8_t>(sample);
        if (bits == 16) reinterpret_cast<uint16_t*>(image.pixels.data())[at] = static_cast<uint16_t>(sample);
      }
    }
  }
  return image;
}

struct Kind {
  int channels, bits;
  FilterRange range;
};
const Kind kKinds[] = {{1, 8, {}}, {3, 8, {}}, {3, 16, {0, 65535}}, {1, 16, {300, 4500}}, {3, 16, {1000, 1100}}};

TEST(PictureFilter, IsWhatTheFormatSays) {
  const PictureFilter filter = RandomFilter(1);
  for (const Kind& kind : kKinds) {
    for (const auto& [width, height] : {std::pair(1, 1), {3, 70}, {131, 5}, {102, 141}}) {
      SCOPED_TRACE(std::to_string(width) + "x" + std::to_string(height) + " " + std::to_string(kind.bits));
      const Image before = Mixture(width, height, kind.channels, kind.bits, kind.range);
      Image after = before.Clone();
      ApplyFilter(filter, kind.range, 0, 0, {0, 0, width, height}, after);
      EXPECT_EQ(after.pixels, Reference(filter, kind.range, before).pixels);
      if (width > 1) {
        EXPECT_NE(after.pixels, before.pixels);
      }
    }
  }
}

TEST(PictureFilter, PartsAreThoseOfTheWhole) {
  const PictureFilter filter = RandomFilter(2);
  for (const Kind& kind : kKinds) {
    const Image before = Mixture(97, 110, kind.channels, kind.bits, kind.range);
    const Image whole = Reference(filter, kind.range, before);
    for (const Region& region :
         {Region{0, 0, 1, 1}, {50, 41, 9, 50}, {96, 109, 1, 1}, {3, 2, 94, 108}, {8, 64, 4, 4}}) {
      const Region needed = WithFilterReach(region, 97, 110);
      Image part = Crop(before, needed);
      ApplyFilter(filter, kind.range, needed.x, needed.y, region, part);
      const Region inner{region.x - needed.x, region.y - needed.y, region.width, region.height};
      EXPECT_EQ(Crop(part, inner).pixels, Crop(whole, region).pixels) << region.x << "," << region.y;
    }
  }
}

TEST(PictureFilter, WithoutFiltersNothingChanges) {
  PictureFilter filter = RandomFilter(3);
  filter.number.fill(0);
  const Image before = Mixture(70, 70, 3, 8, {});
  Image after = before.Clone();
  ApplyFilter(filter, {}, 0, 0, {0, 0, 70, 70}, after);
  EXPECT_EQ(after.pixels, before.pixels);
}

TEST(FilterStream, BringsFiltersBack) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    PictureFilter filter = RandomFilter(seed);
    for (int16_t& w : filter.filters[1]) w = static_cast<int16_t>(w / 8 * 8);  // multiples are shorter
    const auto read = ReadFilter(WriteFilter(filter));
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(read.value().filters, filter.filters);
    EXPECT_EQ(read.value().number, filter.number);
  }
}

TEST(FilterStream, RefusesWhatIsNoFilter) {
  const std::vector<uint8_t> sound = WriteFilter(RandomFilter(4));
  for (size_t size = 0; size < sound.size(); ++size) {
    EXPECT_EQ(ReadFilter(std::span(sound).first(size)).status().code(), StatusCode::kCorrupt) << size;
  }
  std::vector<uint8_t> longer = sound;
  longer.push_back(0);
  EXPECT_FALSE(ReadFilter(longer).ok());
  PictureFilter strong = RandomFilter(4);
  strong.filters[1].fill(0), strong.filters[1][3] = kMostFilterWeight + 8;
  EXPECT_FALSE(ReadFilter(WriteFilter(strong)).ok());
  PictureFilter unknown = RandomFilter(4);
  unknown.filters.resize(2), unknown.number[40] = 3;
  EXPECT_FALSE(ReadFilter(WriteFilter(unknown)).ok());
  // Whatever the bytes, sums stay within 16 bits.
  std::mt19937 random(5);
  for (int i = 0; i < 2000; ++i) {
    std::vector<uint8_t> bytes(random() % 90);
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(random() | (i % 2 == 0 ? 0 : random()));
    const auto read = ReadFilter(bytes);
    if (!read.ok()) continue;
    for (const auto& weights : read.value().filters) {
      int sum = 0;
      for (const int w : weights) sum += std::abs(w);
      EXPECT_LE(sum, kMostFilterWeight);
    }
  }
}

double SquaredError(const Image& a, const Image& b) {
  double sum = 0;
  for (int y = 0; y < a.height; ++y) {
    for (int x = 0; x < a.width; ++x) {
      for (int c = 0; c < a.channels; ++c) {
        const double d = SampleOf(a, y, x, c) - SampleOf(b, y, x, c);
        sum += d * d;
      }
    }
  }
  return sum;
}

/// Blurred across, with a kernel of 1 2 1.
Image Blurred(const Image& image) {
  Image blurred = image.Clone();
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      for (int c = 0; c < image.channels; ++c) {
        const int sum = SampleOf(image, y, x - 1, c) + 2 * SampleOf(image, y, x, c) + SampleOf(image, y, x + 1, c);
        const size_t at = static_cast<size_t>((y * image.width + x) * image.channels + c);
        if (image.bits == 8) blurred.pixels[at] = static_cast<uint8_t>((sum + 2) / 4);
        if (image.bits == 16) {
          reinterpret_cast<uint16_t*>(blurred.pixels.data())[at] = static_cast<uint16_t>((sum + 2) / 4);
        }
      }
    }
  }
  return blurred;
}

Image Wide(const Image& narrow) {
  Image wide(narrow.width, narrow.height, narrow.channels, 16);
  for (size_t i = 0; i < narrow.pixels.size(); ++i) {
    reinterpret_cast<uint16_t*>(wide.pixels.data())[i] = static_cast<uint16_t>(narrow.pixels[i] * 200 + 77);
  }
  return wide;
}

TEST(ChooseFilter, UndoesABlur) {
  for (const int channels : {1, 3}) {
    for (const int bits : {8, 16}) {
      const Image narrow = SyntheticImage(256, 192, channels);
      const Image original = bits == 8 ? narrow.Clone() : Wide(narrow);
      const FilterRange range = bits == 8 ? FilterRange{} : FilterRange{77, 255 * 200 + 77};
      Image decoded = Blurred(original);
      const Region all{0, 0, 256, 192};
      FilterStatistics statistics(range);
      statistics.Add(original, decoded, 0, 0, all);
      const double step = bits == 8 ? 1 : 200;
      const auto filter = ChooseFilter(statistics, 256.0 * 192 * channels, {0.05 / (step * step), 80});
      ASSERT_TRUE(filter.has_value()) << channels << " " << bits;
      const double before = SquaredError(original, decoded);
      ApplyFilter(*filter, range, 0, 0, all, decoded);
      EXPECT_LT(SquaredError(original, decoded), 0.6 * before) << channels << " " << bits;
      // Nothing is worth bits where errors cost nothing, nor where there are none.
      EXPECT_FALSE(ChooseFilter(statistics, 256.0 * 192 * channels, {0, 80}).has_value());
      FilterStatistics exact(range);
      exact.Add(original, original, 0, 0, all);
      EXPECT_FALSE(ChooseFilter(exact, 256.0 * 192 * channels, {1, 80}).has_value());
    }
  }
}

TEST(ChooseFilter, LeavesAloneWhatNoFilterHelps) {
  const Image decoded = Mixture(128, 128, 3, 8, {});
  Image original = decoded.Clone();
  std::mt19937 random(9);
  for (uint8_t& v : original.pixels)
    v = static_cast<uint8_t>(std::clamp(v + static_cast<int>(random() % 9) - 4, 0, 255));
  FilterStatistics statistics({});
  statistics.Add(original, decoded, 0, 0, {0, 0, 128, 128});
  EXPECT_FALSE(ChooseFilter(statistics, 128.0 * 128 * 3, {0.02, 80}).has_value());
}

TEST(FilterStatistics, PartsAddUp) {
  const Image original = SyntheticImage(64, 64, 3), decoded = Blurred(original);
  FilterStatistics whole({}), parts({}), other({});
  whole.Add(original, decoded, 0, 0, {0, 0, 64, 64});
  parts.Add(original, Crop(decoded, {0, 0, 64, 36}), 0, 0, {0, 0, 64, 32});
  other.Add(original, Crop(decoded, {0, 28, 64, 36}), 0, 28, {0, 32, 64, 32});
  parts.Add(other);
  for (int c = 0; c < kFilterClasses; ++c) {
    EXPECT_EQ(parts.products(c), whole.products(c)) << c;
    EXPECT_EQ(parts.samples(c), whole.samples(c)) << c;
  }
}

}  // namespace
}  // namespace aecomp
