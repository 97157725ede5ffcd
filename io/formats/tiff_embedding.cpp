#include "io/formats/tiff_embedding.h"

#include <algorithm>

#include "io/formats/tiff_fields.h"

namespace aecomp {
namespace {

using Bytes = std::vector<uint8_t>;
using View = std::span<const uint8_t>;

constexpr uint16_t kXResolution = 282, kYResolution = 283, kUnit = 296, kXmp = 700, kIcc = 34675;
constexpr uint16_t kByte = 1, kShort = 3, kRational = 5, kUndefined = 7;  // types
constexpr size_t kFirstAt = 4;                                            // where the header says the directory lies
constexpr size_t kInside = 4;                                             // bytes of a value that lies in its entry

/// A field to be written: a value in the file's byte order.
struct NewField {
  uint16_t tag = 0, type = 0;
  Bytes value;
};

class Writer {
 public:
  Writer(Bytes file, const TiffFile& tiff) : big_(tiff.big_endian()), file_(std::move(file)) {}

  Bytes Number(uint64_t value, int bytes) const {
    Bytes out;
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * (big_ ? bytes - 1 - i : i))));
    return out;
  }

  /// Keeps the fields that are not replaced.
  Bytes WithFields(const TiffDirectory& old, const std::vector<NewField>& fields) && {
    for (const TiffField& field : old.fields) {
      const bool replaced =
          std::any_of(fields.begin(), fields.end(), [&](const NewField& n) { return n.tag == field.tag; });
      if (replaced) continue;
      const auto place = static_cast<uint64_t>(field.value.data() - file_.data());
      const Bytes inside(field.value.begin(), field.value.end());
      AddEntry(field.tag, field.type, field.count, field.value.size() <= kInside ? inside : Number(place, 4));
    }
    for (const NewField& field : fields) {
      const uint64_t count = field.value.size() / static_cast<size_t>(TiffTypeBytes(field.type));
      AddEntry(field.tag, field.type, count, field.value.size() <= kInside ? field.value : Number(Put(field.value), 4));
    }
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.tag < b.tag; });
    Bytes directory = Number(entries_.size(), 2);
    for (const Entry& entry : entries_) Append(directory, entry.bytes);
    Append(directory, Number(old.next, 4));
    const Bytes first = Number(Put(directory), 4);
    std::copy(first.begin(), first.end(), file_.begin() + kFirstAt);
    return std::move(file_);
  }

 private:
  struct Entry {
    uint16_t tag = 0;
    Bytes bytes;
  };

  static void Append(Bytes& to, View bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

  /// value: of up to 4 bytes.
  void AddEntry(uint16_t tag, uint16_t type, uint64_t count, Bytes value) {
    value.resize(kInside);
    Bytes entry = Number(tag, 2);
    for (const Bytes& part : {Number(type, 2), Number(count, 4), value}) Append(entry, part);
    entries_.push_back({tag, entry});
  }

  /// Behind all else, at an even offset, which it returns.
  size_t Put(View bytes) {
    if (file_.size() % 2 == 1) file_.push_back(0);
    const size_t at = file_.size();
    Append(file_, bytes);
    return at;
  }

  bool big_;
  Bytes file_;
  std::vector<Entry> entries_;
};

std::vector<NewField> ResolutionFields(const Writer& writer, Resolution r) {
  using Unit = Resolution::Unit;
  if (r.unit == Unit::kMetre) {  // which TIFF does not have
    const bool fits = r.x.denominator <= UINT32_MAX / 100 && r.y.denominator <= UINT32_MAX / 100;
    if (!fits) return {};
    r.unit = Unit::kCentimetre, r.x.denominator *= 100, r.y.denominator *= 100;
  }
  const auto ratio = [&](const Resolution::Ratio& of) {
    Bytes bytes = writer.Number(of.numerator, 4);
    const Bytes denominator = writer.Number(of.denominator, 4);
    bytes.insert(bytes.end(), denominator.begin(), denominator.end());
    return bytes;
  };
  const int unit = r.unit == Unit::kInch ? 2 : r.unit == Unit::kCentimetre ? 3 : 1;
  return {{kXResolution, kRational, ratio(r.x)},
          {kYResolution, kRational, ratio(r.y)},
          {kUnit, kShort, writer.Number(static_cast<uint64_t>(unit), 2)}};
}

}  // namespace

Bytes EmbedInTiff(Bytes file, const Metadata& m, LeftOut& left_out) {
  if (!m.exif.empty()) left_out.Add("EXIF", "only PNG and JPEG keep it here");
  const auto resolution = m.AnyResolution();
  if (m.icc.empty() && m.xmp.empty() && !resolution) return file;
  const auto tiff = TiffFile::Open(file);
  const auto directory = tiff ? tiff->ReadDirectory(tiff->first()) : std::nullopt;
  const uint64_t size = file.size() + m.icc.size() + m.xmp.size() + (uint64_t{1} << 20);
  if (!directory || tiff->is_big_tiff() || directory->damaged > 0 || size > UINT32_MAX) {
    left_out.Add("ICC profile, XMP and resolution", "the TIFF has no room for them");
    return file;
  }
  Writer writer(std::move(file), *tiff);  // takes the bytes that the fields of `directory` lie in, where they are
  std::vector<NewField> added;
  if (resolution) {
    added = ResolutionFields(writer, *resolution);
    if (added.empty()) left_out.Add("resolution", "TIFF has no number for it");
  }
  if (!m.xmp.empty()) added.push_back({kXmp, kByte, m.xmp});
  if (!m.icc.empty()) added.push_back({kIcc, kUndefined, m.icc});
  return std::move(writer).WithFields(*directory, added);
}

}  // namespace aecomp
