#include "io/formats/png_metadata.h"

#include <algorithm>
#include <array>
#include <optional>

#include "io/deflate.h"
#include "io/formats/metadata_readers.h"
#include "io/formats/tiff_fields.h"

namespace aecomp {
namespace {

using Bytes = std::vector<uint8_t>;
using View = std::span<const uint8_t>;

constexpr int kEffort = 9;  // of compressing a piece
constexpr std::string_view kXmpKeyword{"XML:com.adobe.xmp\0", 18};
constexpr size_t kMaxKeyword = 79;
constexpr size_t kColour = 9;  // its kind, in IHDR

void Append(Bytes& to, View bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }
void Append(Bytes& to, std::string_view text) { to.insert(to.end(), text.begin(), text.end()); }

/// Position of the next zero from `at` on; the size without one.
size_t FindZero(View bytes, size_t at) {
  return static_cast<size_t>(
      std::find(bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at, bytes.size())), bytes.end(), uint8_t{0}) -
      bytes.begin());
}

std::string Why(bool wrong, const char* why) { return wrong ? why : ""; }

/// Latin-1 letters, 1 to 79 of them, and a zero.
std::string KeywordProblem(View content) {
  const size_t length = FindZero(content, 0);
  const auto is_letter = [](uint8_t c) { return (c >= 32 && c <= 126) || c >= 161; };
  const bool sound = length >= 1 && length <= kMaxKeyword && length < content.size() &&
                     std::all_of(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(length), is_letter);
  return Why(!sound, "its keyword is not one");
}

bool Inflates(View stream) {
  Bytes text;
  return Inflate(stream, kMaxMetadataPiece, text);
}

struct InternationalText {
  bool compressed = false;
  View text;  ///< as stored
};

/// The fields of an iTXt chunk (11.3.3.4); `text` has no data where they are malformed.
InternationalText SplitInternationalText(View content) {
  const size_t keyword = FindZero(content, 0);
  if (content.size() - keyword < 3 || content[keyword + 1] > 1 || content[keyword + 2] != 0) return {};
  const size_t language = FindZero(content, keyword + 3), translated = FindZero(content, language + 1);
  if (translated >= content.size()) return {};
  return {content[keyword + 1] == 1, content.subspan(translated + 1)};
}

std::string InternationalTextProblem(View content) {
  const InternationalText fields = SplitInternationalText(content);
  if (fields.text.data() == nullptr) return "its fields are malformed";
  Bytes text;
  if (fields.compressed && !Inflate(fields.text, kMaxMetadataPiece, text)) return "its text cannot be unpacked";
  return Why(!IsUtf8(fields.compressed ? View(text) : fields.text), "its text is not UTF-8");
}

std::string TextProblem(std::string_view type, View content) {
  if (std::string problem = KeywordProblem(content); !problem.empty()) return problem;
  const size_t keyword = FindZero(content, 0);
  if (type == "iTXt") return InternationalTextProblem(content);
  if (type == "tEXt") return Why(FindZero(content, keyword + 1) < content.size(), "its text has a zero in it");
  const bool sound =
      content.size() > keyword + 2 && content[keyword + 1] == 0 && Inflates(content.subspan(keyword + 2));
  return Why(!sound, "its text cannot be unpacked");
}

std::string ColourProblem(std::string_view type, View content) {
  struct Length {
    std::string_view type;
    size_t bytes;
  };
  static constexpr Length kLengths[] = {{"gAMA", 4},  {"cHRM", 32}, {"sRGB", 1}, {"cICP", 4},
                                        {"mDCV", 24}, {"cLLI", 8},  {"pHYs", 9}};
  for (const Length& length : kLengths) {
    if (type == length.type && content.size() != length.bytes) return "its length is wrong";
  }
  constexpr uint8_t kMostIntent = 3;
  return Why((type == "sRGB" && content[0] > kMostIntent) || (type == "pHYs" && content[8] > 1),
             "its value is unknown");
}

