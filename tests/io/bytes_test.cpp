#include "io/bytes.h"

#include <gtest/gtest.h>

namespace aecomp {
namespace {

uint64_t ReadVarint(std::vector<uint8_t> bytes, bool* ok) {
  ByteReader reader(bytes);
  const uint64_t value = reader.Varint();
  *ok = reader.ok();
  return value;
}

TEST(Bytes, FixedNumbersAreLittleEndian) {
  ByteWriter writer;
  writer.U8(1), writer.U16(0x0203), writer.U32(0x04050607), writer.U64(0x08090a0b0c0d0e0f);
  const std::vector<uint8_t> expected = {1, 3, 2, 7, 6, 5, 4, 15, 14, 13, 12, 11, 10, 9, 8};
  EXPECT_EQ(writer.bytes(), expected);
  ByteReader reader(expected);
  EXPECT_EQ(reader.U8(), 1);
  EXPECT_EQ(reader.U16(), 0x0203);
  EXPECT_EQ(reader.U32(), 0x04050607u);
  EXPECT_EQ(reader.U64(), 0x08090a0b0c0d0e0fu);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(Bytes, VarintsComeBack) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const uint64_t value : {uint64_t{1} << bit, (uint64_t{1} << bit) - 1, ~uint64_t{0} >> bit}) {
      ByteWriter writer;
      writer.Varint(value);
      bool ok = false;
      EXPECT_EQ(ReadVarint(writer.bytes(), &ok), value);
      EXPECT_TRUE(ok);
    }
  }
}

TEST(Bytes, RefusesBadVarints) {
  bool ok = true;
  (void)ReadVarint({}, &ok);
  EXPECT_FALSE(ok);
  (void)ReadVarint({0x80}, &ok);
  EXPECT_FALSE(ok) << "cut off";
  (void)ReadVarint({0x80, 0x00}, &ok);
  EXPECT_FALSE(ok) << "overlong";
  (void)ReadVarint({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, &ok);
  EXPECT_FALSE(ok) << "65 bits";
  (void)ReadVarint({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x01}, &ok);
  EXPECT_FALSE(ok) << "11 bytes";
}

TEST(Bytes, AFailureLasts) {
  const std::vector<uint8_t> bytes = {1, 2, 3};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.U32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U8(), 0);
  ByteReader huge(bytes);
  EXPECT_TRUE(huge.Bytes(~uint64_t{0}).empty());
  EXPECT_FALSE(huge.ok());
}

}  // namespace
}  // namespace aecomp
