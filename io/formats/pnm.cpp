#include "io/formats/pnm.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <optional>

#include "io/printable.h"

namespace aecomp {
namespace {

using View = std::span<const uint8_t>;

constexpr uint32_t kMaxNumber = 1 << 20;  // of width and height: see kMaxSide of the container

bool IsSpace(uint8_t c) { return std::isspace(c) != 0; }

/// Numbers between white space, which may hold comments from '#' to the end of the line.
class PnmText {
 public:
  PnmText(View bytes, size_t position) : bytes_(bytes), position_(position) {}

  /// Nothing when there is no number or an absurd one.
  std::optional<uint32_t> Number() {
    SkipSpace();
    uint32_t value = 0;
    const size_t begin = position_;
    while (position_ < bytes_.size() && std::isdigit(bytes_[position_]) != 0 && value <= kMaxNumber) {
      value = value * 10 + (bytes_[position_++] - uint32_t{'0'});
    }
    return position_ > begin && value <= kMaxNumber ? std::optional(value) : std::nullopt;
  }
  /// A single digit: pixels of a plain bitmap need no space between them.
  std::optional<uint32_t> Digit() {
    SkipSpace();
    if (position_ >= bytes_.size() || std::isdigit(bytes_[position_]) == 0) return std::nullopt;
    return bytes_[position_++] - uint32_t{'0'};
  }
  /// Up to the next white space, or to the end of the line.
  std::string Word() { return Take(IsSpace); }
  std::string Line() {
    while (position_ < bytes_.size() && (bytes_[position_] == ' ' || bytes_[position_] == '\t')) ++position_;
    return Take([](uint8_t c) { return c == '\n' || c == '\r'; });
  }
  void SkipSpace() {
    bool comment = false;
    for (; position_ < bytes_.size(); ++position_) {
      const uint8_t c = bytes_[position_];
      if (c == '#') comment = true;
      if (c == '\n' || c == '\r') comment = false;
      if (!comment && !IsSpace(c)) return;
    }
  }
  size_t position() const { return position_; }

 private:
  template <class End>
  std::string Take(End end) {
    const size_t begin = position_;
    while (position_ < bytes_.size() && !end(bytes_[position_])) ++position_;
    return std::string(bytes_.begin() + static_cast<std::ptrdiff_t>(begin),
                       bytes_.begin() + static_cast<std::ptrdiff_t>(position_));
  }