int HexDigit(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<uint8_t>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// What a "raw profile" holds (ImageMagick, coders/png.c): a line with its kind, one with the number of bytes, then
/// hexadecimal digits. Empty where it is none.
Bytes RawProfile(View text) {
  const auto line_end = [&](size_t at) {
    return static_cast<size_t>(
        std::find(text.begin() + static_cast<std::ptrdiff_t>(std::min(at, text.size())), text.end(), uint8_t{'\n'}) -
        text.begin());
  };
  const size_t kind = line_end(line_end(0) + 1), number = line_end(kind + 1);
  if (number >= text.size()) return {};
  size_t count = 0;
  for (const uint8_t c : text.subspan(kind + 1, number - kind - 1)) {
    if (c == ' ') continue;
    if (c < '0' || c > '9' || count > kMaxMetadataPiece) return {};
    count = 10 * count + (c - size_t{'0'});
  }
  Bytes profile;
  int high = -1;
  for (const uint8_t c : text.subspan(number)) {
    const int digit = HexDigit(c);
    if (digit < 0 && c != '\n' && c != ' ') return {};
    if (digit < 0) continue;
    if (high >= 0) profile.push_back(static_cast<uint8_t>(high << 4 | digit));
    high = high >= 0 ? -1 : digit;
  }
  return profile.size() == count && high < 0 ? profile : Bytes();
}

/// EXIF that stands in a text chunk, as ImageMagick and ExifTool write it. Empty where there is none.
Bytes ExifInText(const PngChunk& chunk) {
  const bool exif = StartsWith(chunk.content, "Raw profile type exif") ||
                    StartsWith(chunk.content, "Raw profile type APP1") ||
                    StartsWith(chunk.content, "Raw profile type app1");
  if (!exif || chunk.type == "iTXt") return {};
  const View content = chunk.content.subspan(FindZero(chunk.content, 0) + 1);
  Bytes text;
  if (chunk.type == "zTXt" && !Inflate(content.subspan(1), kMaxMetadataPiece, text)) return {};
  Bytes profile = RawProfile(chunk.type == "zTXt" ? View(text) : content);
  return StartsWith(profile, kJpegExifLabel) || TiffFile::Open(profile) ? profile : Bytes();
}

/// Chunks of the picture itself, and IEND.
constexpr std::string_view kPictureTypes = "IHDR PLTE IDAT IEND tRNS";
/// Of an animation; acTL says that there is one.
constexpr std::string_view kAnimationTypes = "acTL fcTL fdAT";

class Reader {
 public:
  Reader(Metadata& metadata, LeftOut& left_out) : m_(metadata), left_out_(left_out) {}

  void Read(View file) {
    const bool whole = ForEachPngChunk(file, kPngSignature.size(), [&](const PngChunk& chunk) {
      if (ended_) return;
      bytes_read_ = static_cast<size_t>(chunk.whole.data() - file.data()) + chunk.whole.size();
      Take(chunk);
    });
    if (!raw_exif_.empty() && m_.exif.empty()) {
      KeepExif(m_, raw_exif_, left_out_);
    } else if (!raw_exif_.empty()) {
      TakeWhole(*raw_chunk_, m_.png_text);
    }
    if (ended_ && bytes_read_ < file.size()) left_out_.Add("what follows the end of the PNG");
    if (!ended_ && !whole) left_out_.Add("what follows a damaged PNG chunk");
  }

 private:
  static std::string Name(const PngChunk& chunk) { return "PNG's " + std::string(chunk.type) + " chunk"; }

  void Take(const PngChunk& chunk) {
    if (chunk.type == "IEND") ended_ = true;
    if (chunk.type == "IDAT") behind_pixels_ = true;
    if (chunk.type == "IHDR" && chunk.content.size() > kColour) has_palette_ = (chunk.content[kColour] & 1) != 0;
    if (chunk.type == "PLTE" && !has_palette_) left_out_.Add("PNG's suggested palette");
    if (IsPngTypeIn(chunk.type, kPictureTypes)) return;
    if (IsPngTypeIn(chunk.type, kAnimationTypes)) return TakeAnimation(chunk);
    if (!chunk.IsSound()) return left_out_.Add(Name(chunk), "its checksum is wrong");
    if (chunk.type == "eXIf") return KeepExif(m_, chunk.content, left_out_);
    if (chunk.type == "iCCP") return TakeProfile(chunk);
    if (chunk.type == "iTXt" && StartsWith(chunk.content, kXmpKeyword)) return TakeXmp(chunk);
    if (IsPngTypeIn(chunk.type, kPngTextTypes)) return TakeText(chunk);
    if (IsPngTypeIn(chunk.type, kPngColourTypes)) return TakeColour(chunk);
    left_out_.Add(Name(chunk));
  }

  void TakeAnimation(const PngChunk& chunk) {
    if (chunk.type != "acTL") {
      if (!animated_) left_out_.Add(Name(chunk), "the file says nothing of an animation");
      return;
    }
    if (!chunk.IsSound() || chunk.content.size() != 8) return left_out_.Add(Name(chunk), "it is damaged");
    animated_ = true;
    const uint32_t frames = ReadBigEndian(chunk.content, 0);
    // The picture may or may not be the first of the frames.
    if (frames > 0) left_out_.AddPictures("the animation (" + std::to_string(frames) + " frames)");
  }

  void TakeProfile(const PngChunk& chunk) {
    if (behind_pixels_) return left_out_.Add("ICC profile", "it stands behind the pixels, where no program reads it");
    const View content = chunk.content;
    const size_t name = FindZero(content, 0);
    Bytes profile;
    if (name + 2 > content.size() ||
        !Inflate(content.subspan(std::min(name + 2, content.size())), kMaxMetadataPiece, profile)) {
      return left_out_.Add("ICC profile", "it cannot be unpacked");
    }
    Keep(m_.icc, profile, "ICC profile", left_out_);
  }

  /// EXIF that programs from before eXIf put into a text is EXIF where there is no other.
  void TakeText(const PngChunk& chunk) {
    Bytes exif = PngChunkProblem(chunk).empty() ? ExifInText(chunk) : Bytes();
    if (exif.empty() || !raw_exif_.empty()) return TakeWhole(chunk, m_.png_text);
    raw_exif_ = std::move(exif), raw_chunk_ = chunk;
  }

  void TakeXmp(const PngChunk& chunk) {
    const InternationalText fields = SplitInternationalText(chunk.content);
    Bytes text;
    if (fields.text.data() == nullptr || (fields.compressed && !Inflate(fields.text, kMaxMetadataPiece, text))) {
      return left_out_.Add("XMP", "it cannot be unpacked");
    }
    KeepXmp(m_, fields.compressed ? View(text) : fields.text, left_out_);
  }

  void TakeColour(const PngChunk& chunk) {
    if (behind_pixels_) return left_out_.Add(Name(chunk), "it stands behind the pixels, where no program reads it");
    bool has_one = false;
    (void)ForEachPngChunk(m_.png_colour, 0,
                          [&](const PngChunk& kept) { has_one = has_one || kept.type == chunk.type; });
    if (has_one) return left_out_.Add(Name(chunk), "it is the second");
    TakeWhole(chunk, m_.png_colour);
  }

  void TakeWhole(const PngChunk& chunk, Bytes& chunks) {
    if (const std::string problem = PngChunkProblem(chunk); !problem.empty()) {
      return left_out_.Add(Name(chunk), problem);
    }
    if (chunk.whole.size() > kMaxMetadataPiece - chunks.size()) return left_out_.Add(Name(chunk), "it is too long");
    Append(chunks, chunk.whole);
  }

  Metadata& m_;
  LeftOut& left_out_;
  size_t bytes_read_ = 0;
  bool behind_pixels_ = false, ended_ = false, has_palette_ = false, animated_ = false;
  Bytes raw_exif_;                     // from a text
  std::optional<PngChunk> raw_chunk_;  // which that was
};

}  // namespace

