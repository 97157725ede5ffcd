// TIFF: directories of tagged fields (TIFF 6.0, section 2; BigTIFF has the same with wider numbers). EXIF is one as
// well. Nothing is copied and nothing is believed: every offset is checked against the file.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace aecomp {

/// One field. The value lies in the file, in the file's byte order.
struct TiffField {
  uint16_t tag = 0, type = 0;
  uint64_t count = 0;              ///< of values
  std::span<const uint8_t> value;  ///< [count * TiffTypeBytes(type)]
};

struct TiffDirectory {
  std::vector<TiffField> fields;  ///< without the damaged ones
  int damaged = 0;                ///< 1 or more: fields of unknown type, or that lie or point outside the file
  uint64_t next = 0;              ///< offset of the directory that follows; 0: none
  size_t next_at = 0;             ///< where that offset itself lies
};

/// Bytes of one value; 0 for an unknown type.
int TiffTypeBytes(uint16_t type);

class TiffFile {
 public:
  /// Nothing when the bytes do not begin as a TIFF or BigTIFF does.
  static std::optional<TiffFile> Open(std::span<const uint8_t> bytes);

  bool big_endian() const { return big_endian_; }
  bool is_big_tiff() const { return wide_; }
  uint64_t first() const { return first_; }  ///< offset of the first directory

  /// Nothing when it does not lie within the file.
  std::optional<TiffDirectory> ReadDirectory(uint64_t offset) const;

  /// Directories from `offset` on that follow each other; at most `most`. A loop ends it.
  size_t CountDirectories(uint64_t offset, size_t most) const;

  /// Value i of a field of whole numbers (BYTE, SHORT, LONG, IFD, and of BigTIFF LONG8, IFD8); 0 for others.
  uint64_t Number(const TiffField& field, size_t i = 0) const;

 private:
  TiffFile() = default;
  uint64_t Unsigned(size_t at, int bytes) const;

  std::span<const uint8_t> bytes_;
  bool big_endian_ = false, wide_ = false;
  uint64_t first_ = 0;
};

/// The first field with this tag; null when there is none.
const TiffField* FindField(const TiffDirectory& directory, uint16_t tag);

}  // namespace aecomp
