// Every way in which a weights file can be wrong has a line in a table below, with what must be said about it.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "model/base/safetensors.h"

namespace aecomp {
namespace {

using Bytes = std::vector<uint8_t>;

/// `length`: what the file claims of its header.
Bytes FileWithLength(uint64_t length, const std::string& header, size_t data_bytes) {
  Bytes file(8 + header.size() + data_bytes, 7);
  for (size_t i = 0; i < 8; ++i) file[i] = static_cast<uint8_t>(length >> (8 * i));
  std::copy(header.begin(), header.end(), file.begin() + 8);
  return file;
}

Bytes File(const std::string& header, size_t data_bytes) { return FileWithLength(header.size(), header, data_bytes); }

/// One line of printable characters about the file.
void ExpectRefusal(const std::string& what, const Bytes& file, const std::string& complaint) {
  const auto parsed = SafetensorsFile::Parse(file, "w.aecm");
  ASSERT_FALSE(parsed.ok()) << what;
  const std::string message = parsed.status().message();
  EXPECT_EQ(parsed.status().code(), StatusCode::kModel) << what;
  EXPECT_TRUE(message.starts_with("w.aecm: not a usable weights file: ")) << what << ": " << message;
  EXPECT_NE(message.find(complaint), std::string::npos) << what << ": " << message;
  EXPECT_TRUE(std::all_of(message.begin(), message.end(), [](char c) { return c >= 0x20 && c < 0x7f; })) << what;
  EXPECT_LT(message.size(), 250u) << what;
}

struct BadHeader {
  const char* what;
  std::string header;
  const char* complaint;
};

void ExpectRefusals(const std::vector<BadHeader>& cases, size_t at_least) {
  std::set<std::string> distinct;
  for (const BadHeader& c : cases) {
    ExpectRefusal(c.what, File(c.header, 4), c.complaint);
    EXPECT_TRUE(distinct.insert(c.header).second) << c.what << " is there twice";
  }
  EXPECT_GE(distinct.size(), at_least);
}

// Over the four bytes of data that every file below has.
const std::string kTensor = R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
const std::string kGood = "{\"a\":" + kTensor + "}";

std::string Shaped(const std::string& shape) {
  return R"({"a":{"dtype":"U8","shape":)" + shape + R"(,"data_offsets":[0,4]}})";
}
std::string Placed(const std::string& offsets, const std::string& shape = "[4]", const std::string& dtype = "U8") {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}
std::string Typed(const std::string& dtype) {
  return R"({"a":{"dtype":)" + dtype + R"(,"shape":[4],"data_offsets":[0,4]}})";
}
/// Two tensors of bytes.
std::string Pair(int begin_a, int end_a, int begin_b, int end_b) {
  const auto entry = [](int begin, int end) {
    return R"({"dtype":"U8","shape":[)" + std::to_string(end - begin) + R"(],"data_offsets":[)" +
           std::to_string(begin) + "," + std::to_string(end) + "]}";
  };
  return "{\"a\":" + entry(begin_a, end_a) + ",\"b\":" + entry(begin_b, end_b) + "}";
}

TEST(SafetensorsRefusals, TheFileThatTheyAreMadeFromIsGood) {
  EXPECT_TRUE(SafetensorsFile::Parse(File(kGood, 4), "w").ok());
  EXPECT_TRUE(SafetensorsFile::Parse(File(Pair(0, 1, 1, 4), 4), "w").ok());
  EXPECT_TRUE(SafetensorsFile::Parse(File(Placed("[0,4]", "[]", "F32"), 4), "w").ok());
  EXPECT_TRUE(SafetensorsFile::Parse(File("{}", 0), "w").ok());
}

TEST(SafetensorsRefusals, LengthsThatLie) {
  const size_t n = kGood.size();
  ExpectRefusal("empty file", {}, "it has only 0 bytes");
  ExpectRefusal("seven bytes", Bytes(7), "it has only 7 bytes");
  ExpectRefusal("no header", Bytes(8), "does not begin with '{'");
  ExpectRefusal("header cut off", FileWithLength(n, kGood.substr(0, n - 1), 0), "ends inside its header");
  ExpectRefusal("length of one more than there is", FileWithLength(n + 5, kGood, 4), "ends inside its header");
  ExpectRefusal("length up to the limit", FileWithLength(100'000'000, kGood, 4), "ends inside its header");
  ExpectRefusal("length beyond the limit", FileWithLength(100'000'001, kGood, 4), "claims more than 100 MB");
  ExpectRefusal("negative length", FileWithLength(UINT64_MAX, kGood, 4), "claims more than 100 MB");
  ExpectRefusal("length whose sum with 8 overflows", FileWithLength(UINT64_MAX - 7, kGood, 4), "more than 100 MB");
  ExpectRefusal("smallest signed length", FileWithLength(uint64_t{1} << 63, kGood, 4), "claims more than 100 MB");
  ExpectRefusal("big-endian length", FileWithLength(uint64_t{n} << 56, kGood, 4), "claims more than 100 MB");
  ExpectRefusal("length too short", FileWithLength(n - 1, kGood, 4), "not JSON at byte");
  ExpectRefusal("length that takes data in", FileWithLength(n + 4, kGood, 4), "not JSON at byte");
  ExpectRefusal("length of 0", FileWithLength(0, kGood, 4), "does not begin with '{'");
  ExpectRefusal("data cut off", File(kGood, 3), "tensor \"a\" is larger than the file");
  ExpectRefusal("no data", File(kGood, 0), "tensor \"a\" is larger than the file");
  ExpectRefusal("trailing byte", File(kGood, 5), "bytes after its last tensor belong to none");
  ExpectRefusal("data but no tensors", File("{}", 4), "belong to none");
  ExpectRefusal("metadata but no tensors", File(R"({"__metadata__":{}})", 4), "belong to none");
}

TEST(SafetensorsRefusals, HeadersThatAreNotJson) {
  using namespace std::string_literals;
  ExpectRefusals({{"list", "[]", "begin with"},
                  {"null", "null", "begin with"},
                  {"leading space", " " + kGood, "begin with"},
                  {"byte order mark", "\xef\xbb\xbf" + kGood, "begin with"},
                  {"not closed", kGood.substr(0, kGood.size() - 1), "not JSON"},
                  {"no value", "{\"a\":}", "not JSON at byte 6"},
                  {"something behind it", kGood + " x", "not JSON"},
                  {"two objects", "{}" + kGood, "not JSON"},
                  {"trailing comma", "{\"a\":" + kTensor + ",}", "not JSON"},
                  {"single quotes", "{'a':" + kTensor + "}", "not JSON at byte 2"},
                  {"comment", "{/**/\"a\":" + kTensor + "}", "not JSON"},
                  {"not a number", Shaped("[NaN]"), "not JSON"},
                  {"hexadecimal", Shaped("[0x4]"), "not JSON"},
                  {"leading zero", Shaped("[04]"), "not JSON"},
                  {"number beyond every double", Shaped("[1e999]"), "a number in it is out of range"},
                  {"zero bytes as padding", kGood + "\0\0"s, "zero byte"},
                  {"zero byte in a name", "{\"a\0b\":"s + kTensor + "}", "zero byte"},
                  {"UTF-16", "{\0\"\0a\0"s, "zero byte"},
                  {"name that is not UTF-8", "{\"\xff\":" + kTensor + "}", "not JSON at byte 3"},
                  {"name that ends within a character", "{\"\xc3\":" + kTensor + "}", "not JSON"},
                  {"overlong character", "{\"\xc0\xaf\":" + kTensor + "}", "not JSON"},
                  {"surrogate in UTF-8", "{\"\xed\xa0\x80\":" + kTensor + "}", "not JSON"},
                  {"half a surrogate pair", "{\"\\ud800\":" + kTensor + "}", "not JSON"},
                  {"line break in a name", "{\"a\nb\":" + kTensor + "}", "not JSON"}},
                 24);
}

TEST(SafetensorsRefusals, EntriesOfAnotherForm) {
  const std::string exactly = "tensor \"a\" needs exactly dtype, shape and two data_offsets";
  ExpectRefusals(
      {{"number", "{\"a\":1}", exactly.c_str()},
       {"null", "{\"a\":null}", exactly.c_str()},
       {"list", "{\"a\":[]}", exactly.c_str()},
       {"text", "{\"a\":\"U8\"}", exactly.c_str()},
       {"nothing in it", "{\"a\":{}}", exactly.c_str()},
       {"no dtype", R"({"a":{"shape":[4],"data_offsets":[0,4]}})", exactly.c_str()},
       {"no shape", R"({"a":{"dtype":"U8","data_offsets":[0,4]}})", exactly.c_str()},
       {"no offsets", R"({"a":{"dtype":"U8","shape":[4]}})", exactly.c_str()},
       {"another key", R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"more":1}})", exactly.c_str()},
       {"misspelt key", R"({"a":{"dtype":"U8","shape":[4],"offsets":[0,4]}})", exactly.c_str()},
       {"dtype a number", Typed("8"), exactly.c_str()},
       {"dtype null", Typed("null"), exactly.c_str()},
       {"shape a number", Shaped("4"), exactly.c_str()},
       {"shape text", Shaped("\"4\""), exactly.c_str()},
       {"one offset", Placed("[4]"), exactly.c_str()},
       {"three offsets", Placed("[0,4,4]"), exactly.c_str()},
       {"offsets an object", Placed("{\"begin\":0}"), exactly.c_str()},
       {"same tensor twice", "{\"a\":" + kTensor + ",\"a\":" + kTensor + "}", "\"a\" appears twice"},
       {"same tensor twice, once escaped", "{\"a\":" + kTensor + ",\"\\u0061\":" + kTensor + "}",
        "\"a\" appears twice"},
       {"dtype twice", R"({"a":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
        "\"dtype\" appears twice"},
       {"offsets twice", R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"data_offsets":[0,4]}})",
        "\"data_offsets\" appears twice"},
       {"metadata key twice", R"({"__metadata__":{"k":"1","k":"2"},"a":)" + kTensor + "}", "\"k\" appears twice"},
       {"metadata twice", R"({"__metadata__":{},"__metadata__":{},"a":)" + kTensor + "}",
        "\"__metadata__\" appears twice"},
       {"metadata a list", R"({"__metadata__":[],"a":)" + kTensor + "}", "__metadata__ is not an object"},
       {"metadata null", R"({"__metadata__":null,"a":)" + kTensor + "}", "__metadata__ is not an object"},
       {"metadata a number", R"({"__metadata__":{"k":1},"a":)" + kTensor + "}", "must map strings to strings"},
       {"metadata nested", R"({"__metadata__":{"k":{"l":"m"}},"a":)" + kTensor + "}", "must map strings to strings"},
       {"metadata nested deeper", R"({"__metadata__":{"k":{"l":{}}},"a":)" + kTensor + "}", "nested too deeply"},
       {"list in a shape", Shaped("[[4]]"), "nested too deeply"},
       {"a hundred thousand brackets", "{\"a\":" + std::string(100000, '['), "nested too deeply"},
       {"control characters in a name", "{\"a\\n\\u001b[31m\":1}", "tensor \"a\\n\\u001b[31m\" needs"},
       {"endless name", "{\"" + std::string(100000, 'n') + "\":1}", "nnn...\" needs exactly"}},
      32);
}

