#include "io/formats/alpha.h"

#include <gtest/gtest.h>

#include "tests/io/formats/file_pieces.h"

namespace aecomp {
namespace {

constexpr std::array<char, 4> kType = {'a', 'l', 'p', 'h'};

ContainerHeader Header(uint32_t width, uint32_t height, uint8_t bits) {
  ContainerHeader header;
  header.width = width, header.height = height, header.bits = bits;
  return header;
}

bool IsSound(const ContainerHeader& header, const Bytes& png) {
  const Status status = CheckAlpha(header, {{kType, png}}, "x.aec");
  EXPECT_TRUE(status.ok() || status.code() == StatusCode::kCorrupt);
  return status.ok();
}

TEST(Alpha, IsCheckedAgainstTheHeaderBeforeAnythingIsDecoded) {
  for (const int bits : {8, 16}) {
    const Bytes png = AlphaChunk(Image(20, 10, 1, bits)).value().payload;
    const auto depth = static_cast<uint8_t>(bits), other = static_cast<uint8_t>(24 - bits);
    EXPECT_TRUE(IsSound(Header(20, 10, depth), png));
    EXPECT_FALSE(IsSound(Header(21, 10, depth), png));
    EXPECT_FALSE(IsSound(Header(20, 11, depth), png));
    EXPECT_FALSE(IsSound(Header(20, 10, other), png));
  }
  EXPECT_FALSE(IsSound(Header(20, 10, 8), AlphaChunk(Image(20, 10, 3)).value().payload));
  EXPECT_FALSE(IsSound(Header(20, 10, 8), ToBytes("no PNG")));
  EXPECT_TRUE(CheckAlpha(Header(20, 10, 8), {}, "x.aec").ok());
}

TEST(Alpha, HoldsNoChunkThatDeclaresMoreThanThereIs) {
  const Bytes header = {0, 0, 0, 20, 0, 0, 0, 10, 8, 0, 0, 0, 0};
  EXPECT_TRUE(IsSound(Header(20, 10, 8), Png({{"IHDR", header}, {"IDAT", Bytes(9)}, {"IEND", {}}})));
  EXPECT_FALSE(IsSound(Header(20, 10, 8), Png({{"IHDR", header}, {"tEXt", Bytes(9)}, {"IEND", {}}})));
  EXPECT_FALSE(IsSound(Header(20, 10, 8), Png({{"IHDR", header}}) + Big(0x7fffffff, 4) + ToBytes("IDATabc")));
}

}  // namespace
}  // namespace aecomp
