#include "io/formats/orientation.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "io/formats/png_chunks.h"
#include "io/formats/tiff_fields.h"

namespace aecomp {
namespace {

constexpr uint16_t kOrientation = 0x0112, kExifDirectory = 0x8769, kPixelsAcross = 0xa002, kPixelsDown = 0xa003;
constexpr uint16_t kXResolution = 0x011a, kYResolution = 0x011b;

std::optional<TiffDirectory> FirstDirectory(const std::optional<TiffFile>& tiff) {
  if (!tiff) return std::nullopt;
  return tiff->ReadDirectory(tiff->first());
}

/// The bytes of a value that lies in `exif`, for writing.
std::span<uint8_t> Writable(std::span<uint8_t> exif, std::span<const uint8_t> value) {
  return exif.subspan(static_cast<size_t>(value.data() - exif.data()), value.size());
}

/// Exchanges the values of two fields.
void SwapValues(std::span<uint8_t> exif, const TiffDirectory& directory, uint16_t tag_across, uint16_t tag_down) {
  const TiffField *across = FindField(directory, tag_across), *down = FindField(directory, tag_down);
  if (across == nullptr || down == nullptr || across->type != down->type || across->count != 1 || down->count != 1) {
    return;
  }
  const auto a = Writable(exif, across->value), b = Writable(exif, down->value);
  const bool apart = a.data() + a.size() <= b.data() || b.data() + b.size() <= a.data();
  if (apart) std::swap_ranges(a.begin(), a.end(), b.begin());
}

/// The sides of the picture and the resolution that EXIF names.
void SwapSides(std::span<uint8_t> exif) {
  const auto tiff = TiffFile::Open(exif);
  const auto first = FirstDirectory(tiff);
  if (!first) return;
  SwapValues(exif, *first, kXResolution, kYResolution);
  const TiffField* const pointer = FindField(*first, kExifDirectory);
  const auto directory = pointer != nullptr ? tiff->ReadDirectory(tiff->Number(*pointer)) : std::nullopt;
  if (directory) SwapValues(exif, *directory, kPixelsAcross, kPixelsDown);
}

/// The second directory describes the thumbnail; without the way to it there is none.
bool CutOffThumbnail(std::span<uint8_t> exif) {
  const auto first = FirstDirectory(TiffFile::Open(exif));
  if (!first || first->next == 0) return false;
  const auto offset = exif.subspan(first->next_at, 4);
  std::fill(offset.begin(), offset.end(), uint8_t{0});
  return true;
}

/// What the packet calls the namespace of TIFF's properties: "tiff" mostly.
std::string TiffPrefix(std::string_view xmp) {
  constexpr std::string_view kNamespace = "http://ns.adobe.com/tiff/1.0/", kDeclares = "xmlns:";
  const size_t uri = xmp.find(kNamespace);
  const size_t begin = uri != xmp.npos ? xmp.rfind(kDeclares, uri) : xmp.npos;
  if (begin == xmp.npos) return "tiff";
  const std::string_view rest = xmp.substr(begin + kDeclares.size(), uri - begin - kDeclares.size());
  const std::string prefix(rest.substr(0, rest.find_first_of(" \t\r\n=")));
  return prefix.empty() ? "tiff" : prefix;
}

/// Text chunks in which ImageMagick keeps EXIF and XMP as hexadecimal digits.
bool IsRawProfile(const PngChunk& chunk) {
  constexpr std::string_view kKeyword = "Raw profile type ";
  const std::string_view text(reinterpret_cast<const char*>(chunk.content.data()), chunk.content.size());
  if (!text.starts_with(kKeyword)) return false;
  const std::string_view kind = text.substr(kKeyword.size());
  return kind.starts_with("exif") || kind.starts_with("APP1") || kind.starts_with("xmp");
}

}  // namespace

int ExifOrientation(std::span<const uint8_t> exif) {
  const auto tiff = TiffFile::Open(exif);
  const auto directory = FirstDirectory(tiff);
  const TiffField* field = directory ? FindField(*directory, kOrientation) : nullptr;
  const uint64_t value = field != nullptr ? tiff->Number(*field) : 1;
  return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
}

void ResetExifOrientation(std::span<uint8_t> exif) {
  const auto tiff = TiffFile::Open(exif);
  const auto directory = FirstDirectory(tiff);
  const TiffField* field = directory ? FindField(*directory, kOrientation) : nullptr;
  if (field == nullptr || tiff->Number(*field) == 0) return;
  const auto number = Writable(exif, field->value).first(static_cast<size_t>(TiffTypeBytes(field->type)));
  std::fill(number.begin(), number.end(), uint8_t{0});
  (tiff->big_endian() ? number.back() : number.front()) = 1;
}

void ResetXmpOrientation(std::span<uint8_t> xmp) {
  const std::string_view text(reinterpret_cast<const char*>(xmp.data()), xmp.size());
  const std::string name = TiffPrefix(text) + ":Orientation";
  for (size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    // After the name: ="6" or ='6' or >6<, with white space where XML allows it.
    const size_t value = text.find_first_not_of(" \t\r\n='\">", at + name.size());
    if (value == text.npos || value == at + name.size()) continue;
    const bool alone = value + 1 < text.size() && std::string_view(" \t\r\n'\"<").find(text[value + 1]) != text.npos;
    if (alone && text[value] >= '2' && text[value] <= '8') xmp[value] = '1';
  }
}

void FitMetadataToTurnedPixels(Metadata& m, int orientation, LeftOut& left_out) {
  if (orientation == 1) return;
  ResetExifOrientation(m.exif);
  ResetXmpOrientation(m.xmp);
  if (orientation >= 5) SwapSides(m.exif), SwapResolution(m);
  if (CutOffThumbnail(m.exif)) left_out.Add("EXIF thumbnail", "it shows the picture before it was turned upright");
  std::vector<uint8_t> text;
  (void)ForEachPngChunk(m.png_text, 0, [&](const PngChunk& chunk) {
    if (IsRawProfile(chunk)) {
      left_out.Add("PNG text \"Raw profile type ...\"", "it may say that the picture is to be turned once more");
    } else {
      text.insert(text.end(), chunk.whole.begin(), chunk.whole.end());
    }
  });
  m.png_text = std::move(text);
}

// EXIF 2.3, 4.6.4: 2 to 4 keep rows as rows; 5 to 8 turn them into columns.
Image Oriented(const Image& image, int orientation) {
  const bool turned = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image out(turned ? image.height : image.width, turned ? image.width : image.height, image.channels, image.bits);
  const size_t pixel = Image::ByteSize(1, 1, image.channels, image.bits);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      const int column = turned ? y : x, row = turned ? x : y;
      const uint8_t* from = image.Row(from_bottom ? image.height - 1 - row : row) +
                            static_cast<size_t>(from_right ? image.width - 1 - column : column) * pixel;
      std::memcpy(out.Row(y) + static_cast<size_t>(x) * pixel, from, pixel);
    }
  }
  return out;
}

}  // namespace aecomp