TEST(SafetensorsRefusals, TypesShapesAndPlaces) {
  ExpectRefusals(
      {{"doubles", Typed("\"F64\""), "has the dtype \"F64\", which is not used here; F32,"},
       {"bfloat16", Typed("\"BF16\""), "\"BF16\""},
       {"64-bit integers", Typed("\"I64\""), "\"I64\""},
       {"booleans", Typed("\"BOOL\""), "\"BOOL\""},
       {"lower case", Typed("\"u8\""), "\"u8\""},
       {"empty dtype", Typed("\"\""), "has the dtype \"\""},
       {"negative dimension", Shaped("[-4]"), "a dimension is not a non-negative integer"},
       {"dimension -0", Shaped("[-0]"), "a dimension is not a non-negative integer"},
       {"dimension with a point", Shaped("[4.0]"), "a dimension is not a non-negative integer"},
       {"dimension with an exponent", Shaped("[4e0]"), "a dimension is not a non-negative integer"},
       {"dimension of text", Shaped("[\"4\"]"), "a dimension is not a non-negative integer"},
       {"dimension true", Shaped("[true]"), "a dimension is not a non-negative integer"},
       {"dimension null", Shaped("[null]"), "a dimension is not a non-negative integer"},
       {"dimension beyond 64 bits", Shaped("[18446744073709551616]"), "a dimension is not a non-negative integer"},
       {"largest dimension", Shaped("[18446744073709551615]"), "larger than the file"},
       {"product that overflows to 0", Shaped("[4294967296,4294967296]"), "larger than the file"},
       {"product that overflows to 4", Shaped("[4611686018427387905,4]"), "larger than the file"},
       {"bytes that overflow", Placed("[0,4]", "[4611686018427387905]", "F32"), "larger than the file"},
       {"nine dimensions", Shaped("[1,1,1,1,1,1,1,1,4]"), "a list in its header is too long"},
       {"a shape of one more", Shaped("[5]"), "larger than the file"},
       {"a shape of one less", Shaped("[3]"), "its offsets do not fit its shape and dtype"},
       {"a scalar of four bytes", Shaped("[]"), "its offsets do not fit its shape and dtype"},
       {"no elements in four bytes", Shaped("[0]"), "its offsets do not fit its shape and dtype"},
       {"no elements, dimensions that overflow", Shaped("[0,4294967296,4294967296]"), "its offsets do not fit"},
       {"elements twice as wide", Placed("[0,4]", "[4]", "F16"), "larger than the file"},
       {"elements half as wide", Placed("[0,4]", "[1]", "I16"), "its offsets do not fit its shape and dtype"},
       {"negative offset", Placed("[-1,3]"), "an offset is not a non-negative integer"},
       {"negative end", Placed("[0,-4]"), "an offset is not a non-negative integer"},
       {"offset with a point", Placed("[0.0,4]"), "an offset is not a non-negative integer"},
       {"offset of text", Placed("[\"0\",4]"), "an offset is not a non-negative integer"},
       {"offset beyond 64 bits", Placed("[0,18446744073709551620]"), "an offset is not a non-negative integer"},
       {"largest offset", Placed("[0,18446744073709551615]"), "lies outside the file"},
       {"offsets whose difference fits", Placed("[18446744073709551611,18446744073709551615]"), "lies outside"},
       {"end before the beginning", Placed("[4,0]"), "ends before it begins"},
       {"beyond the end", Placed("[1,5]"), "lies outside the file"},
       {"nothing, beyond the end", Placed("[9,9]", "[0]"), "lies outside the file"},
       {"overlap", Pair(0, 3, 2, 4), "tensor \"b\" overlaps the one before it"},
       {"the same bytes", Pair(0, 4, 0, 4), "overlaps the one before it"},
       {"one within another", Pair(0, 4, 1, 3), "tensor \"b\" overlaps"},
       {"nothing within another", Pair(0, 4, 2, 2), "tensor \"b\" overlaps"},
       {"hole", Pair(0, 2, 3, 4), "tensor \"b\" leaves a hole before it"},
       {"hole at the beginning", Placed("[1,4]", "[3]"), "tensor \"a\" leaves a hole before it"},
       {"bytes behind the last", Pair(0, 1, 1, 3), "bytes after its last tensor belong to none"},
       {"misaligned",
        R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
        R"("b":{"dtype":"F16","shape":[1],"data_offsets":[1,3]},)"
        R"("c":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}})",
        "tensor \"b\" is not aligned to its elements"}},
      44);
}

}  // namespace
}  // namespace aecomp
