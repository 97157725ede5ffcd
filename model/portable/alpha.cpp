#include "model/portable/alpha.h"

#include <cstdlib>

#include "model/portable/hash.h"
#include "model/portable/inflate.h"

namespace aecomp_portable {
namespace {

Status Damaged(const char* what) { return Corrupt(std::string("damaged: its alpha ") + what); }

/// IHDR, then IDAT chunks whose contents are joined, then IEND.
Status JoinPixels(Bytes png, uint32_t width, uint32_t height, int bits, std::vector<uint8_t>* joined) {
  static constexpr uint8_t kSignature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  const Bytes signature = png.Take(8);
  if (!png.ok() || std::memcmp(signature.data(), kSignature, 8) != 0) return Damaged("is no PNG");
  for (int number = 0;; ++number) {
    const uint32_t length = png.BigU32();
    Bytes covered = png.Take(uint64_t{length} + 4);
    if (!png.ok() || png.BigU32() != Crc32(covered.data(), covered.size()) || !png.ok()) {
      return Damaged("has a damaged chunk");
    }
    const Bytes type = covered.Take(4);
    const auto is = [&](const char* name) { return std::memcmp(type.data(), name, 4) == 0; };
    if ((number == 0) != is("IHDR")) return Damaged("has its header in the wrong place");
    if (number == 0) {
      const uint32_t w = covered.BigU32(), h = covered.BigU32();
      const int depth = covered.U8(), colour = covered.U8(), method = covered.U8(), filter = covered.U8();
      const bool fits = w == width && h == height && depth == bits && colour == 0 && length == 13;
      if (!fits) return Damaged("has another size or depth than the picture");
      if (method != 0 || filter != 0 || covered.U8() != 0) return Damaged("is interlaced, or packed in another way");
    } else if (is("IEND")) {
      return png.remaining() == 0 ? Status() : Damaged("has bytes after its end");
    } else if (is("IDAT")) {
      joined->insert(joined->end(), covered.data() + 4, covered.data() + covered.size());
    } else {
      return Damaged("has a chunk that is none of IHDR, IDAT and IEND");
    }
  }
}

int Paeth(int a, int b, int c) {
  const int pa = std::abs(b - c), pb = std::abs(a - c), pc = std::abs(a + b - 2 * c);
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/// Of `size` bytes; above: the row above it, without its filter.
bool Unfilter(int filter, const uint8_t* above, size_t size, size_t step, uint8_t* row) {
  if (filter > 4) return false;
  for (size_t i = 0; i < size; ++i) {
    const int left = i < step ? 0 : row[i - step], corner = i < step ? 0 : above[i - step], up = above[i];
    const int predicted = filter == 0   ? 0
                          : filter == 1 ? left
                          : filter == 2 ? up
                          : filter == 3 ? (left + up) / 2
                                        : Paeth(left, up, corner);
    row[i] = static_cast<uint8_t>(row[i] + predicted);
  }
  return true;
}

}  // namespace

Status ReadAlpha(Bytes png, uint32_t width, uint32_t height, int bits, std::vector<uint8_t>* samples) {
  std::vector<uint8_t> joined, rows;
  PORTABLE_TRY(JoinPixels(png, width, height, bits, &joined));
  const size_t step = static_cast<size_t>(bits / 8), line = width * step, all = height * (line + 1);
  PORTABLE_TRY(Inflate({joined.data(), joined.size()}, all, "damaged: its alpha", &rows));
  if (rows.size() != all) return Damaged("ends early");
  const std::vector<uint8_t> zeros(line);
  for (size_t y = 0; y < height; ++y) {
    uint8_t* const row = rows.data() + y * (line + 1) + 1;
    const uint8_t* const above = y == 0 ? zeros.data() : row - (line + 1);
    if (!Unfilter(row[-1], above, line, step, row)) return Damaged("has an unknown filter");
    samples->insert(samples->end(), row, row + line);
  }
  return {};
}

}  // namespace aecomp_portable