  View bytes_;
  size_t position_;
};

struct PnmHeader {
  uint32_t width = 0, height = 0, maxval = 0, channels = 1;
  size_t data = 0;            // where the samples begin
  bool plain = false;         // in decimal digits
  bool bitmap = false;        // 1 is black
  bool channels_said = true;  // what they are
};

Status Damaged(const std::string& name, const std::string& what) {
  return InputError(name + ": damaged PNM image: " + what + "; fetch or make it again");
}
Status Truncated(const std::string& name) { return InputError(name + ": truncated PNM image; fetch or make it again"); }

/// One white space ends the header of a raw image.
Status EndHeader(View bytes, const PnmText& text, const std::string& name, PnmHeader& header) {
  const size_t end = text.position();
  if (end >= bytes.size()) return Truncated(name);
  if (!header.plain && !IsSpace(bytes[end])) return Damaged(name, "no white space after its header");
  header.data = end + (header.plain ? 0 : 1);
  return {};
}

/// The line of ENDHDR ends with a newline. White space may stand before it ("pam" manual page of netpbm, which reads
/// the header line by line).
Status EndPamHeader(View bytes, const PnmText& text, const std::string& name, PnmHeader& header) {
  size_t at = text.position();
  while (at < bytes.size() && bytes[at] != '\n' && IsSpace(bytes[at])) ++at;
  if (at >= bytes.size()) return Truncated(name);
  if (bytes[at] != '\n') return Damaged(name, "no newline after ENDHDR");
  header.data = at + 1;
  return {};
}

Result<PnmHeader> ReadPnmHeader(View bytes, const std::string& name) {
  PnmHeader header;
  const int kind = bytes[1] - '0';
  header.plain = kind <= 3, header.bitmap = kind == 1 || kind == 4;
  header.channels = kind == 3 || kind == 6 ? 3 : 1;
  PnmText text(bytes, 2);
  header.width = text.Number().value_or(0), header.height = text.Number().value_or(0);
  header.maxval = header.bitmap ? 1 : text.Number().value_or(0);
  AECOMP_RETURN_IF_ERROR(EndHeader(bytes, text, name, header));
  return header;
}

/// The channels of a tuple type, 0 when it is none of an image here.
uint32_t ChannelsOf(const std::string& type) {
  struct Type {
    const char* name;
    uint32_t channels;
  };
  static constexpr std::array<Type, 6> kTypes = {{{"BLACKANDWHITE", 1},
                                                  {"GRAYSCALE", 1},
                                                  {"RGB", 3},
                                                  {"BLACKANDWHITE_ALPHA", 2},
                                                  {"GRAYSCALE_ALPHA", 2},
                                                  {"RGB_ALPHA", 4}}};
  for (const Type& known : kTypes) {
    if (type == known.name) return known.channels;
  }
  return 0;
}

Result<PnmHeader> ReadPamHeader(View bytes, const std::string& name) {
  PnmHeader header;
  header.channels = 0;
  PnmText text(bytes, 2);
  std::string type, word;
  while (text.SkipSpace(), word = text.Word(), word != "ENDHDR") {
    if (word.empty()) return Truncated(name);
    if (word == "WIDTH") {
      header.width = text.Number().value_or(0);
    } else if (word == "HEIGHT") {
      header.height = text.Number().value_or(0);
    } else if (word == "DEPTH") {
      header.channels = text.Number().value_or(0);
    } else if (word == "MAXVAL") {
      header.maxval = text.Number().value_or(0);
    } else if (word == "TUPLTYPE") {
      type += (type.empty() ? "" : " ") + text.Line();
    } else {
      return Damaged(name, "its header has a line that PAM does not know");
    }
  }
  while (!type.empty() && IsSpace(static_cast<uint8_t>(type.back()))) type.pop_back();
  header.channels_said = !type.empty();
  if (header.channels < 1 || header.channels > 4 || (header.channels_said && ChannelsOf(type) != header.channels)) {
    return InputError(name + ": a PAM file of tuple type '" + Printable(type, 40) + "' and depth " +
                      std::to_string(header.channels) +
                      "; only gray and RGB, with alpha or without, are read: convert it to PNG");
  }
  AECOMP_RETURN_IF_ERROR(EndPamHeader(bytes, text, name, header));
  return header;
}

void StoreSample(Image& image, size_t i, uint32_t value) {
  if (image.bits == 8) {
    image.pixels[i] = static_cast<uint8_t>(value);
  } else {
    const auto sample = static_cast<uint16_t>(value);
    std::memcpy(image.pixels.data() + 2 * i, &sample, 2);
  }
}

/// next(): the following sample, or nothing where there is none.
template <class Next>
Status TakeSamples(const PnmHeader& header, const std::string& name, Image& image, Next next) {
  const uint32_t peak = image.bits == 8 ? 255 : 65535, maxval = header.maxval;
  const size_t count = image.pixels.size() / static_cast<size_t>(image.bits / 8);
  for (size_t i = 0; i < count; ++i) {
    const std::optional<uint32_t> value = next();
    if (!value) return Truncated(name);
    if (*value > maxval) return Damaged(name, "a sample is above the maximum it declares");
    const uint32_t light = header.bitmap ? maxval - *value : *value;
    StoreSample(image, i, static_cast<uint32_t>((uint64_t{light} * peak + maxval / 2) / maxval));
  }
  return {};
}

/// Only white space may follow the image.
Status CheckEnd(View rest, const std::string& name) {
  if (std::all_of(rest.begin(), rest.end(), IsSpace)) return {};
  return InputError(name + ": " + std::to_string(rest.size()) + " bytes follow the PNM image; split the file");
}

Status ReadPlain(View bytes, const PnmHeader& header, const std::string& name, Image& image) {
  PnmText text(bytes, header.data);
  if (header.bitmap) {
    AECOMP_RETURN_IF_ERROR(TakeSamples(header, name, image, [&] { return text.Digit(); }));
  } else {
    AECOMP_RETURN_IF_ERROR(TakeSamples(header, name, image, [&] { return text.Number(); }));
  }
  text.SkipSpace();
  return CheckEnd(bytes.subspan(text.position()), name);
}

/// data: as many bytes as the image has.
Status ReadRaw(View data, const PnmHeader& header, const std::string& name, Image& image) {
  size_t at = 0;
  if (header.bitmap) {  // eight pixels a byte, the first in the highest bit; rows begin with a byte
    uint32_t x = 0;
    return TakeSamples(header, name, image, [&]() -> std::optional<uint32_t> {
      const uint32_t bit = data[at] >> (7 - x % 8) & 1;
      if (++x % 8 == 0 || x == header.width) ++at;
      x %= header.width;
      return bit;
    });
  }
  if (header.maxval == 255) {
    std::copy(data.begin(), data.end(), image.pixels.begin());
    return {};
  }
  if (image.bits == 8) return TakeSamples(header, name, image, [&] { return std::optional<uint32_t>(data[at++]); });
  return TakeSamples(header, name, image, [&] {
    at += 2;
    return std::optional<uint32_t>(uint32_t{data[at - 2]} << 8 | data[at - 1]);
  });
}

}  // namespace

bool LooksLikePnm(View bytes) {
  return bytes.size() >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' &&
         (IsSpace(bytes[2]) || bytes[2] == '#');
}

Result<Image> DecodePnm(View bytes, const std::string& name, const DecodeOptions& options,
                        std::vector<std::string>* notes) {
  if (!LooksLikePnm(bytes)) return InputError(name + ": not a PNM image (P1 to P7)");
  const auto read = bytes[1] == '7' ? ReadPamHeader : ReadPnmHeader;
  AECOMP_ASSIGN_OR_RETURN(const PnmHeader header, read(bytes, name));
  if (header.width == 0 || header.height == 0 || header.maxval == 0 || header.maxval > 65535) {
    return Damaged(name, "impossible width, height or maximum");
  }
  const int bits = header.maxval < 256 ? 8 : 16;
  const uint64_t pixel = header.channels * static_cast<uint64_t>(bits / 8),
                 pixels = uint64_t{header.width} * header.height;
  const View data = bytes.subspan(header.data);
  const uint64_t needed = header.bitmap ? uint64_t{header.width + 7} / 8 * header.height : pixels * pixel;
  // Of a plain image too: each of its samples takes a byte at least.
  if (data.size() < (header.plain ? pixels * header.channels : needed)) return Truncated(name);
  AECOMP_RETURN_IF_ERROR(CheckPixels(header.width, header.height, pixel, bytes.size(), name, options));
  if (!header.plain) AECOMP_RETURN_IF_ERROR(CheckEnd(data.subspan(needed), name));
  Image image(static_cast<int>(header.width), static_cast<int>(header.height), static_cast<int>(header.channels), bits);
  AECOMP_RETURN_IF_ERROR(header.plain ? ReadPlain(bytes, header, name, image)
                                      : ReadRaw(data.first(needed), header, name, image));
  if (!header.channels_said) {
    AddNote(notes, "the PAM file does not say what its channels are: taken as " +
                       std::string(header.channels < 3 ? "gray" : "RGB") +
                       (header.channels % 2 == 0 ? " and alpha" : ""));
  }
  return image;
}

}  // namespace aecomp
