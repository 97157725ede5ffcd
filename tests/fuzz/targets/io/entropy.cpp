// The entropy coder: tables out of a model's file, streams out of an .aec.
#include "io/bytes.h"
#include "io/rans.h"
#include "tests/fuzz/target.h"

namespace aecomp::fuzz {
namespace {

constexpr size_t kMostValues = 4096;

/// Rows of frequencies as they would come out of a file: some of them sum to 2^16, because the input says so.
std::vector<std::vector<uint16_t>> ReadFrequencies(ByteReader& reader) {
  std::vector<std::vector<uint16_t>> rows(reader.U8() % 8);
  for (auto& row : rows) {
    row.resize(reader.U8() % 32);
    for (uint16_t& frequency : row) frequency = reader.U16();
    if (row.empty() || reader.U8() == 0) continue;
    uint32_t sum = 0;
    for (size_t i = 1; i < row.size(); ++i) sum += row[i];
    row[0] = static_cast<uint16_t>((1u << CodingTables::kPrecisionBits) - sum);
  }
  return rows;
}

/// Input: rows of frequencies; number of values; the row of each; the stream.
bool Accepts(View input) {
  ByteReader reader(input);
  const auto tables = CodingTables::Create(ReadFrequencies(reader));
  if (!tables.ok()) {
    Promise(tables.status().code() == StatusCode::kModel, "tables are a model's");
    PromiseMessage(tables.status().message());
    return false;
  }
  std::vector<uint8_t> rows(tables.value().rows() == 0 ? 0 : reader.U16() % kMostValues);
  for (uint8_t& row : rows) row = static_cast<uint8_t>(reader.U8() % tables.value().rows());
  const View stream = reader.Bytes(reader.remaining());

  std::vector<int16_t> values(rows.size());
  const Status status = DecodeValues(tables.value(), stream, rows, values);
  for (const int16_t v : values) Promise(std::abs(v) <= CodingTables::kMaxMagnitude, "values are bounded");

  // In steps it is the same.
  std::vector<int16_t> stepped(rows.size());
  ValueDecoder decoder(tables.value(), stream);
  const size_t half = rows.size() / 2;
  Status step = decoder.Next(View(rows).first(half), std::span(stepped).first(half));
  if (step.ok()) step = decoder.Next(View(rows).subspan(half), std::span(stepped).subspan(half));
  if (step.ok()) step = decoder.Finish();
  Promise(status.ok() == step.ok(), "decoding in steps accepts what decoding at once does");
  Promise(!status.ok() || values == stepped, "decoding in steps gives what decoding at once does");

  // Whatever the stream held, its values can be coded, and come back.
  const Bytes coded = EncodeValues(tables.value(), values, rows);
  if (status.ok()) Promise(Bytes(stream.begin(), stream.end()) == coded, "a stream has one spelling");
  std::vector<int16_t> again(rows.size());
  Promise(DecodeValues(tables.value(), coded, rows, again).ok() && again == values, "values come back");
  return status.ok();
}

/// Two tables and five values, one of them far outside of its table.
std::vector<Bytes> Seeds() {
  const std::vector<std::vector<uint16_t>> tables = {{100, 65000, 300, 136}, {10, 20, 65000, 400, 6, 100}};
  const std::vector<uint8_t> rows = {0, 1, 1, 0, 1};
  const std::vector<int16_t> values = {0, -1, 2, 1, -300};
  ByteWriter writer;
  writer.U8(static_cast<uint8_t>(tables.size()));
  for (const auto& row : tables) {
    writer.U8(static_cast<uint8_t>(row.size()));
    for (const uint16_t frequency : row) writer.U16(frequency);
    writer.U8(0);
  }
  writer.U16(static_cast<uint16_t>(rows.size()));
  writer.Bytes(rows);
  writer.Bytes(EncodeValues(CodingTables::Create(tables).value(), values, rows));
  return {writer.Take()};
}

}  // namespace

Target EntropyTarget() { return {"entropy", Accepts, Seeds, nullptr}; }

}  // namespace aecomp::fuzz
