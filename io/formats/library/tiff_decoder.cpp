// TIFF 6.0 through libtiff, by its tags. libtiff decompresses; what the samples mean is decided here, because its own
// conversion gives 8 bits, premultiplied alpha and guesses.
#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "io/convert.h"
#include "io/formats/library/decoders.h"
#include "io/formats/library/tiff_reader.h"
#include "io/formats/library/tiff_samples.h"
#include "io/formats/metadata.h"
#include "io/formats/orientation.h"
#include "io/formats/tiff_fields.h"
#include "io/memory.h"

namespace aecomp {
namespace {

using View = std::span<const uint8_t>;

constexpr uint32_t kMaxSide = 1 << 20;
constexpr int kMaxSamples = 8;  // of a pixel: four colours, alpha and a few that are left out

Status NotRead(const std::string& name, const std::string& what) {
  return InputError(name + ": a TIFF image " + what + "; convert it to PNG or to TIFF of 8 or 16 bits gray or RGB");
}

/// Throws std::bad_alloc when it was that.
Status Failure(const TiffReader& tiff, const std::string& name) {
  if (SaysOutOfMemory(tiff.failure())) throw std::bad_alloc();
  return InputError(name + ": damaged TIFF image, or a kind that is not read: " + tiff.failure() +
                    "; fetch it again or convert it to PNG");
}

/// Rows as they are stored, a strip or a row of tiles at a time: [planes][rows][bytes of a row].
class TiffRows {
 public:
  TiffRows(TiffReader& tiff, const TiffLayout& layout) : tiff_(tiff), layout_(layout) {
    const bool separate = layout.planar == PLANARCONFIG_SEPARATE;
    planes_ = separate ? layout.samples : 1;
    const auto bits = static_cast<uint64_t>(layout.bits) * static_cast<uint64_t>(separate ? 1 : layout.samples);
    row_bytes_ = (layout.width * bits + 7) / 8;
    if (layout.tiled) tile_row_bytes_ = (layout.tile_width * bits + 7) / 8;
    band_ = std::min(layout.tiled ? layout.tile_height : layout.strip_rows, layout.height);
    rows_.resize(row_bytes_ * band_ * static_cast<size_t>(planes_));
    if (layout.tiled) tile_.resize(tile_row_bytes_ * layout.tile_height);
  }

  uint32_t band() const { return band_; }
  size_t row_bytes() const { return row_bytes_; }
  const uint8_t* Row(int plane, uint32_t y) const {
    return rows_.data() + (static_cast<size_t>(plane) * band_ + y % band_) * row_bytes_;
  }

  /// y: a multiple of band().
  bool Read(uint32_t y) {
    const uint32_t count = std::min(band_, layout_.height - y);
    for (int plane = 0; plane < planes_; ++plane) {
      uint8_t* to = rows_.data() + static_cast<size_t>(plane) * band_ * row_bytes_;
      if (!(layout_.tiled ? ReadTiles(plane, y, count, to) : ReadStrip(plane, y, count, to))) return false;
    }
    return true;
  }

 private:
  bool ReadStrip(int plane, uint32_t y, uint32_t count, uint8_t* to) {
    return tiff_.ReadStrip(static_cast<uint16_t>(plane), y, std::span(to, row_bytes_ * count));
  }
  bool ReadTiles(int plane, uint32_t y, uint32_t count, uint8_t* to) {
    for (uint32_t x = 0; x < layout_.width; x += layout_.tile_width) {
      if (!tiff_.ReadTile(static_cast<uint16_t>(plane), x, y, tile_)) return false;
      // A tile is a multiple of 16 wide, so that its rows begin and end with bytes.
      const size_t at = tile_row_bytes_ * (x / layout_.tile_width);
      for (uint32_t row = 0; row < count; ++row) {
        std::copy_n(tile_.data() + row * tile_row_bytes_, std::min(tile_row_bytes_, row_bytes_ - at),
                    to + row * row_bytes_ + at);
      }
    }
    return true;
  }

