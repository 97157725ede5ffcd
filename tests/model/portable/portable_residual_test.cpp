// The portable decoder on files with a residual layer: pixels that stay, and streams that are damaged behind checksums
// that are right.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "io/container.h"
#include "io/file.h"
#include "model/codec/codec.h"
#include "model/portable/aecomp_portable.h"
#include "tests/model/codec/golden_pixels.h"

namespace aecomp {
namespace {

const std::string kFolder = std::string(AECOMP_SOURCE_DIR) + "/tests/golden/";

class PortableResidual : public testing::Test {
 protected:
  void SetUp() override {
    const auto bytes = ReadFile(kFolder + "golden.aecm").value();
    ASSERT_EQ(aecp_load_model(bytes.data(), bytes.size(), &model_, nullptr), AECP_OK);
    std::ifstream file(kFolder + "residual_pixels.txt");
    for (std::string name, hash; file >> name >> hash;) hashes_[name] = hash;
    ASSERT_FALSE(hashes_.empty());
  }
  void TearDown() override { aecp_free_model(model_); }

  static Container Golden(const std::string& name) {
    return ParseContainer(ReadFile(kFolder + name + ".aec").value(), name).value();
  }

  aecp_code Decode(const std::vector<uint8_t>& bytes, const aecp_model* model, Image* image = nullptr) {
    aecp_image decoded;
    const aecp_code code = aecp_decode(bytes.data(), bytes.size(), model, nullptr, &decoded, error_);
    EXPECT_EQ(decoded.samples != nullptr, code == AECP_OK);
    if (code == AECP_OK && image != nullptr) {
      const aecp_info& info = decoded.info;
      *image = Image(static_cast<int>(info.width), static_cast<int>(info.height), info.channels, info.bits);
      EXPECT_EQ(decoded.size, image->pixels.size());
      std::copy_n(static_cast<const uint8_t*>(decoded.samples), decoded.size, image->pixels.begin());
    }
    aecp_free_image(&decoded);
    return code;
  }

  aecp_model* model_ = nullptr;
  char error_[AECP_ERROR_SIZE] = "";
  std::map<std::string, std::string> hashes_;
};

TEST_F(PortableResidual, FilesDecodeToTheSamePixels) {
  for (const auto& [name, hash] : hashes_) {
    Image image;
    ASSERT_EQ(Decode(ReadFile(kFolder + name + ".aec").value(), model_, &image), AECP_OK) << name << ": " << error_;
    EXPECT_EQ(PixelHash(image), hash) << name;
  }
}

TEST_F(PortableResidual, OnlyABaseNeedsAModel) {
  for (const auto& [name, hash] : hashes_) {
    const auto bytes = ReadFile(kFolder + name + ".aec").value();
    const bool base = Golden(name).header.base;
    EXPECT_EQ(Decode(bytes, nullptr), base ? AECP_MODEL : AECP_OK) << name;
    aecp_info info;
    ASSERT_EQ(aecp_read_info(bytes.data(), bytes.size(), &info, nullptr), AECP_OK);
    EXPECT_EQ(std::string(info.model_id), base ? aecp_model_id(model_) : "") << name;
  }
}

// A stream without its end may stand for other samples; both decoders then have the same ones.
TEST_F(PortableResidual, DamagedStreamsAreWhatTheCodecTakesThemFor) {
  Codec codec(ReadModel(kFolder + "golden.aecm").value());
  int errors = 0, others = 0;
  const auto compare = [&](const Container& damaged, const std::string& what) {
    SCOPED_TRACE(what);
    const auto expected = codec.Decompress(damaged, what);
    Image image;
    const aecp_code code = Decode(SerializeContainer(damaged), model_, &image);
    ASSERT_EQ(code, expected.ok() ? AECP_OK : AECP_CORRUPT) << error_;
    ++(expected.ok() ? others : errors);
    EXPECT_TRUE(!expected.ok() || image.pixels == expected.value().pixels);
  };
  for (const auto& [name, hash] : hashes_) {
    Container damaged = Golden(name);
    std::vector<uint8_t>& stream = damaged.tiles[0].streams.back();
    const std::vector<uint8_t> sound = stream;
    for (size_t at = 0; at < sound.size(); at += 1 + sound.size() / 40) {
      stream[at] ^= static_cast<uint8_t>(1u << at % 8);
      compare(damaged, name + ", byte " + std::to_string(at));
      stream.resize(at);
      compare(damaged, name + ", cut to " + std::to_string(at));
      stream = sound;
    }
    stream.push_back(1);
    compare(damaged, name + ", a byte more");
  }
  EXPECT_GT(errors, 5 * others);
}

TEST_F(PortableResidual, HeadersThatContradictThemselvesAreErrors) {
  Container more = Golden("exact");
  for (TileStreams& tile : more.tiles) tile.streams.push_back(tile.streams[0]);
  EXPECT_EQ(Decode(SerializeContainer(more), model_), AECP_CORRUPT);
  EXPECT_NE(std::string(error_).find("number of streams"), std::string::npos) << error_;
  Container planes = Golden("exact");
  planes.header.planar = true;
  EXPECT_EQ(Decode(SerializeContainer(planes), model_), AECP_CORRUPT);
  EXPECT_NE(std::string(error_).find("exclude"), std::string::npos) << error_;
  Container filtered = Golden("near-base");
  filtered.extra.push_back({{'F', 'i', 'l', 't'}, {0}});
  EXPECT_EQ(Decode(SerializeContainer(filtered), model_), AECP_CORRUPT);
  EXPECT_NE(std::string(error_).find("filter"), std::string::npos) << error_;
}

}  // namespace
}  // namespace aecomp
