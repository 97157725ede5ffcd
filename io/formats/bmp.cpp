#include "io/formats/bmp.h"

#include <algorithm>
#include <array>
#include <bit>

namespace aecomp {
namespace {

using View = std::span<const uint8_t>;

constexpr size_t kFileHeader = 14, kOs2Header = 12, kInfoHeader = 40;
constexpr size_t kMaxSide = 1 << 20;  // as of .aec

// "Compression" of Windows. OS/2 2.x uses 3 and 4 for others.
enum Compression : uint32_t { kRgb = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3, kAlphaBitFields = 6 };

uint32_t U16(View b, size_t at) { return uint32_t{b[at + 1]} << 8 | b[at]; }
uint32_t U32(View b, size_t at) { return U16(b, at + 2) << 16 | U16(b, at); }

struct Colour {
  uint8_t rgb[3];
};

struct BmpHeader {
  uint32_t width = 0, height = 0, bits = 0, compression = kRgb;
  bool top_down = false;
  std::array<uint32_t, 4> masks = {};  // red, green, blue, alpha; of 16 and 32 bits
  size_t palette = 0, palette_entry = 4, colours = 0;
  size_t pixels = 0;  // where they begin
};

Status Damaged(const std::string& name, const std::string& what) {
  return InputError(name + ": damaged BMP image: " + what + "; fetch or make it again");
}
Status Truncated(const std::string& name) { return InputError(name + ": truncated BMP image; fetch or make it again"); }
Status NotRead(const std::string& name, const std::string& what) {
  return InputError(name + ": a BMP image " + what + "; convert it to PNG");
}

void ReadSides(View bytes, size_t header_size, BmpHeader& h) {
  if (header_size == kOs2Header) {
    h.width = U16(bytes, kFileHeader + 4), h.height = U16(bytes, kFileHeader + 6),
    h.bits = U16(bytes, kFileHeader + 10);
    h.palette_entry = 3;
    return;
  }
  h.width = U32(bytes, kFileHeader + 4), h.height = U32(bytes, kFileHeader + 8), h.bits = U16(bytes, kFileHeader + 14);
  h.top_down = h.height > 0x7fffffff;
  if (h.top_down) h.height = 0 - h.height;
  if (header_size >= 20) h.compression = U32(bytes, kFileHeader + 16);
}

/// Masks stand in the header of 52 bytes and more, else behind it.
Status ReadMasks(View bytes, size_t header_size, const std::string& name, BmpHeader& h) {
  if (h.bits != 16 && h.bits != 32) return {};
  if (h.compression == kRgb) {
    h.masks = h.bits == 16 ? std::array<uint32_t, 4>{0x7c00, 0x3e0, 0x1f, 0}
                           : std::array<uint32_t, 4>{0xff0000, 0xff00, 0xff, 0};
    return {};
  }
  const size_t count = h.compression == kAlphaBitFields || header_size >= 56 ? 4 : 3;
  if (bytes.size() < kFileHeader + kInfoHeader + 4 * count) return Truncated(name);
  uint32_t used = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t mask = U32(bytes, kFileHeader + kInfoHeader + 4 * i);
    const uint32_t lowest = mask & (0 - mask);
    const bool in_one_piece = ((uint64_t{mask} + lowest) & mask) == 0, fits = h.bits == 32 || mask <= 0xffff;
    if (!in_one_piece || !fits || (used & mask) != 0 || (mask == 0 && i < 3))
      return Damaged(name, "impossible bit masks");
    used |= mask;
    h.masks[i] = mask;
  }
  if (header_size == kInfoHeader) h.palette += 4 * count;
  return {};
}

Status CheckKind(const BmpHeader& h, size_t header_size, const std::string& name) {
  static constexpr std::array<uint32_t, 7> kDepths = {1, 2, 4, 8, 16, 24, 32};
  if (std::find(kDepths.begin(), kDepths.end(), h.bits) == kDepths.end()) {
    return NotRead(name, "of " + std::to_string(h.bits) + " bits a pixel");
  }
  const bool os2 = header_size == 16 || header_size == 64;
  const bool masks = h.compression == kBitFields || h.compression == kAlphaBitFields;
  const bool known = h.compression == kRgb || (h.compression == kRle8 && h.bits == 8) ||
                     (h.compression == kRle4 && h.bits == 4) || (masks && !os2 && (h.bits == 16 || h.bits == 32));
  if (!known) return NotRead(name, "compressed in way " + std::to_string(h.compression));
  if (h.top_down && (h.compression == kRle8 || h.compression == kRle4))
    return Damaged(name, "run lengths from the top down");
  return {};
}

Result<BmpHeader> ReadHeader(View bytes, const std::string& name) {
  if (bytes.size() < kFileHeader + kOs2Header) return Truncated(name);
  const size_t header_size = U32(bytes, kFileHeader);
  const bool known =
      header_size == kOs2Header || header_size == 16 || (header_size >= kInfoHeader && header_size <= 256);
  if (!known) return NotRead(name, "with a header of " + std::to_string(header_size) + " bytes");
  if (bytes.size() < kFileHeader + header_size) return Truncated(name);
  BmpHeader h;
  ReadSides(bytes, header_size, h);
  if (h.width == 0 || h.height == 0 || h.width > kMaxSide || h.height > kMaxSide) {
    return Damaged(name, "impossible width or height");
  }
  AECOMP_RETURN_IF_ERROR(CheckKind(h, header_size, name));
  h.pixels = U32(bytes, 10), h.palette = kFileHeader + header_size;
  AECOMP_RETURN_IF_ERROR(ReadMasks(bytes, header_size, name, h));
  if (h.pixels < kFileHeader + kOs2Header || h.pixels > bytes.size())
    return Damaged(name, "impossible place of its pixels");
  if (h.bits <= 8) {
    const size_t most = size_t{1} << h.bits, said = header_size >= 36 ? U32(bytes, kFileHeader + 32) : 0;
    // Old programs count wrongly: the palette ends where the pixels begin.
    const size_t room = h.pixels > h.palette ? (h.pixels - h.palette) / h.palette_entry : 0;
    h.colours = std::min({said == 0 ? most : said, most, room});
    if (h.colours == 0) return Damaged(name, "no palette");
  }
  return h;
}

/// Rows of unpacked samples are padded to multiples of four bytes.
uint64_t RowBytes(const BmpHeader& h) { return (uint64_t{h.width} * h.bits + 31) / 32 * 4; }

class Palette {
 public:
  Palette(View bytes, const BmpHeader& h) : colours_(h.colours) {
    for (size_t i = 0; i < h.colours; ++i) {
      const View entry = bytes.subspan(h.palette + i * h.palette_entry, 3);
      colours_[i] = {{entry[2], entry[1], entry[0]}};
      gray_ = gray_ && entry[0] == entry[1] && entry[1] == entry[2];
    }
  }
  bool gray() const { return gray_; }
  /// False where the palette has no such colour.
  bool Store(uint32_t index, Image& image, uint32_t x, uint32_t y) const {
    if (index >= colours_.size()) return false;
    const auto channels = static_cast<size_t>(image.channels);
    std::copy_n(colours_[index].rgb, channels, image.Row(static_cast<int>(y)) + x * channels);
    return true;
  }

