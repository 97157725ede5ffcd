#include "io/formats/tiff_fields.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace aecomp {

int TiffTypeBytes(uint16_t type) {
  // BYTE, ASCII, SHORT, LONG, RATIONAL, SBYTE, UNDEFINED, SSHORT, SLONG, SRATIONAL, FLOAT, DOUBLE, IFD; LONG8, ...
  static constexpr int kBytes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
  return type < std::size(kBytes) ? kBytes[type] : 0;
}

std::optional<TiffFile> TiffFile::Open(std::span<const uint8_t> bytes) {
  if (bytes.size() < 8 || bytes[0] != bytes[1] || (bytes[0] != 'I' && bytes[0] != 'M')) return std::nullopt;
  TiffFile file;
  file.bytes_ = bytes;
  file.big_endian_ = bytes[0] == 'M';
  const uint64_t version = file.Unsigned(2, 2);
  if (version != 42 && version != 43) return std::nullopt;
  file.wide_ = version == 43;
  if (file.wide_ && (bytes.size() < 16 || file.Unsigned(4, 2) != 8)) return std::nullopt;
  file.first_ = file.wide_ ? file.Unsigned(8, 8) : file.Unsigned(4, 4);
  return file;
}

uint64_t TiffFile::Unsigned(size_t at, int bytes) const {
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    const int from_low = big_endian_ ? bytes - 1 - i : i;
    value |= uint64_t{bytes_[at + static_cast<size_t>(i)]} << (8 * from_low);
  }
  return value;
}

std::optional<TiffDirectory> TiffFile::ReadDirectory(uint64_t offset) const {
  const size_t count_bytes = wide_ ? 8 : 2, entry_bytes = wide_ ? 20 : 12, offset_bytes = wide_ ? 8 : 4;
  if (offset > bytes_.size() || bytes_.size() - offset < count_bytes) return std::nullopt;
  const auto at = static_cast<size_t>(offset);
  const uint64_t declared = Unsigned(at, static_cast<int>(count_bytes));
  const uint64_t entries = std::min<uint64_t>(declared, (bytes_.size() - at - count_bytes) / entry_bytes);
  TiffDirectory directory;
  directory.damaged = entries < declared ? 1 : 0;
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = at + count_bytes + entry_bytes * i;
    TiffField field{static_cast<uint16_t>(Unsigned(entry, 2)),
                    static_cast<uint16_t>(Unsigned(entry + 2, 2)),
                    Unsigned(entry + 4, static_cast<int>(offset_bytes)),
                    {}};
    const auto unit = static_cast<uint64_t>(TiffTypeBytes(field.type));
    const size_t value = entry + 4 + offset_bytes;
    const bool possible = unit != 0 && field.count <= bytes_.size() / unit;
    const uint64_t length = possible ? field.count * unit : 0;
    const uint64_t begin = length <= offset_bytes ? value : Unsigned(value, static_cast<int>(offset_bytes));
    if (!possible || begin > bytes_.size() || length > bytes_.size() - begin) {
      ++directory.damaged;
      continue;
    }
    field.value = bytes_.subspan(static_cast<size_t>(begin), static_cast<size_t>(length));
    directory.fields.push_back(field);
  }
  const size_t end = at + count_bytes + entry_bytes * static_cast<size_t>(entries);
  if (entries == declared && bytes_.size() - end >= offset_bytes) {
    directory.next = Unsigned(end, static_cast<int>(offset_bytes));
    directory.next_at = end;
  }
  return directory;
}

size_t TiffFile::CountDirectories(uint64_t offset, size_t most) const {
  std::set<uint64_t> seen;
  while (offset != 0 && seen.size() < most && !seen.contains(offset)) {
    const auto directory = ReadDirectory(offset);
    if (!directory) break;
    seen.insert(offset);
    offset = directory->next;
  }
  return seen.size();
}

uint64_t TiffFile::Number(const TiffField& field, size_t i) const {
  constexpr uint16_t kByte = 1, kShort = 3, kLong = 4, kIfd = 13, kLong8 = 16, kIfd8 = 18;
  const bool whole = field.type == kByte || field.type == kShort || field.type == kLong || field.type == kIfd ||
                     field.type == kLong8 || field.type == kIfd8;
  if (!whole || i >= field.count) return 0;
  const int unit = TiffTypeBytes(field.type);
  const auto begin = static_cast<size_t>(field.value.data() - bytes_.data());
  return Unsigned(begin + i * static_cast<size_t>(unit), unit);
}

const TiffField* FindField(const TiffDirectory& directory, uint16_t tag) {
  const auto found = std::find_if(directory.fields.begin(), directory.fields.end(),
                                  [tag](const TiffField& field) { return field.tag == tag; });
  return found != directory.fields.end() ? &*found : nullptr;
}

}  // namespace aecomp
