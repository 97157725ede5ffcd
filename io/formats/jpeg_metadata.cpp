#include "io/formats/jpeg_metadata.h"

#include <algorithm>
#include <string>

#include "io/formats/icc.h"
#include "io/formats/metadata_readers.h"
#include "io/formats/png_chunks.h"
#include "io/formats/tiff_fields.h"

namespace aecomp {
namespace {

using Bytes = std::vector<uint8_t>;
using View = std::span<const uint8_t>;

constexpr std::string_view kXmpLabel{"http://ns.adobe.com/xap/1.0/\0", 29};
constexpr std::string_view kExtendedXmpLabel{"http://ns.adobe.com/xmp/extension/\0", 35};
constexpr std::string_view kIccLabel{"ICC_PROFILE\0", 12};
constexpr std::string_view kPicturesLabel{"MPF\0", 4};
constexpr std::string_view kPhotoshopLabel{"Photoshop 3.0\0", 14};
constexpr std::string_view kJfifLabel{"JFIF\0", 5}, kJfifExtensionLabel{"JFXX\0", 5};
constexpr std::string_view kAdobeLabel = "Adobe";  // says how the samples are stored

constexpr uint8_t kEndOfImage = 0xd9, kComment = 0xfe, kFirstApp = 0xe0;
constexpr size_t kMaxSegment = 65533;  // without its length

void Append(Bytes& to, View bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

bool IsZero(uint8_t byte) { return byte == 0; }

/// Calls f(marker, content) for each segment that has a length, up to the end of the image, and returns the position
/// behind that; nothing follows a damaged segment, for which it returns 0.
template <class F>
size_t ForEachSegment(View file, F f) {
  for (size_t at = 2; at + 2 <= file.size();) {
    if (file[at] != 0xff || file[at + 1] == 0xff || file[at + 1] == 0) {  // coded data, or bytes that fill
      at = static_cast<size_t>(std::find(file.begin() + static_cast<std::ptrdiff_t>(at) + 1, file.end(), 0xff) -
                               file.begin());
      continue;
    }
    const uint8_t marker = file[at + 1];
    at += 2;
    if (marker == kEndOfImage) return at;
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;  // TEM, restarts, SOI: no length
    if (file.size() - at < 2) return 0;
    const size_t length = size_t{file[at]} << 8 | file[at + 1];
    if (length < 2 || length > file.size() - at) return 0;
    f(marker, file.subspan(at + 2, length - 2));
    at += length;
  }
  return 0;
}

struct ProfilePart {
  int number = 0, count = 0;
  View bytes;
};

Bytes Joined(const std::vector<ProfilePart>& parts) {
  Bytes profile;
  for (const ProfilePart& part : parts) Append(profile, part.bytes);
  return profile;
}

/// The profile that the parts make: numbered as the standard says, or else in the order of their numbers or of the file
/// where that gives one with the length that it declares. Parts that are there twice count once.
Bytes JoinProfile(std::vector<ProfilePart> parts) {
  const auto same = [](const ProfilePart& a, const ProfilePart& b) {
    return a.number == b.number && a.count == b.count && std::ranges::equal(a.bytes, b.bytes);
  };
  std::vector<ProfilePart> once;
  for (const ProfilePart& part : parts) {
    if (std::none_of(once.begin(), once.end(), [&](const ProfilePart& p) { return same(p, part); }))
      once.push_back(part);
  }
  std::vector<ProfilePart> sorted = once;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  bool standard = !sorted.empty();
  for (size_t i = 0; i < sorted.size(); ++i) {
    standard =
        standard && sorted[i].number == static_cast<int>(i) + 1 && sorted[i].count == static_cast<int>(sorted.size());
  }
  if (standard) return Joined(sorted);
  for (const auto& order : {sorted, once, parts}) {
    Bytes profile = Joined(order);
    if (IsWholeIccProfile(profile) && ReadBigEndian(profile, 0) == profile.size()) return profile;
  }
  return {};
}

/// How many pictures the index of a Multi-Picture File names (CIPA DC-007, 5.2.3); 0 where it is damaged.
uint64_t CountPictures(View index) {
  constexpr uint16_t kNumberOfImages = 0xb001;
  const auto tiff = TiffFile::Open(index);
  const auto directory = tiff ? tiff->ReadDirectory(tiff->first()) : std::nullopt;
  const TiffField* number = directory ? FindField(*directory, kNumberOfImages) : nullptr;
  return number != nullptr ? tiff->Number(*number) : 0;
}

/// Where the next so many pictures end that begin at `at` or later; the size of the file where one of them is not
/// found.
size_t EndOfPictures(View file, size_t at, uint64_t count) {
  static constexpr uint8_t kStart[] = {0xff, 0xd8, 0xff};
  for (; count > 0; --count) {
    const auto begin = file.begin() + static_cast<std::ptrdiff_t>(at);
    const auto start = std::search(begin, file.end(), std::begin(kStart), std::end(kStart));
    const auto picture = file.subspan(static_cast<size_t>(start - file.begin()));
    const size_t length = picture.empty() ? 0 : ForEachSegment(picture, [](uint8_t, View) {});
    if (length == 0) return file.size();
    at = file.size() - picture.size() + length;
  }
  return at;
}

/// Whether a segment of Photoshop's resources holds IPTC: resource 0x0404 (Photoshop File Formats, image resources).
bool HoldsIptc(View resources) {
  constexpr std::string_view kIptc{"8BIM\x04\x04", 6};
  return std::search(resources.begin(), resources.end(), kIptc.begin(), kIptc.end(),
                     [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); }) != resources.end();
}

class Reader {
 public:
  Reader(Metadata& metadata, LeftOut& left_out) : m_(metadata), left_out_(left_out) {}

