// libpng reports errors by longjmp. A jump over a C++ object with a destructor is undefined, so the functions that call
// libpng after setjmp hold plain values only; everything with a destructor lives in their callers.
#include "io/formats/png.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <bit>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>

#include "io/deflate.h"
#include "io/formats/plain_png.h"
#include "io/formats/png_chunks.h"
#include "io/memory.h"

namespace aecomp {
namespace {

constexpr size_t kMessageBytes = 120;
constexpr uint64_t kMaxDeflateRatio = 1040;  // deflate expands at most 1032 times
constexpr size_t kMaxChunk = 1 << 30;        // bytes; PNG allows twice as much

using View = std::span<const uint8_t>;
using Bytes = std::vector<uint8_t>;

struct PngFailure {
  char message[kMessageBytes] = {};
};

[[noreturn]] void OnError(png_structp png, png_const_charp message) {
  auto* failure = static_cast<PngFailure*>(png_get_error_ptr(png));
  std::strncpy(failure->message, message, kMessageBytes - 1);
  png_longjmp(png, 1);
}

void OnWarning(png_structp, png_const_charp) {}

struct Source {
  View rest;
  bool truncated = false;
};

void ReadBytes(png_structp png, png_bytep out, size_t count) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (count > source->rest.size()) {
    source->truncated = true;
    png_error(png, "it ends too early");
  }
  std::memcpy(out, source->rest.data(), count);
  source->rest = source->rest.subspan(count);
}

class PngReader {
 public:
  explicit PngReader(View file) : source_{file} {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &failure_, OnError, OnWarning);
    info_ = png_ != nullptr ? png_create_info_struct(png_) : nullptr;
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  bool ok() const { return info_ != nullptr; }
  bool truncated() const { return source_.truncated; }
  const char* message() const { return failure_.message; }

  // Header fields as stored; valid after ReadHeader.
  png_uint_32 width = 0, height = 0;
  int depth = 0, colour = 0;
  uint64_t stored_bytes = 0;

  bool ReadHeader() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, &source_, ReadBytes);
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // the caller limits the product
    // A chunk that libpng keeps is allocated as long as it says it is, before its bytes are seen to be there.
    static constexpr char kUnused[] =
        "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0sPLT\0"
        "sRGB\0tEXt\0tIME\0zTXt";
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, 0);
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, reinterpret_cast<png_const_bytep>(kUnused),
                                static_cast<int>(sizeof kUnused / 5));
    png_read_info(png_, info_);
    int interlace, compression, filter;
    png_get_IHDR(png_, info_, &width, &height, &depth, &colour, &interlace, &compression, &filter);
    stored_bytes = uint64_t{png_get_rowbytes(png_, info_)} * height;
    return true;
  }

  /// Asks for 8- or 16-bit gray or RGB, with alpha where there is any, or for indices of a palette; returns the number
  /// of channels, 0 on failure.
  int PrepareRows() {
    if (setjmp(png_jmpbuf(png_)) != 0) return 0;
    if (colour == PNG_COLOR_TYPE_PALETTE) {
      png_set_packing(png_);
    } else {
      png_set_expand(png_);
    }
    if (depth == 16 && std::endian::native == std::endian::little) png_set_swap(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return png_get_channels(png_, info_);
  }

  bool ReadRows(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_image(png_, rows);
    png_read_end(png_, nullptr);
    return true;
  }

  /// Entries of red, green, blue and alpha.
  std::vector<std::array<uint8_t, 4>> Palette() {
    png_colorp colours = nullptr;
    png_bytep alphas = nullptr;
    int count = 0, alpha_count = 0;
    png_get_PLTE(png_, info_, &colours, &count);
    png_get_tRNS(png_, info_, &alphas, &alpha_count, nullptr);
    std::vector<std::array<uint8_t, 4>> palette;
    for (int i = 0; i < count; ++i) {
      const uint8_t alpha = i < alpha_count ? alphas[i] : uint8_t{255};
      palette.push_back({colours[i].red, colours[i].green, colours[i].blue, alpha});
    }
    return palette;
  }
  bool HasTransparency() { return png_get_valid(png_, info_, PNG_INFO_tRNS) != 0; }

 private:
  PngFailure failure_;
  Source source_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

// Filters of rows (PNG specification, 9.2).

uint8_t Paeth(int left, int up, int corner) {
  const int to_left = std::abs(up - corner), to_up = std::abs(left - corner),
            to_corner = std::abs(left + up - 2 * corner);
  return static_cast<uint8_t>(to_left <= to_up && to_left <= to_corner ? left : to_up <= to_corner ? up : corner);
}

/// row, above: `count` bytes behind `pixel` zeros, `pixel` bytes of one pixel. out: the filter's number, then the
/// bytes.
void Filter(int filter, const uint8_t* row, const uint8_t* above, size_t count, size_t pixel, uint8_t* out) {
  *out++ = static_cast<uint8_t>(filter);
  const uint8_t *left = row - pixel, *corner = above - pixel;
  const auto each = [&](auto predict) {
    for (size_t i = 0; i < count; ++i) out[i] = static_cast<uint8_t>(row[i] - predict(i));
  };
  switch (filter) {
    case PNG_FILTER_VALUE_NONE:
      return each([&](size_t) { return 0; });
    case PNG_FILTER_VALUE_SUB:
      return each([&](size_t i) { return left[i]; });
    case PNG_FILTER_VALUE_UP:
      return each([&](size_t i) { return above[i]; });
    case PNG_FILTER_VALUE_AVG:
      return each([&](size_t i) { return (left[i] + above[i]) / 2; });
    default:
      return each([&](size_t i) { return Paeth(left[i], above[i], corner[i]); });
  }
}

/// Sum of the bytes as numbers of -128 to 127, without signs (PNG specification, 12.8).
uint64_t Cost(const uint8_t* bytes, size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; ++i) sum += static_cast<uint64_t>(std::abs(static_cast<int8_t>(bytes[i])));
  return sum;
}