 private:
  std::vector<Colour> colours_;
  bool gray_ = true;
};

Status MissingColour(const std::string& name) { return Damaged(name, "a colour that its palette lacks"); }

/// y-th row of the image, counted from the top.
View StoredRow(View pixels, const BmpHeader& h, uint32_t y) {
  const uint64_t row = RowBytes(h);
  return pixels.subspan((h.top_down ? y : h.height - 1 - y) * row, row);
}

Status ReadIndices(View pixels, const BmpHeader& h, const Palette& palette, const std::string& name, Image& image) {
  const uint32_t mask = (1u << h.bits) - 1, in_byte = 8 / h.bits;
  for (uint32_t y = 0; y < h.height; ++y) {
    const View row = StoredRow(pixels, h, y);
    for (uint32_t x = 0; x < h.width; ++x) {
      const uint32_t shift = 8 - h.bits * (x % in_byte + 1);
      if (!palette.Store(row[x / in_byte] >> shift & mask, image, x, y)) return MissingColour(name);
    }
  }
  return {};
}

/// Of `mask`, scaled to 0 .. 255.
uint8_t Field(uint32_t value, uint32_t mask) {
  const int shift = std::countr_zero(mask);
  const uint64_t most = mask >> shift, field = (value & mask) >> shift;
  return static_cast<uint8_t>((field * 255 + most / 2) / most);
}

/// Returns whether any bit is set that no mask names.
bool ReadFields(View pixels, const BmpHeader& h, Image& image) {
  const size_t bytes = h.bits / 8;
  const uint32_t unused = ~(h.masks[0] | h.masks[1] | h.masks[2] | h.masks[3]) & (h.bits == 32 ? 0xffffffff : 0xffff);
  bool seen_set = false, seen_clear = false;
  for (uint32_t y = 0; y < h.height; ++y) {
    const View row = StoredRow(pixels, h, y);
    uint8_t* out = image.Row(static_cast<int>(y));
    for (uint32_t x = 0; x < h.width; ++x) {
      const uint32_t value = bytes == 2 ? U16(row, 2 * x) : U32(row, 4 * x);
      for (int i = 0; i < image.channels; ++i) *out++ = Field(value, h.masks[static_cast<size_t>(i)]);
      if ((value & unused) != 0) seen_set = true;
      if ((value & unused) != unused) seen_clear = true;
    }
  }
  return seen_set && seen_clear;
}

void ReadBgr(View pixels, const BmpHeader& h, Image& image) {
  for (uint32_t y = 0; y < h.height; ++y) {
    const View row = StoredRow(pixels, h, y);
    uint8_t* out = image.Row(static_cast<int>(y));
    for (size_t i = 0; i < size_t{3} * h.width; i += 3, out += 3)
      out[0] = row[i + 2], out[1] = row[i + 1], out[2] = row[i];
  }
}

/// Run lengths of 4 or 8 bits: a count and a colour (of 4 bits: two in turns), or 0 and an escape: end of the row, end
/// of the image, a move to the right and up, or a count of colours as they are, padded to an even number of bytes.
class RunLengths {
 public:
  RunLengths(View data, const BmpHeader& h, const Palette& palette, Image& image)
      : data_(data), h_(h), palette_(palette), image_(image) {}