bool IsPngTypeIn(std::string_view type, std::string_view types) {
  const size_t at = types.find(type);
  return at != types.npos && at % 5 == 0;
}

std::string PngChunkProblem(const PngChunk& chunk) {
  if (!chunk.IsSound()) return "its checksum is wrong";
  return IsPngTypeIn(chunk.type, kPngTextTypes) ? TextProblem(chunk.type, chunk.content)
                                                : ColourProblem(chunk.type, chunk.content);
}

bool ArePngChunksOf(View bytes, std::string_view types) {
  bool known = true;
  const bool complete =
      ForEachPngChunk(bytes, 0, [&](const PngChunk& chunk) { known = known && IsPngTypeIn(chunk.type, types); });
  return complete && known;
}

Bytes SoundPngChunks(View bytes, LeftOut& left_out) {
  Bytes sound;
  (void)ForEachPngChunk(bytes, 0, [&](const PngChunk& chunk) {
    const std::string problem = PngChunkProblem(chunk);
    if (problem.empty()) {
      Append(sound, chunk.whole);
    } else {
      left_out.Add("PNG's " + std::string(chunk.type) + " chunk", problem);
    }
  });
  return sound;
}

Bytes PngChunksOf(const Metadata& m, LeftOut& left_out) {
  Bytes chunks, content;
  (void)ForEachPngChunk(m.png_colour, 0, [&](const PngChunk& chunk) {
    if (!m.resolution || chunk.type != "pHYs") Append(chunks, chunk.whole);
  });
  if (m.resolution) {
    const auto phys = ToPhys(*m.resolution);
    if (phys) AppendPngChunk(chunks, "pHYs", *phys);
    if (!phys) left_out.Add("resolution", "PNG has no number for it");
  }
  if (!m.icc.empty()) {
    Append(content, std::string_view("icc\0\0", 5));
    Append(content, Deflate(m.icc, kEffort));
    AppendPngChunk(chunks, "iCCP", content);
  }
  if (!m.exif.empty()) AppendPngChunk(chunks, "eXIf", m.exif);
  if (!m.xmp.empty()) {
    content.clear();
    Append(content, kXmpKeyword);
    content.insert(content.end(), 4, 0);  // not compressed, method, no language, no translation
    Append(content, m.xmp);
    AppendPngChunk(chunks, "iTXt", content);
  }
  Append(chunks, m.png_text);
  return chunks;
}

void ReadPngMetadata(View file, Metadata& metadata, LeftOut& left_out) { Reader(metadata, left_out).Read(file); }

}  // namespace aecomp
