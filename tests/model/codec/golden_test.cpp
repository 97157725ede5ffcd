// Files that were written once and must decode to the same pixels forever, on every machine. The model beside them is
// small and has random weights: every kind of layer and number format of the released one, in a few kilobytes.
//
// A new case of the table below gets its file and its hash so, while all others stay as they are:
//   AECOMP_WRITE_GOLDEN=1 build/release/tests/model_test --gtest_filter=Golden.*
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <random>

#include "io/file.h"
#include "model/codec/codec.h"
#include "model/codec/filter_layer.h"
#include "model/filter/filter_stream.h"
#include "tests/model/codec/golden_pixels.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

const std::string kFolder = std::string(AECOMP_SOURCE_DIR) + "/tests/golden/";

struct GoldenCase {
  const char* name;
  int width, height, channels, bits, quality;
  bool coarse = false;  // with coarse channels, which the model's file does not have
  QualityMap map = {};  // not empty: a file of version 2
  bool planar = false;
  bool filter = false;     // with ManyFilters
  bool z_context = false;  // with RandomZContext, which the model's file does not have
};
// More than one tile, odd sizes, one pixel, gray, 16 bits, both ends of the quality axis.
constexpr GoldenCase kCases[] = {
    {"rgb-low", 201, 77, 3, 8, 0},
    {"rgb-high", 201, 77, 3, 8, 48},
    {"tiles", 1100, 40, 3, 8, 10},
    {"gray", 99, 130, 1, 8, 20},
    {"pixel", 1, 1, 3, 8, 30},
    {"deep", 65, 90, 3, 16, 40},
    {"gray-deep", 70, 33, 1, 16, 33},
    {"coarse", 1100, 330, 3, 8, 25, true},
    {"coarse-gray", 99, 70, 1, 8, 48, true},
    {"map", 201, 77, 3, 8, 30, false, {150, 36}},
    {"map-coarse", 330, 200, 3, 8, 25, true, {150, 36}},
    {"planar", 330, 200, 3, 8, 25, true, {}, true},
    {"map-planar", 330, 200, 3, 8, 44, true, {150, 36}, true},
    {"map-gray-deep", 70, 33, 1, 16, 33, false, {150, 36}},
    {"filter", 201, 77, 3, 8, 30, false, {150, 36}, false, true},
    {"filter-gray-deep", 130, 99, 1, 16, 40, false, {}, false, true},
    {"z-context", 1100, 330, 3, 8, 40, false, {150, 36}, false, false, true},
};

Image CaseImage(const GoldenCase& c) {
  Image narrow = SyntheticImage(c.width, c.height, c.channels, 11);
  if (c.bits == 16) return Deepened(narrow);
  return narrow;
}

/// One for almost every class, with weights that are written in all ways.
PictureFilter ManyFilters() {
  PictureFilter filter;
  std::mt19937 random(20);
  for (int n = 0; n < kMostFilters; ++n) {
    PictureFilter::Weights& weights = filter.filters.emplace_back();
    const int unit = 1 << n % 4, most = n < 8 ? 12 / unit : 1;  // of magnitude up to 12, so that all fit
    for (int16_t& w : weights) {
      w = static_cast<int16_t>((static_cast<int>(random() % static_cast<uint32_t>(2 * most + 1)) - most) * unit);
    }
    weights[static_cast<size_t>(n % kFilterPairs)] = static_cast<int16_t>(n % 2 == 0 ? 64 : -64);
  }
  for (size_t c = 0; c < kFilterClasses; ++c) filter.number[c] = static_cast<uint8_t>((c * 7 + 3) % (kMostFilters + 1));
  return filter;
}

std::map<std::string, std::string> ReadHashes() {
  std::map<std::string, std::string> hashes;
  std::ifstream file(kFolder + "pixels.txt");
  for (std::string name, hash; file >> name >> hash;) hashes[name] = hash;
  return hashes;
}

std::shared_ptr<Model> GoldenModel(const GoldenCase& c) {
  auto model = ReadModel(kFolder + "golden.aecm");
  EXPECT_TRUE(model.ok()) << model.status().message();
  if (!model.ok()) return nullptr;
  IntegerPrior& prior = model.value()->prior;
  if (c.coarse) prior.SetCoarse(RandomCoarse(5));
  if (c.z_context) prior.SetZContext(RandomZContext(prior.z_tables(), 6));
  return std::shared_ptr<Model>(std::move(model).value());
}

void WriteMissingFiles() {
  std::ofstream hashes(kFolder + "pixels.txt", std::ios::app);
  for (const GoldenCase& c : kCases) {
    if (ReadFile(kFolder + c.name + ".aec").ok()) continue;
    Codec codec(GoldenModel(c));
    codec.SetQualityMap(c.map);
    codec.SetPlanar(c.planar);
    Container container = ParseContainer(codec.Compress(CaseImage(c), c.quality).value(), c.name).value();
    if (c.filter) container.extra.push_back({kFilterType, WriteFilter(ManyFilters())});
    const auto bytes = SerializeContainer(container);
    const Image image = codec.Decompress(ParseContainer(bytes, c.name).value(), c.name).value();
    ASSERT_TRUE(WriteFileAtomically(kFolder + c.name + ".aec", bytes, /*overwrite=*/false).ok());
    hashes << c.name << ' ' << PixelHash(image) << '\n';
  }
}

TEST(Golden, FilesDecodeToTheSamePixels) {
  if (std::getenv("AECOMP_WRITE_GOLDEN") != nullptr) WriteMissingFiles();
  auto hashes = ReadHashes();
  ASSERT_EQ(hashes.size(), std::size(kCases));
  for (const GoldenCase& c : kCases) {
    const std::string name = c.name;
    const auto model = GoldenModel(c);
    ASSERT_NE(model, nullptr);
    Codec codec(model);
    const auto bytes = ReadFile(kFolder + name + ".aec");
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    const auto container = ParseContainer(bytes.value(), name);
    ASSERT_TRUE(container.ok()) << container.status().message();
    const auto image = codec.Decompress(container.value(), name);
    ASSERT_TRUE(image.ok()) << image.status().message();
    EXPECT_EQ(PixelHash(image.value()), hashes[name]) << name;
  }
}

}  // namespace
}  // namespace aecomp
