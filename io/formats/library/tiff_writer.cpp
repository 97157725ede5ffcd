// TIFF as widely readable as it gets: LZW with differences, straight alpha that says so.
#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

#include "io/formats/library/decoders.h"
#include "io/memory.h"

namespace aecomp {
namespace {

constexpr size_t kStripBytes = 64 << 10, kBigFile = size_t{4'000'000'000};

struct Sink {
  std::vector<uint8_t> bytes;
  size_t position = 0;
  char failure[256] = "";  ///< libtiff's first error
};

tmsize_t Read(thandle_t self, void* to, tmsize_t count) {
  auto& sink = *static_cast<Sink*>(self);
  const size_t left = sink.bytes.size() - std::min(sink.position, sink.bytes.size());
  const size_t taken = std::min(static_cast<size_t>(count), left);
  std::memcpy(to, sink.bytes.data() + sink.position, taken);
  sink.position += taken;
  return static_cast<tmsize_t>(taken);
}

tmsize_t Write(thandle_t self, void* from, tmsize_t count) {
  auto& sink = *static_cast<Sink*>(self);
  const size_t end = sink.position + static_cast<size_t>(count);
  if (end > sink.bytes.size()) sink.bytes.resize(end);
  std::memcpy(sink.bytes.data() + sink.position, from, static_cast<size_t>(count));
  sink.position = end;
  return count;
}

toff_t Seek(thandle_t self, toff_t offset, int from) {
  auto& sink = *static_cast<Sink*>(self);
  sink.position = static_cast<size_t>((from == SEEK_CUR   ? sink.position
                                       : from == SEEK_END ? sink.bytes.size()
                                                          : 0) +
                                      offset);
  return sink.position;
}

int Keep(TIFF*, void* self, const char*, const char* format, va_list values) {
  auto& sink = *static_cast<Sink*>(self);
  if (sink.failure[0] == 0) (void)std::vsnprintf(sink.failure, sizeof sink.failure, format, values);
  return 1;
}

TIFF* Open(Sink& sink, bool big) {
  const auto silent = [](TIFF*, void*, const char*, const char*, va_list) { return 1; };
  TIFFOpenOptions* const options = TIFFOpenOptionsAlloc();
  if (options == nullptr) throw std::bad_alloc();
  TIFFOpenOptionsSetErrorHandlerExtR(options, Keep, &sink);
  TIFFOpenOptionsSetWarningHandlerExtR(options, silent, nullptr);
  TIFF* const tiff = TIFFClientOpenExt(
      "image", big ? "w8" : "w", &sink, Read, Write, Seek, [](thandle_t) { return 0; },
      [](thandle_t self) { return static_cast<toff_t>(static_cast<Sink*>(self)->bytes.size()); }, nullptr, nullptr,
      options);
  TIFFOpenOptionsFree(options);
  return tiff;
}

bool SetTags(TIFF* tiff, const Image& image) {
  const int colours = image.channels >= 3 ? 3 : 1;
  const uint16_t alpha = EXTRASAMPLE_UNASSALPHA;
  const auto row = static_cast<uint32_t>(Image::ByteSize(image.width, 1, image.channels, image.bits));
  const uint32_t rows = std::max<uint32_t>(1, static_cast<uint32_t>(kStripBytes) / row);
  return TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, static_cast<uint32_t>(image.width)) == 1 &&
         TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, static_cast<uint32_t>(image.height)) == 1 &&
         TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, image.bits) == 1 &&
         TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, image.channels) == 1 &&
         TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, colours == 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK) == 1 &&
         TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == 1 &&
         TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_LZW) == 1 &&
         TIFFSetField(tiff, TIFFTAG_PREDICTOR, 2) == 1 && TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, rows) == 1 &&
         (image.channels == colours || TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &alpha) == 1);
}

}  // namespace

Result<std::vector<uint8_t>> EncodeTiff(const Image& image) {
  Sink sink;
  TIFF* const tiff = Open(sink, image.pixels.size() > kBigFile);
  bool written = tiff != nullptr && SetTags(tiff, image);
  // Differences are taken in place: the row must be a copy.
  std::vector<uint8_t> row(Image::ByteSize(image.width, 1, image.channels, image.bits));
  for (int y = 0; written && y < image.height; ++y) {
    std::memcpy(row.data(), image.Row(y), row.size());
    written = TIFFWriteScanline(tiff, row.data(), static_cast<uint32_t>(y), 0) == 1;
  }
  written = written && TIFFFlush(tiff) == 1;
  if (tiff != nullptr) TIFFClose(tiff);
  if (!written && SaysOutOfMemory(sink.failure)) throw std::bad_alloc();
  if (!written) return WriteError(".tif: libtiff cannot write this image; use .png");
  return std::move(sink.bytes);
}

}  // namespace aecomp
