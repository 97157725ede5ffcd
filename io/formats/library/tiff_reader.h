// A TIFF file in memory, opened with libtiff: its tags, strips and tiles.
#pragma once

#include <tiffio.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/status.h"

namespace aecomp {

/// What the first directory says of the pixels, with the defaults of TIFF 6.0.
struct TiffLayout {
  uint32_t width = 0, height = 0, depth = 1;
  int bits = 1, samples = 1;  // of a sample, of a pixel
  uint16_t format = SAMPLEFORMAT_UINT, photometric = PHOTOMETRIC_MINISBLACK, planar = PLANARCONFIG_CONTIG;
  uint16_t compression = COMPRESSION_NONE, ink_set = INKSET_CMYK;
  bool tiled = false;
  uint32_t strip_rows = 0, tile_width = 0, tile_height = 0;
  int orientation = 1;          // as EXIF's
  std::vector<uint16_t> extra;  // kinds of the samples that are no colours
  bool extra_said = false;
};

class TiffReader {
 public:
  explicit TiffReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  TiffReader(const TiffReader&) = delete;
  TiffReader& operator=(const TiffReader&) = delete;
  ~TiffReader();

  /// False on failure, as the others; failure() then has libtiff's words.
  bool Open();
  TIFF* get() const { return tiff_; }
  const std::string& failure() const { return failure_; }

  /// Makes JPEG's YCbCr come as RGB; false where this is no JPEG with interleaved samples.
  bool AskJpegForRgb(const TiffLayout& layout);
  /// From here on: libtiff's first warning about the pixels, or the first error that it went on after. Those about tags
  /// are passed over.
  void HearWarnings() { hears_warnings_ = true; }
  const std::string& warning() const { return warning_; }

  /// The strip that begins with row y, whose rows must fill `to`.
  bool ReadStrip(uint16_t plane, uint32_t y, std::span<uint8_t> to);
  bool ReadTile(uint16_t plane, uint32_t x, uint32_t y, std::span<uint8_t> to);
  /// All pixels as libtiff converts them, rows as they are stored.
  bool ReadRgba(uint32_t width, uint32_t height, int orientation, std::span<uint32_t> to);

 private:
  /// Whether `read` bytes are all that was wanted of a strip or tile; notes damage that libtiff passes over.
  bool Check(uint32_t strip, tmsize_t read, size_t wanted, const char* what);
  static int OnError(TIFF*, void* self, const char* module, const char* format, va_list values);
  static int OnWarning(TIFF*, void* self, const char* module, const char* format, va_list values);
  static tmsize_t Read(thandle_t self, void* to, tmsize_t count);
  static toff_t Seek(thandle_t self, toff_t offset, int from);

  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
  TIFF* tiff_ = nullptr;
  bool hears_warnings_ = false;
  std::string failure_ = "it cannot be opened", warning_;
};

/// kInput when what has to be there is not. `notes` (may be null): what is assumed.
Result<TiffLayout> ReadLayout(const TiffReader& tiff, const std::string& name, std::vector<std::string>* notes);

}  // namespace aecomp