  TiffReader& tiff_;
  const TiffLayout& layout_;
  int planes_ = 1;
  uint32_t band_ = 0;
  size_t row_bytes_ = 0, tile_row_bytes_ = 0;
  std::vector<uint8_t> rows_, tile_;
};

/// Kinds that are refused, each with its reason; notes on what is assumed.
Status CheckKind(const TiffLayout& t, const std::string& name) {
  if (t.samples < 1 || t.samples > kMaxSamples)
    return NotRead(name, "of " + std::to_string(t.samples) + " samples a pixel");
  if (t.format != SAMPLEFORMAT_UINT && t.format != SAMPLEFORMAT_VOID) {
    return NotRead(name,
                   t.format == SAMPLEFORMAT_IEEEFP ? "of floating-point samples" : "of signed or complex samples");
  }
  if (t.bits < 1 || t.bits > 32) return NotRead(name, "of " + std::to_string(t.bits) + " bits per sample");
  if (t.width > kMaxSide || t.height > kMaxSide) return NotRead(name, "with a side of more than 1048576 pixels");
  if (t.depth > 1) return NotRead(name, "of a volume");
  if (!TIFFIsCODECConfigured(t.compression)) {
    return NotRead(name, "compressed in way " + std::to_string(t.compression));
  }
  if (t.tiled ? t.tile_width == 0 || t.tile_width % 16 != 0 || t.tile_height == 0 : t.strip_rows == 0) {
    return NotRead(name, "with impossible strips or tiles");
  }
  return {};
}

/// A field of the first directory as the file has it: libtiff passes over some and corrects others.
uint64_t StoredNumber(View bytes, uint16_t tag) {
  const auto file = TiffFile::Open(bytes);
  const auto directory = file ? file->ReadDirectory(file->first()) : std::nullopt;
  const TiffField* const field = directory ? FindField(*directory, tag) : nullptr;
  return field != nullptr ? file->Number(*field) : 0;
}

/// Whether the file asks for a palette that libtiff found damaged or not at all: it then takes the indices for gray or
/// RGB.
bool LacksPalette(View bytes, const TiffLayout& t) {
  return t.photometric != PHOTOMETRIC_PALETTE && StoredNumber(bytes, TIFFTAG_PHOTOMETRIC) == PHOTOMETRIC_PALETTE;
}

/// Whether the first page says that it is a reduced version of another.
bool IsReduced(View bytes) {
  return (StoredNumber(bytes, TIFFTAG_SUBFILETYPE) & FILETYPE_REDUCEDIMAGE) != 0 ||
         StoredNumber(bytes, TIFFTAG_OSUBFILETYPE) == OFILETYPE_REDUCEDIMAGE;
}

/// libtiff's own conversion, for YCbCr that is not JPEG: 8 bits, as stored, alpha never.
Result<Image> ReadYcbcr(TiffReader& tiff, const TiffLayout& t, const std::string& name) {
  if (t.bits != 8 || t.samples != 3) return NotRead(name, "of YCbCr samples other than three of 8 bits");
  std::vector<uint32_t> pixels(size_t{t.width} * t.height);
  if (!tiff.ReadRgba(t.width, t.height, t.orientation, pixels)) return Failure(tiff, name);
  Image image(static_cast<int>(t.width), static_cast<int>(t.height), 3);
  uint8_t* out = image.pixels.data();
  for (const uint32_t pixel : pixels) {
    *out++ = static_cast<uint8_t>(TIFFGetR(pixel));
    *out++ = static_cast<uint8_t>(TIFFGetG(pixel));
    *out++ = static_cast<uint8_t>(TIFFGetB(pixel));
  }
  return image;
}

/// Whether the strips can hold the samples where nothing compresses them.
bool LacksBytes(const TiffLayout& t, size_t file_bytes) {
  const uint64_t bits = uint64_t{t.width} * static_cast<uint64_t>(t.bits) * static_cast<uint64_t>(t.samples);
  return t.compression == COMPRESSION_NONE && t.photometric != PHOTOMETRIC_YCBCR && bits / 8 * t.height > file_bytes;
}

Result<Image> ReadSamples(TiffReader& tiff, const TiffLayout& t, const std::string& name,
                          std::vector<std::string>* notes) {
  AECOMP_ASSIGN_OR_RETURN(const SampleConverter converter, SampleConverter::Create(tiff, t, name, notes));
  Image image(static_cast<int>(t.width), static_cast<int>(t.height), converter.channels(), converter.bits());
  TiffRows rows(tiff, t);
  std::vector<uint32_t> samples(size_t{t.width} * static_cast<size_t>(t.samples));
  for (uint32_t y = 0; y < t.height; ++y) {
    if (y % rows.band() == 0 && !rows.Read(y)) return Failure(tiff, name);
    const int count = t.planar == PLANARCONFIG_SEPARATE ? t.samples : 1;
    for (int plane = 0; plane < count; ++plane) {
      const int interleaved = count == 1 ? t.samples : 1;
      UnpackSamples({rows.Row(plane, y), rows.row_bytes()}, t.bits, size_t{t.width} * static_cast<size_t>(interleaved),
                    samples.data() + plane, static_cast<size_t>(count));
    }
    if (!converter.Convert(samples, image.Row(static_cast<int>(y)))) {
      return InputError(name + ": damaged TIFF image: a colour that its palette lacks; fetch or make it again");
    }
  }
  return image;
}

}  // namespace

Result<Image> DecodeTiff(View bytes, const std::string& name, const DecodeOptions& options,
                         std::vector<std::string>* notes) {
  TiffReader tiff(bytes);
  if (!tiff.Open()) return Failure(tiff, name);
  AECOMP_ASSIGN_OR_RETURN(TiffLayout t, ReadLayout(tiff, name, notes));
  AECOMP_RETURN_IF_ERROR(CheckKind(t, name));
  if (LacksPalette(bytes, t)) {
    return InputError(name + ": damaged TIFF image: its palette is missing or too short; fetch or make it again");
  }
  if (IsReduced(bytes)) AddNote(notes, "the first page says that it is a reduced version of another");
  const auto stored = static_cast<uint64_t>((t.bits * t.samples + 7) / 8);
  AECOMP_RETURN_IF_ERROR(CheckPixels(t.width, t.height, stored, bytes.size(), name, options));
  if (t.tiled) {  // whole tiles are decoded
    const auto whole = [](uint64_t side, uint64_t tile) { return (side + tile - 1) / tile * tile; };
    AECOMP_RETURN_IF_ERROR(CheckPixels(whole(t.width, t.tile_width), whole(t.height, t.tile_height), stored,
                                       bytes.size(), name + ": with its tiles", options));
  }
  if (LacksBytes(t, bytes.size())) return InputError(name + ": truncated TIFF image; fetch or make it again");
  const bool ycbcr = t.photometric == PHOTOMETRIC_YCBCR && !tiff.AskJpegForRgb(t);
  tiff.HearWarnings();
  AECOMP_ASSIGN_OR_RETURN(Image image, ycbcr ? ReadYcbcr(tiff, t, name) : ReadSamples(tiff, t, name, notes));
  if (!tiff.warning().empty()) AECOMP_RETURN_IF_ERROR(PassOverDamage(tiff.warning(), name, options, notes));
  return t.orientation == 1 ? std::move(image) : Oriented(image, t.orientation);
}

}  // namespace aecomp
