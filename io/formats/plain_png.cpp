// libdeflate inflates all rows at once. Their filters are undone where they are: a row of pixels ends before the row
// that it is made of begins, but for the bytes that are read first.
#include "io/formats/plain_png.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "io/deflate.h"
#include "io/formats/png_chunks.h"

namespace aecomp {
namespace {

using View = std::span<const uint8_t>;

constexpr size_t kMaxRows = 64 << 20;  // bytes
constexpr uint32_t kMaxSide = 0x7fffffff;

struct Header {
  uint32_t width = 0, height = 0;
  int bits = 0, channels = 0;
};

std::optional<Header> ReadHeader(View content) {
  static constexpr int kChannels[] = {1, 0, 3, 0, 2, 0, 4};  // of the kinds of colour
  if (content.size() != 13) return std::nullopt;
  const Header h = {ReadBigEndian(content, 0), ReadBigEndian(content, 4), content[8],
                    content[9] < std::size(kChannels) ? kChannels[content[9]] : 0};
  const bool methods = content[10] == 0 && content[11] == 0 && content[12] == 0;  // the last one: not interlaced
  const bool sides = h.width > 0 && h.height > 0 && h.width <= kMaxSide && h.height <= kMaxSide;
  return methods && sides && (h.bits == 8 || h.bits == 16) && h.channels > 0 ? std::optional(h) : std::nullopt;
}

/// What a file of the usual kind consists of, beside what may be ignored.
struct Pieces {
  std::optional<Header> header;
  std::vector<View> rows;  // one stream, without other chunks between its pieces
  size_t bytes = 0;        // of rows
};

std::optional<Pieces> FindPieces(View file) {
  Pieces found;
  bool usual = true, ended = false, apart = false;
  const bool complete = ForEachPngChunk(file, kPngSignature.size(), [&](const PngChunk& chunk) {
    const bool first = chunk.whole.data() == file.data() + kPngSignature.size(), rows = chunk.type == "IDAT";
    usual = usual && !ended && chunk.IsSound() && first == (chunk.type == "IHDR");
    if (first && chunk.type == "IHDR") found.header = ReadHeader(chunk.content);
    if (rows) {
      usual = usual && !apart;
      found.rows.push_back(chunk.content);
      found.bytes += chunk.content.size();
      return;
    }
    apart = !found.rows.empty();
    ended = chunk.type == "IEND";
    const bool may_be_ignored = (chunk.type[0] & 0x20) != 0;  // PNG specification, 5.4
    usual = usual && (first || ended || (may_be_ignored && chunk.type != "tRNS"));
  });
  return complete && usual && ended && found.header ? std::optional(std::move(found)) : std::nullopt;
}

// A pixel has up to 8 bytes: one for every lane.
using Lanes [[gnu::vector_size(16)]] = int16_t;
using LaneBytes [[gnu::vector_size(8)]] = uint8_t;
constexpr size_t kLanes = 8;

/// Reads kLanes bytes, of which some may be those of the next pixels.
inline Lanes LoadPixel(const uint8_t* from) {
  LaneBytes bytes;
  std::memcpy(&bytes, from, kLanes);
  return __builtin_convertvector(bytes, Lanes);
}

/// Of three bytes it writes a fourth.
template <size_t kPixel>
inline void StorePixel(Lanes pixel, uint8_t* to) {
  const LaneBytes bytes = __builtin_convertvector(pixel, LaneBytes);
  std::memcpy(to, &bytes, kPixel == 3 ? 4 : kPixel);
}

/// PNG specification, 9.4, in a form without branches that Fabian Giesen gave stb_image: where left and up lie on
/// either side of the threshold, the corner is nearest; else the larger one, or the smaller.
inline Lanes Paeth(Lanes left, Lanes up, Lanes corner) {
  const Lanes threshold = 3 * corner - up - left;
  const Lanes low = left < up ? left : up, high = left < up ? up : left;
  const Lanes other = high <= threshold ? low : corner;
  return threshold <= low ? high : other;
}

/// row: filtered, of `count` bytes, of which kLanes more can be read, as of `above`, which is the row before it as it
/// was. to: begins before `row`.
template <size_t kPixel>
bool Unfilter(int filter, const uint8_t* row, const uint8_t* above, size_t count, uint8_t* to) {
  const auto each = [&](auto predict) {  // left and corner are 0 in the first pixel
    Lanes left{}, corner{};
    for (size_t i = 0; i < count; i += kPixel) {
      const Lanes up = LoadPixel(above + i);
      left = (LoadPixel(row + i) + predict(left, up, corner)) & 0xff;
      corner = up;
      StorePixel<kPixel>(left, to + i);
    }
    return true;
  };
  switch (filter) {
    case 0:
      std::memmove(to, row, count);
      return true;
    case 1:
      return each([](Lanes left, Lanes, Lanes) { return left; });
    case 2:
#pragma GCC ivdep  // what is written lies before what is read
      for (size_t i = 0; i < count; ++i) to[i] = static_cast<uint8_t>(row[i] + above[i]);
      return true;
    case 3:
      return each([](Lanes left, Lanes up, Lanes) -> Lanes { return (left + up) >> 1; });
    case 4:
      return each(Paeth);
    default:
      return false;
  }
}

template <size_t kPixel>
bool UnfilterRows(std::vector<uint8_t>& rows, size_t count, uint32_t height) {
  const std::vector<uint8_t> none(count + kLanes, 0);
  const uint8_t* above = none.data();
  for (size_t y = 0; y < height; ++y) {
    const uint8_t* row = rows.data() + y * (count + 1);
    uint8_t* to = rows.data() + y * count;
    if (!Unfilter<kPixel>(row[0], row + 1, above, count, to)) return false;
    above = to;
  }
  return true;
}

bool UnfilterRows(size_t pixel, std::vector<uint8_t>& rows, size_t count, uint32_t height) {
  switch (pixel) {
    case 1:
      return UnfilterRows<1>(rows, count, height);
    case 2:
      return UnfilterRows<2>(rows, count, height);
    case 3:
      return UnfilterRows<3>(rows, count, height);
    case 4:
      return UnfilterRows<4>(rows, count, height);
    case 6:
      return UnfilterRows<6>(rows, count, height);
    default:
      return UnfilterRows<8>(rows, count, height);
  }
}

}  // namespace

std::optional<Image> DecodePlainPng(View file) {
  const auto found = FindPieces(file);
  if (!found || found->rows.empty()) return std::nullopt;
  const Header h = *found->header;
  const size_t pixel = static_cast<size_t>(h.channels) * static_cast<size_t>(h.bits / 8), row = pixel * h.width;
  if (row + 1 > kMaxRows / h.height) return std::nullopt;

  std::vector<uint8_t> joined;
  if (found->rows.size() > 1) {
    joined.reserve(found->bytes);
    for (const View piece : found->rows) joined.insert(joined.end(), piece.begin(), piece.end());
  }
  Image image;
  image.width = static_cast<int>(h.width), image.height = static_cast<int>(h.height);
  image.channels = h.channels, image.bits = h.bits;
  image.pixels.resize((row + 1) * h.height + kLanes);
  const auto filtered = std::span(image.pixels).first((row + 1) * h.height);
  if (!InflateExactly(joined.empty() ? found->rows[0] : View(joined), filtered)) return std::nullopt;
  if (!UnfilterRows(pixel, image.pixels, row, h.height)) return std::nullopt;
  image.pixels.resize(row * h.height);
  if (h.bits == 16 && std::endian::native == std::endian::little) {
    for (size_t i = 0; i < image.pixels.size(); i += 2) std::swap(image.pixels[i], image.pixels[i + 1]);
  }
  return image;
}

}  // namespace aecomp
