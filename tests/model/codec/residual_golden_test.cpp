// Files with a residual layer that were written once and must decode to the same pixels forever, beside those of
// golden_test.cpp. After a deliberate change of the format, write them anew:
//   AECOMP_WRITE_RESIDUAL_GOLDEN=1 build/release/tests/model_test --gtest_filter=ResidualGolden.*
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "io/file.h"
#include "io/metrics.h"
#include "model/codec/codec.h"
#include "tests/model/codec/golden_pixels.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

const std::string kFolder = std::string(AECOMP_SOURCE_DIR) + "/tests/golden/";

struct ResidualCase {
  const char* name;
  int width, height, channels, bits, most_error, base;  // base: a quality, or -1 for none
  bool drawing = false;
};
constexpr ResidualCase kCases[] = {{"exact", 101, 77, 3, 8, 0, -1},
                                   {"exact-gray-deep", 70, 33, 1, 16, 0, -1},
                                   {"exact-drawing", 90, 60, 3, 8, 0, -1, true},
                                   {"near", 101, 77, 3, 8, 2, -1},
                                   {"near-base", 90, 70, 3, 8, 3, 30},
                                   {"exact-base", 50, 40, 1, 8, 0, 20},
                                   {"exact-base-deep", 66, 20, 3, 16, 0, 40}};

/// Rectangles of five colours, each of which repeats; or a picture of waves with some noise.
Image CaseImage(const ResidualCase& c) {
  Image narrow = SyntheticImage(c.width, c.height, c.channels, 11);
  if (c.drawing) {
    for (int y = 0; y < c.height; ++y) {
      for (int x = 0; x < c.width * c.channels; ++x) {
        const int colour = (x / c.channels / 9 + y / 7 * 3) % 5;
        narrow.Row(y)[x] = static_cast<uint8_t>(colour * 50 + x % c.channels * 11 * (colour % 2));
      }
    }
  }
  if (c.bits == 16) return Deepened(narrow);
  return narrow;
}

std::shared_ptr<Model> GoldenModel() { return std::move(ReadModel(kFolder + "golden.aecm")).value(); }

void WriteFiles() {
  std::ostringstream hashes;
  for (const ResidualCase& c : kCases) {
    Codec codec(GoldenModel());
    codec.SetTileSize(64);
    const auto base = c.base < 0 ? std::nullopt : std::optional(c.base);
    const auto bytes = codec.CompressExactly(CaseImage(c), c.most_error, base).value();
    const Image image = codec.Decompress(ParseContainer(bytes, c.name).value(), c.name).value();
    ASSERT_TRUE(WriteFileAtomically(kFolder + c.name + ".aec", bytes, true).ok());
    hashes << c.name << ' ' << PixelHash(image) << '\n';
  }
  std::ofstream(kFolder + "residual_pixels.txt") << hashes.str();
}

TEST(ResidualGolden, FilesDecodeToTheSamePixels) {
  if (std::getenv("AECOMP_WRITE_RESIDUAL_GOLDEN") != nullptr) WriteFiles();
  std::map<std::string, std::string> hashes;
  std::ifstream file(kFolder + "residual_pixels.txt");
  for (std::string name, hash; file >> name >> hash;) hashes[name] = hash;
  for (const ResidualCase& c : kCases) {
    SCOPED_TRACE(c.name);
    Codec codec(GoldenModel());
    codec.SetTileSize(64);
    const auto bytes = ReadFile(kFolder + c.name + ".aec");
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    const auto container = ParseContainer(bytes.value(), c.name);
    ASSERT_TRUE(container.ok()) << container.status().message();
    const auto image = codec.Decompress(container.value(), c.name);
    ASSERT_TRUE(image.ok()) << image.status().message();
    EXPECT_EQ(PixelHash(image.value()), hashes[c.name]);
    EXPECT_LE(LargestDifference(image.value(), CaseImage(c)), c.most_error);
  }
}

}  // namespace
}  // namespace aecomp
