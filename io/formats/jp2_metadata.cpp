// JPEG 2000: boxes around a codestream (ISO/IEC 15444-1, annexes A and I), or the codestream alone.
#include <algorithm>
#include <string>

#include "io/formats/jp2_boxes.h"
#include "io/formats/metadata_readers.h"

namespace aecomp {
namespace {

using View = std::span<const uint8_t>;

constexpr std::string_view kSignature{"\0\0\0\x0cjP  \r\n\x87\n", 12};
constexpr std::string_view kCodestream{"\xff\x4f\xff\x51", 4};
// UUIDs of boxes that hold a whole file of another kind.
constexpr std::string_view kExifUuid{"JpgTiffExif->JP2", 16};
constexpr std::string_view kXmpUuid{"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac", 16};
constexpr std::string_view kIptcUuid{"\x33\xc7\xa4\xd2\xb8\x1d\x47\x23\xa0\xba\xf1\xa3\xe0\x97\xad\x38", 16};
constexpr std::string_view kGeoUuid{"\xb1\x4b\xf8\xbd\x08\x3d\x4b\x43\xa5\xae\x8c\xd7\xd5\xa6\xce\x03", 16};

int U16(View bytes, size_t at) { return bytes[at] << 8 | bytes[at + 1]; }

class Reader {
 public:
  Reader(Metadata& metadata, LeftOut& left_out) : m_(metadata), left_out_(left_out) {}

  void Read(View file) {
    if (StartsWith(file, kCodestream)) return TakeCodestream(file);
    if (!ForEachJp2Box(file, [&](const std::string& type, View content) { Take(type, content); })) {
      left_out_.Add("what follows a damaged JPEG 2000 box");
    }
    if (codestreams_ > 1) left_out_.AddPictures(std::to_string(codestreams_ - 1) + " more codestreams");
  }

 private:
  void Take(const std::string& type, View content) {
    if (type == "jP  " || type == "ftyp") return;
    if (type == "jp2h") return TakeHeader(content);
    if (type == "jp2c") {
      if (++codestreams_ == 1) TakeCodestream(content);
      return;
    }
    if (type == "uuid") return TakeUuid(content);
    if (type == "free") return;
    left_out_.Add("JPEG 2000's " + type + " box");
  }

  void TakeHeader(View content) {
    const bool whole = ForEachJp2Box(content, [&](const std::string& type, View box) {
      if (type == "colr") return TakeColour(box);
      if (type == "res ") return TakeResolutions(box);
      const bool pixels = type == "ihdr" || type == "bpcc" || type == "pclr" || type == "cmap" || type == "cdef";
      if (!pixels) left_out_.Add("JPEG 2000's " + type + " box");
    });
    if (!whole) left_out_.Add("what follows a damaged JPEG 2000 box");
  }

  /// Method 1 names a colour space, 2 and 3 hold a profile.
  void TakeColour(View box) {
    if (box.size() < 3) return left_out_.Add("JPEG 2000's colr box", "it is too short");
    if (box[0] == 1) return;
    if (box[0] != 2 && box[0] != 3) return left_out_.Add("JPEG 2000's colr box", "its method is unknown");
    Keep(m_.icc, box.subspan(3), "ICC profile", left_out_);
  }

  /// That of the scan (resc), else that for display (resd): vertical and horizontal, pixels per metre, each numerator
  /// and denominator of 2 bytes, then two powers of ten.
  void TakeResolutions(View content) {
    (void)ForEachJp2Box(content, [&](const std::string& type, View box) {
      if (box.size() < 10 || (type != "resc" && type != "resd")) {
        return left_out_.Add("resolution", "its box is damaged");
      }
      if (type == "resd" && m_.resolution) return left_out_.Add("JPEG 2000's resolution for display");
      const auto down = Scaled(U16(box, 0), U16(box, 2), static_cast<int8_t>(box[8]));
      const auto across = Scaled(U16(box, 4), U16(box, 6), static_cast<int8_t>(box[9]));
      if (!down || !across) return left_out_.Add("resolution", "its numbers are out of range");
      m_.resolution.reset();
      KeepResolution(m_, {Resolution::Unit::kMetre, *across, *down});
    });
  }

  static std::optional<Resolution::Ratio> Scaled(int numerator, int denominator, int power) {
    uint64_t n = static_cast<uint64_t>(numerator), d = static_cast<uint64_t>(denominator);
    if (n == 0 || d == 0) return std::nullopt;
    for (; power != 0; power += power < 0 ? 1 : -1) {
      (power > 0 ? n : d) *= 10;
      if (n > UINT32_MAX || d > UINT32_MAX) return std::nullopt;
    }
    return Resolution::Ratio{static_cast<uint32_t>(n), static_cast<uint32_t>(d)};
  }

  void TakeUuid(View content) {
    if (StartsWith(content, kExifUuid)) return KeepExif(m_, content.subspan(kExifUuid.size()), left_out_);
    if (StartsWith(content, kXmpUuid)) return KeepXmp(m_, content.subspan(kXmpUuid.size()), left_out_);
    if (StartsWith(content, kIptcUuid)) return left_out_.Add("IPTC");
    left_out_.Add(StartsWith(content, kGeoUuid) ? "GeoTIFF" : "a JPEG 2000 box with a UUID");
  }

  /// Marker segments of the main header, of which a comment is one; then tile-parts, which say how long they are
  /// (A.4.2), and the marker of the end.
  void TakeCodestream(View codestream) {
    constexpr int kComment = 0xff64, kStartOfTile = 0xff90, kEnd = 0xffd9;
    for (size_t at = 2; at + 2 <= codestream.size();) {
      const int marker = U16(codestream, at);
      if (marker == kEnd) return TakeRest(codestream.subspan(at + 2));
      if (marker < 0xff00 || at + (marker == kStartOfTile ? 10 : 4) > codestream.size()) return;
      const size_t length = static_cast<size_t>(U16(codestream, at + 2));
      const size_t step = marker == kStartOfTile ? ReadBigEndian(codestream, at + 6) : 2 + length;
      if (length < 2 || step < 4) return;  // the last tile-part may go on to the end
      if (marker == kComment) left_out_.Add("JPEG 2000 comment");
      at += step;
    }
  }

  void TakeRest(View rest) {
    if (std::all_of(rest.begin(), rest.end(), [](uint8_t byte) { return byte == 0; })) return;
    left_out_.AddPictures("what follows the end of the JPEG 2000 codestream (" + std::to_string(rest.size()) +
                          " bytes)");
  }

  Metadata& m_;
  LeftOut& left_out_;
  size_t codestreams_ = 0;
};

}  // namespace

bool LooksLikeJp2(View file) { return StartsWith(file, kSignature) || StartsWith(file, kCodestream); }

void ReadJp2Metadata(View file, Metadata& metadata, LeftOut& left_out) { Reader(metadata, left_out).Read(file); }

}  // namespace aecomp