/// Samples of a row as PNG stores them: of 16 bits the high byte first.
void StoreSamples(const Image& image, int y, std::span<uint8_t> out) {
  const uint8_t* row = image.Row(y);
  std::copy_n(row, out.size(), out.data());
  if (image.bits == 8 || std::endian::native != std::endian::little) return;
  for (size_t i = 0; i < out.size(); i += 2) std::swap(out[i], out[i + 1]);
}

/// All rows with their filters. Choosing among filters row by row costs more time than the low levels spend on
/// compressing. Of the single filters, up and sub are the fastest both ways, and up gives the smaller files.
Bytes FilteredRows(const Image& image, int level) {
  const size_t pixel = static_cast<size_t>(image.channels) * (image.bits == 16 ? 2 : 1);
  const size_t count = pixel * static_cast<size_t>(image.width);
  Bytes rows((count + 1) * static_cast<size_t>(image.height)), row(pixel + count), above(pixel + count),
      trial(1 + count);
  for (int y = 0; y < image.height; ++y) {
    uint8_t* out = rows.data() + (count + 1) * static_cast<size_t>(y);
    StoreSamples(image, y, std::span(row).subspan(pixel));
    const auto filter = [&](int kind, uint8_t* to) {
      Filter(kind, row.data() + pixel, above.data() + pixel, count, pixel, to);
    };
    filter(level == 0 ? PNG_FILTER_VALUE_NONE : PNG_FILTER_VALUE_UP, out);
    if (level > 3) {
      uint64_t best = Cost(out + 1, count);
      for (const int kind :
           {PNG_FILTER_VALUE_NONE, PNG_FILTER_VALUE_SUB, PNG_FILTER_VALUE_AVG, PNG_FILTER_VALUE_PAETH}) {
        filter(kind, trial.data());
        const uint64_t cost = Cost(trial.data() + 1, count);
        if (cost >= best) continue;
        best = cost;
        std::copy(trial.begin(), trial.end(), out);
      }
    }
    std::swap(row, above);
  }
  return rows;
}

/// Throws std::bad_alloc when it was that.
Status Failure(const PngReader& reader, const std::string& name) {
  if (SaysOutOfMemory(reader.message())) throw std::bad_alloc();
  if (reader.truncated()) return InputError(name + ": truncated PNG image; fetch or make it again");
  return InputError(name + ": damaged PNG image: " + reader.message() + "; fetch or make it again");
}

Status CheckSize(const PngReader& reader, size_t file_bytes, const std::string& name, uint64_t max_pixels) {
  if (uint64_t{reader.width} * reader.height > max_pixels) {
    return InputError(name + ": " + std::to_string(reader.width) + " x " + std::to_string(reader.height) +
                      " pixels are more than the " + std::to_string(max_pixels) + " that are read; cut it into pieces");
  }
  // Before the pixels are allocated: can the file hold them?
  if (reader.stored_bytes / kMaxDeflateRatio > file_bytes) {
    return InputError(name + ": truncated PNG image; fetch or make it again");
  }
  return {};
}

/// What the indices of `image` stand for, in RGB or with alpha. Black stands for those that the palette lacks.
Image Expanded(const Image& image, PngReader& reader, std::string* passed_over) {
  constexpr size_t kMostColours = 256;
  auto palette = reader.Palette();
  const size_t known = palette.size();
  palette.resize(kMostColours, {0, 0, 0, 255});
  const size_t channels = reader.HasTransparency() ? 4 : 3;
  Image out(image.width, image.height, static_cast<int>(channels));
  uint8_t most = 0;
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    most = std::max(most, image.pixels[i]);
    std::copy_n(palette[image.pixels[i]].begin(), channels, &out.pixels[i * channels]);
  }
  if (most >= known && passed_over != nullptr) *passed_over = "colours that its palette lacks";
  return out;
}

