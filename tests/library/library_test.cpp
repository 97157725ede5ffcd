// libaecomp as others use it: its header and the shared library, nothing of the inside.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

#include "model/api/aecomp.h"

namespace libaecomp {
namespace {

using Bytes = std::vector<std::uint8_t>;

Image Gradient(int width, int height, int channels) {
  Image image{width, height, channels, 8, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) image.samples.push_back(static_cast<std::uint8_t>(x * 2 + y + 40 * c));
    }
  }
  return image;
}

double MeanError(const Image& a, const Image& b) {
  double sum = 0;
  for (size_t i = 0; i < a.samples.size(); ++i) sum += std::abs(a.samples[i] - b.samples[i]);
  return sum / static_cast<double>(a.samples.size());
}

class Library : public testing::Test {
 protected:
  void SetUp() override {
    const Status status = codec_.Open();
    if (status.code == StatusCode::kModel) GTEST_SKIP() << status.message;  // built without a model
    ASSERT_TRUE(status.ok()) << status.message;
  }

  Bytes Compressed(const ImageView& view, const CompressOptions& options = {}) {
    Bytes bytes;
    const Status status = codec_.Compress(view, options, &bytes);
    EXPECT_TRUE(status.ok()) << status.message;
    return bytes;
  }

  StatusCode Refusal(const ImageView& view, const CompressOptions& options = {}) {
    Bytes bytes = {1, 2, 3};
    const Status status = codec_.Compress(view, options, &bytes);
    EXPECT_EQ(status.message.empty(), status.ok());
    EXPECT_EQ(status.message.find('\n'), std::string::npos);
    EXPECT_EQ(bytes, (Bytes{1, 2, 3})) << "an error must leave the output alone";
    return status.code;
  }

  Codec codec_;
};

TEST_F(Library, KeepsEverySampleWhereAsked) {
  for (const int error : {0, 3, 12}) {
    CompressOptions options;
    options.max_error = error;
    const Image image = Gradient(70, 41, 3);
    const Bytes bytes = Compressed(image.View(), options);
    Image restored;
    ASSERT_TRUE(codec_.Decompress(bytes.data(), bytes.size(), &restored).ok());
    ASSERT_EQ(restored.samples.size(), image.samples.size());
    for (size_t i = 0; i < image.samples.size(); ++i) {
      ASSERT_LE(std::abs(image.samples[i] - restored.samples[i]), error);
    }
  }
  CompressOptions impossible;
  impossible.max_error = 32768;
  EXPECT_EQ(Refusal(Gradient(2, 2, 3).View(), impossible), StatusCode::kInvalidArgument);
  impossible.max_error = 1, impossible.target_bytes = 100;
  EXPECT_EQ(Refusal(Gradient(2, 2, 3).View(), impossible), StatusCode::kInvalidArgument);
}

TEST_F(Library, RestoresGrayAndColour) {
  for (const int channels : {1, 3}) {
    const Image image = Gradient(70, 41, channels);
    const Bytes bytes = Compressed(image.View());
    Image restored;
    const Status status = codec_.Decompress(bytes.data(), bytes.size(), &restored);
    ASSERT_TRUE(status.ok()) << status.message;
    EXPECT_EQ(restored.width, 70);
    EXPECT_EQ(restored.height, 41);
    EXPECT_EQ(restored.channels, channels);
    EXPECT_EQ(restored.bits, 8);
    ASSERT_EQ(restored.samples.size(), image.samples.size());
    EXPECT_LT(MeanError(image, restored), 8);
  }
}

