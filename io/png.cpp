// libpng reports errors by longjmp. A jump over a C++ object with a destructor is undefined, so the functions that call
// libpng after setjmp hold plain values only; everything with a destructor lives in their callers.
#include "io/png.h"

#include <png.h>

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstring>

namespace aecomp {
namespace {

constexpr size_t kMessageBytes = 120;
constexpr uint64_t kMaxDeflateRatio = 1040;  // deflate expands at most 1032 times

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
  const uint8_t* next = nullptr;
  size_t remaining = 0;
  bool truncated = false;
};

void ReadBytes(png_structp png, png_bytep out, size_t count) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (count > source->remaining) {
    source->truncated = true;
    png_error(png, "it ends too early");
  }
  std::memcpy(out, source->next, count);
  source->next += count;
  source->remaining -= count;
}

class PngReader {
 public:
  explicit PngReader(std::span<const uint8_t> bytes) : source_{bytes.data(), bytes.size(), false} {
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
    png_read_info(png_, info_);
    int interlace, compression, filter;
    png_get_IHDR(png_, info_, &width, &height, &depth, &colour, &interlace, &compression, &filter);
    stored_bytes = uint64_t{png_get_rowbytes(png_, info_)} * height;
    return true;
  }

  /// Asks for 8- or 16-bit gray or RGB, with alpha where there is any; returns the number of channels, 0 on failure.
  int PrepareRows() {
    if (setjmp(png_jmpbuf(png_)) != 0) return 0;
    png_set_expand(png_);
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

 private:
  PngFailure failure_;
  Source source_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

class PngWriter {
 public:
  PngWriter() {
    png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, &failure_, OnError, OnWarning);
    info_ = png_ != nullptr ? png_create_info_struct(png_) : nullptr;
  }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;
  ~PngWriter() { png_destroy_write_struct(&png_, &info_); }

  bool ok() const { return info_ != nullptr; }
  const char* message() const { return failure_.message; }
  std::vector<uint8_t> Take() { return std::move(bytes_); }

  bool Write(const Image& image, int level, png_bytepp rows) {
    static constexpr int kColours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                       PNG_COLOR_TYPE_RGB_ALPHA};
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_write_fn(png_, &bytes_, Append, nullptr);
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_compression_level(png_, level);
    // Choosing among filters row by row costs more time than the low levels spend on compressing. Of the single
    // filters, up and sub are the fastest both ways, and up gives the smaller files.
    png_set_filter(png_, PNG_FILTER_TYPE_BASE,
                   level == 0   ? PNG_FILTER_NONE
                   : level <= 3 ? PNG_FILTER_UP
                                : PNG_ALL_FILTERS);
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height), image.bits,
                 kColours[image.channels - 1], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png_, info_);
    if (image.bits == 16 && std::endian::native == std::endian::little) png_set_swap(png_);
    png_write_image(png_, rows);
    png_write_end(png_, nullptr);
    return true;
  }

 private:
  static void Append(png_structp png, png_bytep data, size_t count) {
    auto* bytes = static_cast<std::vector<uint8_t>*>(png_get_io_ptr(png));
    bytes->insert(bytes->end(), data, data + count);
  }

  PngFailure failure_;
  std::vector<uint8_t> bytes_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

Status Failure(const PngReader& reader, const std::string& name) {
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

std::vector<png_bytep> RowPointers(Image& image) {
  std::vector<png_bytep> rows(static_cast<size_t>(image.height));
  for (int y = 0; y < image.height; ++y) rows[static_cast<size_t>(y)] = image.Row(y);
  return rows;
}

}  // namespace

bool LooksLikePng(std::span<const uint8_t> bytes) { return bytes.size() >= 8 && png_sig_cmp(bytes.data(), 0, 8) == 0; }

Result<Image> DecodePng(std::span<const uint8_t> bytes, const std::string& name, uint64_t max_pixels) {
  if (!LooksLikePng(bytes)) return InputError(name + ": not a PNG image");
  PngReader reader(bytes);
  if (!reader.ok()) return InputError(name + ": libpng does not start");
  if (!reader.ReadHeader()) return Failure(reader, name);
  AECOMP_RETURN_IF_ERROR(CheckSize(reader, bytes.size(), name, max_pixels));
  const int channels = reader.PrepareRows();
  if (channels < 1 || channels > 4) return Failure(reader, name);
  const int bits = reader.depth == 16 ? 16 : 8;
  Image image(static_cast<int>(reader.width), static_cast<int>(reader.height), channels, bits);
  auto rows = RowPointers(image);
  if (!reader.ReadRows(rows.data())) return Failure(reader, name);
  return image;
}

Result<std::vector<uint8_t>> EncodePng(const Image& image, int level) {
  if (image.width < 1 || image.height < 1 || image.channels < 1 || image.channels > 4) {
    return UsageError("PNG: an image without pixels cannot be written");
  }
  PngWriter writer;
  if (!writer.ok()) return WriteError("libpng does not start");
  std::vector<png_bytep> rows(static_cast<size_t>(image.height));
  for (int y = 0; y < image.height; ++y) rows[static_cast<size_t>(y)] = const_cast<png_bytep>(image.Row(y));
  if (!writer.Write(image, std::clamp(level, 0, 9), rows.data()))
    return WriteError(std::string("PNG: ") + writer.message());
  return writer.Take();
}

}  // namespace aecomp
