// TIFF 6.0: the fields of the first directory. EXIF and XMP part 3 add theirs.
#include <algorithm>
#include <array>
#include <string>

#include "io/formats/metadata_readers.h"
#include "io/formats/orientation.h"
#include "io/formats/tiff_fields.h"

namespace aecomp {
namespace {

using View = std::span<const uint8_t>;

constexpr uint16_t kOrientation = 274;
constexpr uint16_t kXResolution = 282, kYResolution = 283, kUnit = 296;
constexpr uint16_t kXmp = 700, kIcc = 34675;
constexpr size_t kMostPages = 1000;  // that are counted

/// Fields that say how the pixels are stored: of no use without the file that they are in.
constexpr std::array<uint16_t, 43> kStorage = {
    254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 284, 288, 289, 292,
    293, 317, 320, 321, 322, 323, 324, 325, 332, 334, 336, 338, 339, 340, 341, 347, 512, 513, 514, 530, 531};

struct Name {
  uint16_t tag;
  const char* name;
};
constexpr Name kNames[] = {{269, "document name"},
                           {270, "description"},
                           {271, "Make"},
                           {272, "Model"},
                           {285, "page name"},
                           {286, "position"},
                           {287, "position"},
                           {290, "gray response"},
                           {291, "gray response"},
                           {297, "page number"},
                           {301, "transfer function"},
                           {305, "Software"},
                           {306, "date"},
                           {315, "Artist"},
                           {316, "host computer"},
                           {318, "white point"},
                           {319, "primary chromaticities"},
                           {333, "ink names"},
                           {529, "YCbCr coefficients"},
                           {532, "reference black and white"},
                           {33432, "Copyright"},
                           {33723, "IPTC"},
                           {34377, "Photoshop's data"},
                           {34665, "EXIF"},
                           {34853, "GPS"},
                           {37724, "Photoshop's layers"},
                           {42112, "GDAL's metadata"},
                           {33550, "GeoTIFF"},
                           {33922, "GeoTIFF"},
                           {34735, "GeoTIFF"},
                           {34736, "GeoTIFF"},
                           {34737, "GeoTIFF"}};

std::string NameOf(uint16_t tag) {
  for (const Name& name : kNames) {
    if (name.tag == tag) return std::string("TIFF ") + name.name;
  }
  return "TIFF field " + std::to_string(tag);
}

class Reader {
 public:
  Reader(const TiffFile& file, Metadata& metadata, LeftOut& left_out)
      : file_(file), m_(metadata), left_out_(left_out) {}

  void Read() {
    const auto directory = file_.ReadDirectory(file_.first());
    if (!directory) return;
    for (const TiffField& field : directory->fields) Take(field);
    TakeResolution(*directory);
    // Readers of TIFF turn the pixels as the field asks.
    const TiffField* const orientation = FindField(*directory, kOrientation);
    const uint64_t turn = orientation != nullptr ? file_.Number(*orientation) : 1;
    if (turn > 1) ResetXmpOrientation(m_.xmp);
    if (turn >= 5 && turn <= 8) SwapResolution(m_);
    if (directory->damaged > 0) left_out_.Add("damaged TIFF fields");
    if (const size_t pages = file_.CountDirectories(directory->next, kMostPages); pages > 0) {
      left_out_.AddPictures(std::to_string(pages) + (pages == kMostPages ? " or more" : "") + " more pages");
    }
  }

 private:
  void Take(const TiffField& field) {
    constexpr uint16_t kSubDirectories = 330;
    if (field.tag == kXResolution || field.tag == kYResolution || field.tag == kUnit) return;
    if (std::find(kStorage.begin(), kStorage.end(), field.tag) != kStorage.end()) return;
    if (field.tag == kIcc) return Keep(m_.icc, field.value, "ICC profile", left_out_);
    if (field.tag == kXmp) return KeepXmp(m_, field.value, left_out_);
    if (field.tag == kSubDirectories) {
      return left_out_.AddPictures(std::to_string(field.count) + " pictures within the first page");
    }
    left_out_.Add(NameOf(field.tag));
  }

  void TakeResolution(const TiffDirectory& directory) {
    const TiffField *x = FindField(directory, kXResolution), *y = FindField(directory, kYResolution),
                    *unit = FindField(directory, kUnit);
    if (x == nullptr && y == nullptr) return;
    const auto across = x != nullptr ? Ratio(*x) : std::nullopt, down = y != nullptr ? Ratio(*y) : std::nullopt;
    if (!across || !down) return left_out_.Add("resolution", "its fields are damaged");
    constexpr uint64_t kNoUnit = 1, kCentimetre = 3;
    const uint64_t number = unit != nullptr ? file_.Number(*unit) : 2;
    using Unit = Resolution::Unit;
    KeepResolution(m_, {number == kNoUnit       ? Unit::kNone
                        : number == kCentimetre ? Unit::kCentimetre
                                                : Unit::kInch,
                        *across, *down});
  }

  std::optional<Resolution::Ratio> Ratio(const TiffField& field) const {
    constexpr uint16_t kRational = 5, kLong = 4;
    if (field.type != kRational || field.count < 1) return std::nullopt;
    TiffField numbers = field;  // the same bytes as two whole numbers
    numbers.type = kLong, numbers.count = 2;
    return Resolution::Ratio{static_cast<uint32_t>(file_.Number(numbers, 0)),
                             static_cast<uint32_t>(file_.Number(numbers, 1))};
  }

  const TiffFile& file_;
  Metadata& m_;
  LeftOut& left_out_;
};

}  // namespace

void ReadTiffMetadata(View file, Metadata& metadata, LeftOut& left_out) {
  if (const auto tiff = TiffFile::Open(file)) Reader(*tiff, metadata, left_out).Read();
}

}  // namespace aecomp