TEST_F(Library, StrideNeedNotBeTheWidth) {
  const Image image = Gradient(33, 20, 3);
  const Bytes expected = Compressed(image.View());
  constexpr std::ptrdiff_t kRow = 33 * 3, kStride = kRow + 13;
  Bytes padded(20 * kStride, 0xAB), flipped(image.samples.size());
  for (std::ptrdiff_t y = 0; y < 20; ++y) {
    std::memcpy(padded.data() + y * kStride, image.samples.data() + y * kRow, kRow);
    std::memcpy(flipped.data() + (19 - y) * kRow, image.samples.data() + y * kRow, kRow);
  }
  EXPECT_EQ(Compressed({33, 20, 3, 8, padded.data(), kStride}), expected);
  EXPECT_EQ(Compressed({33, 20, 3, 8, flipped.data() + 19 * kRow, -kRow}), expected);
}

TEST_F(Library, QualityAndSize) {
  const Image image = Gradient(128, 128, 3);
  CompressOptions low, high, target;
  low.quality = 0, high.quality = 100;
  const size_t smallest = Compressed(image.View(), low).size(), largest = Compressed(image.View(), high).size();
  EXPECT_LT(smallest, largest);
  target.target_bytes = (smallest + largest) / 2;
  const size_t found = Compressed(image.View(), target).size();
  EXPECT_LE(found, target.target_bytes);
  EXPECT_GT(found, smallest);
  target.target_bytes = 10;
  EXPECT_EQ(Refusal(image.View(), target), StatusCode::kOutOfReach);
}

TEST_F(Library, HeaderFromTheFirstBytes) {
  const Bytes bytes = Compressed(Gradient(70, 41, 3).View());
  Header header;
  ASSERT_TRUE(ReadHeader(bytes.data(), 64, &header).ok());
  EXPECT_EQ(header.width, 70);
  EXPECT_EQ(header.height, 41);
  EXPECT_EQ(header.channels, 3);
  EXPECT_EQ(header.bits, 8);
  EXPECT_EQ(header.model_id, codec_.model_id());
  EXPECT_EQ(header.model_id.size(), 16u);
  EXPECT_EQ(ReadHeader(bytes.data(), 5, &header).code, StatusCode::kCorrupt);
  EXPECT_EQ(ReadHeader(nullptr, 5, &header).code, StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadHeader(bytes.data(), 64, nullptr).code, StatusCode::kInvalidArgument);
}

TEST_F(Library, KeepsDepthAndAlpha) {
  for (const int bits : {8, 16}) {
    for (const int channels : {2, 4}) {
      Image image{33, 21, channels, bits, Bytes(static_cast<size_t>(33 * 21 * channels * bits / 8))};
      for (size_t i = 0; i < image.samples.size(); ++i) image.samples[i] = static_cast<uint8_t>(i * 7);
      const Bytes bytes = Compressed(image.View());
      Image back;
      ASSERT_TRUE(codec_.Decompress(bytes.data(), bytes.size(), &back).ok());
      ASSERT_EQ(back.channels, channels);
      ASSERT_EQ(back.bits, bits);
      ASSERT_EQ(back.samples.size(), image.samples.size());
      const size_t pixel = static_cast<size_t>(channels * bits / 8), alpha = pixel - static_cast<size_t>(bits / 8);
      for (size_t i = 0; i < image.samples.size(); ++i) {
        if (i % pixel >= alpha) {
          ASSERT_EQ(back.samples[i], image.samples[i]) << i;
        }
      }
    }
  }
}