  enum class End { kComplete, kTruncated, kMissingColour, kOutside };

  End Decode() {
    while (at_ + 2 <= data_.size()) {
      const uint32_t count = data_[at_], value = data_[at_ + 1];
      at_ += 2;
      End end = End::kComplete;
      if (count > 0) {
        end = Run(count, [&](uint32_t i) { return h_.bits == 8 ? value : i % 2 == 0 ? value >> 4 : value & 15; });
      } else if (value == 0) {
        x_ = 0, ++y_;
      } else if (value == 1) {
        return End::kComplete;
      } else if (value == 2) {
        if (at_ + 2 > data_.size()) return End::kTruncated;
        x_ += data_[at_], y_ += data_[at_ + 1], at_ += 2;
      } else {
        end = Literal(value);
      }
      if (end != End::kComplete) return end;
    }
    return y_ >= h_.height || (y_ + 1 == h_.height && x_ == h_.width) ? End::kComplete : End::kTruncated;
  }
  /// Bytes that were read.
  size_t position() const { return at_; }

 private:
  template <class ColourOf>
  End Run(uint32_t count, ColourOf colour_of) {
    for (uint32_t i = 0; i < count; ++i, ++x_) {
      // Some writers fill rows up to a multiple of four pixels.
      if (x_ >= (h_.width + 3) / 4 * 4 || y_ >= h_.height) return End::kOutside;
      if (x_ >= h_.width) continue;
      if (!palette_.Store(colour_of(i), image_, x_, h_.height - 1 - y_)) return End::kMissingColour;
    }
    return End::kComplete;
  }
  End Literal(uint32_t count) {
    const size_t bytes = (count * h_.bits + 7) / 8, begin = at_;
    if (bytes > data_.size() - at_) return End::kTruncated;
    at_ += bytes + bytes % 2;
    return Run(count, [&](uint32_t i) {
      return h_.bits == 8 ? uint32_t{data_[begin + i]} : uint32_t{data_[begin + i / 2]} >> (i % 2 == 0 ? 4 : 0) & 15;
    });
  }

