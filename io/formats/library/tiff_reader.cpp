#include "io/formats/library/tiff_reader.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

#include "io/deflate.h"
#include "io/formats/decode_options.h"

namespace aecomp {
namespace {

constexpr size_t kMostPadding = 1 << 16;             // bytes that a stream may hold beyond its strip
constexpr tmsize_t kMostMemory = tmsize_t{1} << 31;  // that libtiff may take at once

std::string Formatted(const char* module, const char* format, va_list values) {
  char text[200];
  std::vsnprintf(text, sizeof text, format, values);
  std::string message = std::string(module == nullptr ? "" : module) + ": " + text;
  std::replace_if(
      message.begin(), message.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
  while (!message.empty() && message.back() == '.') message.pop_back();
  return message;
}

}  // namespace

TiffReader::~TiffReader() {
  if (tiff_ != nullptr) TIFFClose(tiff_);
}

int TiffReader::OnError(TIFF*, void* self, const char* module, const char* format, va_list values) {
  auto* reader = static_cast<TiffReader*>(self);
  reader->failure_ = Formatted(module, format, values);
  if (reader->hears_warnings_ && reader->warning_.empty()) reader->warning_ = reader->failure_;
  return 1;  // handled: nothing is printed
}

int TiffReader::OnWarning(TIFF*, void* self, const char* module, const char* format, va_list values) {
  auto* reader = static_cast<TiffReader*>(self);
  if (reader->hears_warnings_ && reader->warning_.empty()) reader->warning_ = Formatted(module, format, values);
  return 1;
}

tmsize_t TiffReader::Read(thandle_t self, void* to, tmsize_t count) {
  auto* reader = static_cast<TiffReader*>(self);
  if (count <= 0 || reader->position_ >= reader->bytes_.size()) return 0;
  const size_t taken = std::min(static_cast<size_t>(count), reader->bytes_.size() - reader->position_);
  std::memcpy(to, reader->bytes_.data() + reader->position_, taken);
  reader->position_ += taken;
  return static_cast<tmsize_t>(taken);
}

toff_t TiffReader::Seek(thandle_t self, toff_t offset, int from) {
  auto* reader = static_cast<TiffReader*>(self);
  const uint64_t base = from == SEEK_CUR ? reader->position_ : from == SEEK_END ? reader->bytes_.size() : 0;
  reader->position_ = static_cast<size_t>(base + offset);
  return reader->position_;
}

bool TiffReader::Open() {
  TIFFOpenOptions* const options = TIFFOpenOptionsAlloc();
  if (options == nullptr) throw std::bad_alloc();
  TIFFOpenOptionsSetErrorHandlerExtR(options, OnError, this);
  TIFFOpenOptionsSetWarningHandlerExtR(options, OnWarning, this);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, kMostMemory);
  tiff_ = TIFFClientOpenExt(
      "image", "r", this, Read, [](thandle_t, void*, tmsize_t) { return tmsize_t{0}; }, Seek,
      [](thandle_t) { return 0; },
      [](thandle_t self) { return static_cast<toff_t>(static_cast<TiffReader*>(self)->bytes_.size()); },
      [](thandle_t self, void** base, toff_t* size) {
        auto* reader = static_cast<TiffReader*>(self);
        *base = const_cast<uint8_t*>(reader->bytes_.data());
        *size = reader->bytes_.size();
        return 1;
      },
      [](thandle_t, void*, toff_t) {}, options);
  TIFFOpenOptionsFree(options);
  return tiff_ != nullptr;
}

bool TiffReader::AskJpegForRgb(const TiffLayout& layout) {
  return layout.compression == COMPRESSION_JPEG && layout.planar == PLANARCONFIG_CONTIG &&
         TIFFSetField(tiff_, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB) == 1;
}

bool TiffReader::Check(uint32_t strip, tmsize_t read, size_t wanted, const char* what) {
  if (read >= 0 && static_cast<size_t>(read) < wanted) failure_ = std::string(what) + " ends too early";
  if (read < 0 || static_cast<size_t>(read) != wanted) return false;
  uint16_t compression = COMPRESSION_NONE, order = FILLORDER_MSB2LSB;
  TIFFGetField(tiff_, TIFFTAG_COMPRESSION, &compression);
  TIFFGetFieldDefaulted(tiff_, TIFFTAG_FILLORDER, &order);
  const bool deflate = compression == COMPRESSION_ADOBE_DEFLATE || compression == COMPRESSION_DEFLATE;
  if (!deflate || order != FILLORDER_MSB2LSB || !warning_.empty()) return true;
  // libtiff does not look at the checksum of a stream that holds more than the strip.
  const uint64_t at = TIFFGetStrileOffset(tiff_, strip), size = TIFFGetStrileByteCount(tiff_, strip);
  if (at > bytes_.size() || size > bytes_.size() - at) return true;
  // The last strip may be as long as the others.
  const auto whole = static_cast<size_t>(TIFFIsTiled(tiff_) != 0 ? TIFFTileSize(tiff_) : TIFFStripSize(tiff_));
  std::vector<uint8_t> content;
  if (!Inflate(bytes_.subspan(at, size), std::max(whole, wanted) + kMostPadding, content)) {
    warning_ = std::string(what) + " has a wrong checksum";
  }
  return true;
}

bool TiffReader::ReadStrip(uint16_t plane, uint32_t y, std::span<uint8_t> to) {
  const uint32_t strip = TIFFComputeStrip(tiff_, y, plane);
  const tmsize_t size = TIFFReadEncodedStrip(tiff_, strip, to.data(), static_cast<tmsize_t>(to.size()));
  return Check(strip, size, to.size(), "a strip");
}

bool TiffReader::ReadTile(uint16_t plane, uint32_t x, uint32_t y, std::span<uint8_t> to) {
  const uint32_t tile = TIFFComputeTile(tiff_, x, y, 0, plane);
  const tmsize_t size = TIFFReadEncodedTile(tiff_, tile, to.data(), static_cast<tmsize_t>(to.size()));
  return Check(tile, size, to.size(), "a tile");
}

bool TiffReader::ReadRgba(uint32_t width, uint32_t height, int orientation, std::span<uint32_t> to) {
  TIFFRGBAImage image;
  char message[1024] = "";
  constexpr int kStopOnError = 1;
  if (TIFFRGBAImageBegin(&image, tiff_, kStopOnError, message) == 0) {
    failure_ = message;
    return false;
  }
  image.req_orientation = static_cast<uint16_t>(orientation);  // the same: no flips
  const bool read = TIFFRGBAImageGet(&image, to.data(), width, height) == 1;
  TIFFRGBAImageEnd(&image);
  return read;
}

namespace {

template <class T>
T Field(TIFF* tiff, uint32_t tag, T otherwise) {
  T value = otherwise;
  return TIFFGetField(tiff, tag, &value) == 1 ? value : otherwise;
}

}  // namespace

Result<TiffLayout> ReadLayout(const TiffReader& reader, const std::string& name, std::vector<std::string>* notes) {
  TIFF* const tiff = reader.get();
  TiffLayout t;
  t.width = Field<uint32_t>(tiff, TIFFTAG_IMAGEWIDTH, 0), t.height = Field<uint32_t>(tiff, TIFFTAG_IMAGELENGTH, 0);
  t.depth = Field<uint32_t>(tiff, TIFFTAG_IMAGEDEPTH, 1);
  t.bits = Field<uint16_t>(tiff, TIFFTAG_BITSPERSAMPLE, 1),
  t.samples = Field<uint16_t>(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  t.format = Field<uint16_t>(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  t.planar = t.samples == 1 ? PLANARCONFIG_CONTIG : Field<uint16_t>(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  t.compression = Field<uint16_t>(tiff, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  t.ink_set = Field<uint16_t>(tiff, TIFFTAG_INKSET, INKSET_CMYK);
  t.orientation = Field<uint16_t>(tiff, TIFFTAG_ORIENTATION, 1);
  if (t.orientation < 1 || t.orientation > 8) t.orientation = 1;
  t.tiled = TIFFIsTiled(tiff) != 0;
  t.strip_rows = std::min(Field<uint32_t>(tiff, TIFFTAG_ROWSPERSTRIP, t.height), t.height);
  t.tile_width = Field<uint32_t>(tiff, TIFFTAG_TILEWIDTH, 0),
  t.tile_height = Field<uint32_t>(tiff, TIFFTAG_TILELENGTH, 0);
  uint16_t count = 0;
  const uint16_t* kinds = nullptr;
  t.extra_said = TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) == 1;
  if (t.extra_said && kinds != nullptr) t.extra.assign(kinds, kinds + count);
  if (TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &t.photometric) != 1) {
    const bool fax = t.compression >= COMPRESSION_CCITTRLE && t.compression <= COMPRESSION_CCITTFAX4;
    t.photometric = t.samples >= 3 ? PHOTOMETRIC_RGB : fax ? PHOTOMETRIC_MINISWHITE : PHOTOMETRIC_MINISBLACK;
    AddNote(notes,
            "the TIFF does not say what its samples mean: taken as " + std::string(t.samples >= 3 ? "RGB"
                                                                                   : fax ? "gray with white at 0"
                                                                                         : "gray with black at 0"));
  }
  if (t.width == 0 || t.height == 0) return InputError(name + ": damaged TIFF image: no width or height");
  return t;
}

}  // namespace aecomp
