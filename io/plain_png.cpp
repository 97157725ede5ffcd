#include "io/plain_png.h"

#include <algorithm>

#include "io/deflate.h"
#include "io/png_chunks.h"

namespace aecomp {
namespace {

using View = std::span<const uint8_t>;

constexpr size_t kMaxRows = 64 << 20;  // bytes
constexpr uint8_t kNotInterlaced = 0;

/// Bytes of a row, with that of its filter; 0 where the header has no such kind of image.
uint64_t StoredRow(uint32_t width, int depth, int colour) {
  static constexpr int kSamples[] = {1, 0, 3, 1, 2, 0, 4};
  return colour > 6 || kSamples[colour] == 0 ? 0 : 1 + (uint64_t{width} * kSamples[colour] * depth + 7) / 8;
}

}  // namespace

std::optional<PlainPng> PlainPng::Of(View file) {
  View header;
  std::vector<View> rows;
  const uint8_t* end_of_rows = nullptr;
  bool sound = true, apart = false;
  const bool complete = ForEachPngChunk(file, kPngSignature.size(), [&](const PngChunk& chunk) {
    sound = sound && chunk.IsSound();
    if (chunk.type == "IHDR") header = chunk.content;
    if (chunk.type != "IDAT") return;
    apart = apart || (!rows.empty() && end_of_rows != chunk.whole.data());
    rows.push_back(chunk.content);
    end_of_rows = chunk.whole.data() + chunk.whole.size();
  });
  if (!complete || !sound || apart || rows.empty() || header.size() != 13 || header[12] != kNotInterlaced) {
    return std::nullopt;
  }
  const uint64_t height = ReadBigEndian(header, 4);
  const uint64_t row = StoredRow(ReadBigEndian(header, 0), header[8], header[9]);
  if (row == 0 || height == 0 || row > kMaxRows / height) return std::nullopt;

  PlainPng plain(row * height);
  std::vector<uint8_t> joined;
  if (rows.size() > 1) {
    for (const View piece : rows) joined.insert(joined.end(), piece.begin(), piece.end());
  }
  if (!InflateExactly(rows.size() > 1 ? View(joined) : rows[0], {plain.rows_.get(), plain.size_})) return {};
  plain.Assemble(file.first(static_cast<size_t>(rows[0].data() - 8 - file.data())),
                 file.subspan(static_cast<size_t>(end_of_rows - file.data())));
  return plain;
}

void PlainPng::Assemble(View before, View after) {
  constexpr size_t kBlock = 65535, kHead = 5;
  const size_t blocks = (size_ + kBlock - 1) / kBlock;
  std::vector<uint8_t> length;
  AppendBigEndian(length, static_cast<uint32_t>(2 + blocks * kHead + size_ + 4));
  // Length, type and the head of the zlib stream; heads of blocks; two checksums that nobody looks at.
  framing_ = {length[0], length[1], length[2], length[3], 'I', 'D', 'A', 'T', 0x78, 0x01};
  const size_t heads = framing_.size();
  for (size_t at = 0; at < size_; at += kBlock) {
    const auto count = static_cast<uint16_t>(std::min(kBlock, size_ - at));
    const auto inverse = static_cast<uint16_t>(~count);
    framing_.insert(framing_.end(), {static_cast<uint8_t>(at + kBlock >= size_), static_cast<uint8_t>(count),
                                     static_cast<uint8_t>(count >> 8), static_cast<uint8_t>(inverse),
                                     static_cast<uint8_t>(inverse >> 8)});
  }
  framing_.resize(framing_.size() + 8);
  const View framing = framing_, rows{rows_.get(), size_};
  pieces_ = {before, framing.first(heads)};
  for (size_t i = 0; i < blocks; ++i) {
    pieces_.push_back(framing.subspan(heads + i * kHead, kHead));
    pieces_.push_back(rows.subspan(i * kBlock, std::min(kBlock, size_ - i * kBlock)));
  }
  pieces_.push_back(framing.last(8));
  pieces_.push_back(after);
}

}  // namespace aecomp