  void Read(View file) {
    const size_t end = ForEachSegment(file, [&](uint8_t marker, View content) { Take(marker, content); });
    if (!profile_.empty()) {
      const Bytes profile = JoinProfile(profile_);
      if (profile.empty()) left_out_.Add("ICC profile", "its parts do not make one");
      if (!profile.empty()) Keep(m_.icc, profile, "ICC profile", left_out_);
    }
    if (end == 0) return;
    const size_t known = more_pictures_ > 0 ? EndOfPictures(file, end, more_pictures_) : end;
    const View rest = file.subspan(known);
    if (!std::all_of(rest.begin(), rest.end(), IsZero)) {
      left_out_.AddPictures("what follows the end of the JPEG (" + std::to_string(rest.size()) + " bytes)");
    }
  }

 private:
  void Take(uint8_t marker, View content) {
    if (marker == kComment) return left_out_.Add("JPEG comment");
    if (marker < kFirstApp || marker > kFirstApp + 15) return;
    const int app = marker - kFirstApp;
    if (app == 0 && StartsWith(content, kJfifLabel)) return TakeJfif(content);
    if (app == 0 && StartsWith(content, kJfifExtensionLabel)) return left_out_.Add("JFIF thumbnail");
    if (app == 1 && StartsWith(content, kJpegExifLabel)) return KeepExif(m_, content, left_out_);
    if (app == 1 && StartsWith(content, kXmpLabel)) return KeepXmp(m_, content.subspan(kXmpLabel.size()), left_out_);
    if (app == 1 && StartsWith(content, kExtendedXmpLabel)) return left_out_.Add("extended XMP");
    if (app == 2 && StartsWith(content, kIccLabel)) return TakeProfilePart(content.subspan(kIccLabel.size()));
    if (app == 2 && StartsWith(content, kPicturesLabel)) return TakePictures(content.subspan(kPicturesLabel.size()));
    if (app == 13 && StartsWith(content, kPhotoshopLabel)) {
      return left_out_.Add(HoldsIptc(content) ? "IPTC (APP13)" : "Photoshop's data (APP13)");
    }
    if (app == 14 && StartsWith(content, kAdobeLabel)) return;
    left_out_.Add("JPEG's APP" + std::to_string(app) + " segment" + Label(content));
  }

  /// What most segments begin with.
  static std::string Label(View content) {
    const auto end = std::find_if(content.begin(), content.end(), [](uint8_t c) { return c < ' ' || c > '~'; });
    const std::string label(content.begin(), end);
    return label.empty() ? "" : " \"" + label.substr(0, 20) + "\"";
  }