  View data_;
  const BmpHeader& h_;
  const Palette& palette_;
  Image& image_;
  size_t at_ = 0;
  uint32_t x_ = 0, y_ = 0;  // from the bottom
};

/// Pixels that no run covers have the palette's first colour. bytes_read: of `data`.
Status ReadRunLengths(View data, const BmpHeader& h, const Palette& palette, const std::string& name, Image& image,
                      size_t& bytes_read) {
  for (uint32_t y = 0; y < h.height; ++y) {
    for (uint32_t x = 0; x < h.width; ++x) palette.Store(0, image, x, y);
  }
  RunLengths runs(data, h, palette, image);
  const RunLengths::End end = runs.Decode();
  bytes_read = runs.position();
  switch (end) {
    case RunLengths::End::kTruncated:
      return Truncated(name);
    case RunLengths::End::kMissingColour:
      return MissingColour(name);
    case RunLengths::End::kOutside:
      return Damaged(name, "a run of pixels that leaves the picture");
    default:
      return {};
  }
}

/// Where the file ends whose pixels take `pixel_bytes`: a profile may lie behind them (BITMAPV5HEADER).
size_t EndOfFile(View bytes, const BmpHeader& h, size_t pixel_bytes) {
  constexpr size_t kVersion5 = 124, kProfile = 112;
  const size_t end = h.pixels + pixel_bytes;
  if (U32(bytes, kFileHeader) < kVersion5) return end;
  const size_t profile = U32(bytes, kFileHeader + kProfile), length = U32(bytes, kFileHeader + kProfile + 4);
  return std::max(end, length == 0 ? 0 : kFileHeader + profile + length);
}

}  // namespace

bool LooksLikeBmp(View bytes) { return bytes.size() >= 2 && bytes[0] == 'B' && bytes[1] == 'M'; }

Result<Image> DecodeBmp(View bytes, const std::string& name, const DecodeOptions& options,
                        std::vector<std::string>* notes) {
  AECOMP_ASSIGN_OR_RETURN(const BmpHeader h, ReadHeader(bytes, name));
  const bool runs = h.compression == kRle4 || h.compression == kRle8;
  const View pixels = bytes.subspan(h.pixels);
  if (!runs && RowBytes(h) * h.height > pixels.size()) return Truncated(name);
  const Palette palette(bytes, h);
  const int channels = h.bits <= 8 ? (palette.gray() ? 1 : 3) : h.masks[3] != 0 ? 4 : 3;
  AECOMP_RETURN_IF_ERROR(CheckPixels(h.width, h.height, static_cast<uint64_t>(channels), bytes.size(), name, options));
  Image image(static_cast<int>(h.width), static_cast<int>(h.height), channels);
  size_t pixel_bytes = RowBytes(h) * h.height;
  if (runs) {
    AECOMP_RETURN_IF_ERROR(ReadRunLengths(pixels, h, palette, name, image, pixel_bytes));
  } else if (h.bits <= 8) {
    AECOMP_RETURN_IF_ERROR(ReadIndices(pixels, h, palette, name, image));
  } else if (h.bits == 24) {
    ReadBgr(pixels, h, image);
  } else if (ReadFields(pixels, h, image)) {
    AddNote(notes, h.bits == 32 ? "the fourth byte of each pixel left out: the file does not say that it is alpha"
                                : "bits of each pixel left out: the file does not say what they are");
  }
  for (const uint32_t mask : h.masks) {
    if (std::popcount(mask) > 8) {
      AddNote(notes, "more than 8 bits per sample reduced to 8");
      break;
    }
  }
  const View rest = bytes.subspan(std::min(bytes.size(), EndOfFile(bytes, h, pixel_bytes)));
  if (!std::all_of(rest.begin(), rest.end(), [](uint8_t byte) { return byte == 0; })) {
    AddNote(notes, "what follows the end of the BMP (" + std::to_string(rest.size()) + " bytes) left out");
  }
  return image;
}

}  // namespace aecomp