TEST_F(Library, RefusesWhatItCannotCode) {
  const Bytes pixels(1000);
  const auto view = [&](int w, int h, int c, int bits = 8) { return ImageView{w, h, c, bits, pixels.data(), 0}; };
  EXPECT_EQ(Refusal({4, 4, 3, 8, nullptr, 0}), StatusCode::kInvalidArgument);
  EXPECT_EQ(Refusal(view(0, 4, 3)), StatusCode::kInvalidArgument);
  EXPECT_EQ(Refusal(view(4, -1, 3)), StatusCode::kInvalidArgument);
  EXPECT_EQ(Refusal(view(4, 4, 5)), StatusCode::kInvalidArgument);
  EXPECT_EQ(Refusal(view(4, 4, 3, 12)), StatusCode::kInvalidArgument);
  EXPECT_EQ(Refusal({4, 4, 3, 8, pixels.data(), 11}), StatusCode::kInvalidArgument);
  EXPECT_EQ(Refusal(view(1 << 21, 1, 1)), StatusCode::kUnsupported);
  EXPECT_EQ(Refusal(view(1 << 20, 1 << 20, 3)), StatusCode::kUnsupported);
  CompressOptions options;
  for (const double quality : {-1.0, 100.5, std::nan("")}) {
    options.quality = quality;
    EXPECT_EQ(Refusal(view(4, 4, 3), options), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(codec_.Compress(view(4, 4, 3), {}, nullptr).code, StatusCode::kInvalidArgument);
}

TEST_F(Library, DamagedFilesAreErrors) {
  const Bytes bytes = Compressed(Gradient(48, 48, 3).View());
  Image image{1, 1, 1, 8, {7}};
  for (size_t i = 0; i < bytes.size(); i += 3) {
    Bytes damaged = bytes;
    damaged[i] ^= 0x55;
    EXPECT_FALSE(codec_.Decompress(damaged.data(), damaged.size(), &image).ok()) << "byte " << i;
    EXPECT_EQ(codec_.Decompress(bytes.data(), i, &image).code, StatusCode::kCorrupt) << "first " << i;
  }
  EXPECT_EQ(image.samples, Bytes{7}) << "an error must leave the output alone";
  EXPECT_EQ(codec_.Decompress(nullptr, 0, &image).code, StatusCode::kInvalidArgument);
  EXPECT_EQ(codec_.Decompress(bytes.data(), bytes.size(), nullptr).code, StatusCode::kInvalidArgument);
}

TEST_F(Library, ModelFromAFile) {
  Codec other;
  OpenOptions options;
  options.model_file = AECOMP_SOURCE_DIR "/data/release.aecm";
  if (!std::ifstream(options.model_file)) GTEST_SKIP() << "no " << options.model_file;
  const Status opened = other.Open(options);
  ASSERT_TRUE(opened.ok()) << opened.message;
  EXPECT_EQ(other.model_id().size(), 16u);
  options.model_file = "missing.aecm";
  const Status status = other.Open(options);
  EXPECT_EQ(status.code, StatusCode::kModel);
  EXPECT_NE(status.message.find("missing.aecm"), std::string::npos) << status.message;
  EXPECT_FALSE(other.model_id().empty()) << "a failed Open must leave the codec as it was";
}

TEST_F(Library, ThreadsNeverChangeTheResult) {
  const Image image = Gradient(200, 100, 3);
  const Bytes expected = Compressed(image.View());
  OpenOptions options;
  options.threads = 1;
  Codec single;
  ASSERT_TRUE(single.Open(options).ok());
  Bytes bytes;
  Status status{StatusCode::kInternal, ""};
  // A codec that was opened by another thread, and while this one codes too.
  std::thread thread([&] { status = single.Compress(image.View(), {}, &bytes); });
  EXPECT_EQ(Compressed(image.View()), expected);
  thread.join();
  ASSERT_TRUE(status.ok()) << status.message;
  EXPECT_EQ(bytes, expected);
  options.threads = -1;
  EXPECT_EQ(single.Open(options).code, StatusCode::kInvalidArgument);
}

TEST(LibraryWithoutModel, ACodecThatIsNotOpen) {
  Codec codec;
  Bytes bytes = {1};
  Image image = Gradient(4, 4, 3);
  EXPECT_EQ(codec.Compress(image.View(), {}, &bytes).code, StatusCode::kInvalidArgument);
  EXPECT_EQ(codec.Decompress(bytes.data(), 1, &image).code, StatusCode::kInvalidArgument);
  EXPECT_EQ(codec.model_id(), "");
  EXPECT_STREQ(Version(), AECOMP_VERSION);
}

}  // namespace
}  // namespace libaecomp