  void TakeJfif(View content) {
    constexpr size_t kDensity = 7, kThumbnail = 12;
    if (content.size() < kThumbnail) return left_out_.Add("JFIF header", "it is too short");
    KeepResolution(m_, FromJfif(content.subspan(kDensity).first<5>()));
    if (content.size() > kThumbnail + 1 && content[kThumbnail] != 0 && content[kThumbnail + 1] != 0) {
      left_out_.Add("JFIF thumbnail");
    }
  }

  void TakeProfilePart(View part) {
    if (part.size() > 2) profile_.push_back({part[0], part[1], part.subspan(2)});
  }

  void TakePictures(View index) {
    const uint64_t pictures = CountPictures(index);
    if (pictures == 1 || more_pictures_ > 0) return;
    more_pictures_ = pictures == 0 ? UINT64_MAX : pictures - 1;
    left_out_.AddPictures(pictures == 0 ? "further pictures of a Multi-Picture File"
                                        : std::to_string(pictures - 1) + " more of the pictures");
  }

  Metadata& m_;
  LeftOut& left_out_;
  std::vector<ProfilePart> profile_;
  uint64_t more_pictures_ = 0;  // of a Multi-Picture File
};

void AppendSegment(Bytes& to, uint8_t marker, std::string_view label, View content) {
  const size_t length = label.size() + content.size() + 2;
  to.insert(to.end(), {0xff, marker, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)});
  to.insert(to.end(), label.begin(), label.end());
  Append(to, content);
}

void AppendProfile(Bytes& to, View profile, LeftOut& left_out) {
  const size_t part = kMaxSegment - kIccLabel.size() - 2, parts = (profile.size() + part - 1) / part;
  if (parts > 255) return left_out.Add("ICC profile", "too long for JPEG");
  for (size_t i = 0; i < parts; ++i) {
    std::string label(kIccLabel);
    label += {static_cast<char>(i + 1), static_cast<char>(parts)};
    AppendSegment(to, kFirstApp + 2, label, profile.subspan(i * part, std::min(part, profile.size() - i * part)));
  }
}

Bytes Segments(const Metadata& m, LeftOut& left_out) {
  Bytes segments;
  const auto append = [&](View piece, std::string_view label, const char* name) {
    if (piece.empty()) return;
    if (piece.size() > kMaxSegment - label.size()) return left_out.Add(name, "too long for JPEG");
    AppendSegment(segments, kFirstApp + 1, label, piece);
  };
  append(m.exif, kJpegExifLabel, "EXIF");
  append(m.xmp, kXmpLabel, "XMP");
  AppendProfile(segments, m.icc, left_out);
  return segments;
}

constexpr size_t kJfifEnd = 2 + 2 + 16;  // of a header without a thumbnail, which encoders write first

bool BeginsWithJfif(View file) { return file.size() >= kJfifEnd && StartsWith(file.subspan(6), kJfifLabel); }

void WriteResolution(Bytes& file, const Resolution& resolution, LeftOut& left_out) {
  constexpr size_t kDensity = 13;
  const auto density = ToJfif(resolution);
  if (!density) return left_out.Add("resolution", "JPEG has no number for it");
  if (!BeginsWithJfif(file)) return left_out.Add("resolution", "the JPEG has no place for it");
  std::copy(density->begin(), density->end(), file.begin() + kDensity);
}

}  // namespace

Bytes EmbedInJpeg(Bytes file, const Metadata& m, LeftOut& left_out) {
  if (const auto resolution = m.AnyResolution()) WriteResolution(file, *resolution, left_out);
  // The JFIF segment has to be the first.
  const size_t at = BeginsWithJfif(file) ? size_t{4} + (size_t{file[4]} << 8 | file[5]) : 2;
  const Bytes segments = Segments(m, left_out);
  file.insert(file.begin() + static_cast<std::ptrdiff_t>(std::min(at, file.size())), segments.begin(), segments.end());
  return file;
}

void ReadJpegMetadata(View file, Metadata& metadata, LeftOut& left_out) { Reader(metadata, left_out).Read(file); }

}  // namespace aecomp