/// Why libpng does not apply the transparency that the file has (tRNS; PNG specification, 11.3.2.1). Empty where it
/// does, or where there is none.
std::string TransparencyProblem(View file) {
  std::string problem;
  size_t colours = 0;
  bool has_palette = false, has_one = false, behind_pixels = false;
  int colour = -1;
  (void)ForEachPngChunk(file, kPngSignature.size(), [&](const PngChunk& chunk) {
    if (chunk.type == "IHDR" && chunk.content.size() == 13) colour = chunk.content[9];
    if (chunk.type == "PLTE") has_palette = true, colours = chunk.content.size() / 3;
    if (chunk.type == "IDAT") behind_pixels = true;
    if (chunk.type != "tRNS") return;
    const size_t size = chunk.content.size();
    const bool fits = colour == PNG_COLOR_TYPE_PALETTE ? size >= 1 && size <= colours
                                                       : size == (colour == PNG_COLOR_TYPE_GRAY ? 2U : 6U);
    const bool place = !behind_pixels && (has_palette || colour != PNG_COLOR_TYPE_PALETTE);
    if (!chunk.IsSound())
      problem = "the checksum of its transparency (tRNS) is wrong";
    else if ((colour & PNG_COLOR_MASK_ALPHA) != 0)
      problem = "it has transparency (tRNS) beside alpha";
    else if (!place)
      problem = "its transparency (tRNS) stands in a wrong place";
    else if (!fits)
      problem = "the length of its transparency (tRNS) is wrong";
    else if (has_one)
      problem = "it has two pieces of transparency (tRNS)";
    has_one = true;
  });
  return problem;
}

std::vector<png_bytep> RowPointers(Image& image) {
  std::vector<png_bytep> rows(static_cast<size_t>(image.height));
  for (int y = 0; y < image.height; ++y) rows[static_cast<size_t>(y)] = image.Row(y);
  return rows;
}

}  // namespace

bool LooksLikePng(View bytes) {
  return bytes.size() >= kPngSignature.size() && std::equal(kPngSignature.begin(), kPngSignature.end(), bytes.begin());
}

std::optional<PngSize> PeekPngSize(View bytes) {
  constexpr size_t kWidth = 16, kHeight = 20, kMost = PNG_UINT_31_MAX;  // behind the signature and "IHDR"
  if (!LooksLikePng(bytes) || bytes.size() < kHeight + 4) return std::nullopt;
  const uint32_t width = ReadBigEndian(bytes, kWidth), height = ReadBigEndian(bytes, kHeight);
  if (width > kMost || height > kMost) return std::nullopt;
  return PngSize{static_cast<int>(width), static_cast<int>(height)};
}

Result<Image> DecodePng(View bytes, const std::string& name, uint64_t max_pixels, std::string* passed_over) {
  if (!LooksLikePng(bytes)) return InputError(name + ": not a PNG image");
  const auto size = PeekPngSize(bytes);
  if (size && uint64_t(size->width) * uint64_t(size->height) <= max_pixels) {
    if (auto plain = DecodePlainPng(bytes)) return *std::move(plain);
  }
  PngReader reader(bytes);
  if (!reader.ok()) throw std::bad_alloc();
  if (!reader.ReadHeader()) return Failure(reader, name);
  AECOMP_RETURN_IF_ERROR(CheckSize(reader, bytes.size(), name, max_pixels));
  const int channels = reader.PrepareRows();
  if (channels < 1 || channels > 4) return Failure(reader, name);
  const int bits = reader.depth == 16 ? 16 : 8;
  Image image(static_cast<int>(reader.width), static_cast<int>(reader.height), channels, bits);
  auto rows = RowPointers(image);
  if (!reader.ReadRows(rows.data())) return Failure(reader, name);
  if (passed_over != nullptr) *passed_over = TransparencyProblem(bytes);
  return reader.colour == PNG_COLOR_TYPE_PALETTE ? Expanded(image, reader, passed_over) : std::move(image);
}

Result<Bytes> EncodePng(const Image& image, int level) {
  if (image.width < 1 || image.height < 1 || image.channels < 1 || image.channels > 4) {
    return UsageError("PNG: an image without pixels cannot be written");
  }
  static constexpr int kColours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                     PNG_COLOR_TYPE_RGB_ALPHA};
  level = std::clamp(level, 0, 9);
  const Bytes rows = Deflate(FilteredRows(image, level), level);
  Bytes header;
  AppendBigEndian(header, static_cast<uint32_t>(image.width));
  AppendBigEndian(header, static_cast<uint32_t>(image.height));
  header.insert(header.end(), {static_cast<uint8_t>(image.bits), static_cast<uint8_t>(kColours[image.channels - 1]),
                               PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE, PNG_INTERLACE_NONE});
  Bytes file(kPngSignature.begin(), kPngSignature.end());
  file.reserve(rows.size() + rows.size() / kMaxChunk * 12 + 100);
  AppendPngChunk(file, "IHDR", header);
  for (size_t at = 0; at < rows.size(); at += kMaxChunk) {
    AppendPngChunk(file, "IDAT", View(rows).subspan(at, std::min(kMaxChunk, rows.size() - at)));
  }
  AppendPngChunk(file, "IEND", {});
  return file;
}

}  // namespace aecomp
