// Weights files in the safetensors format (https://github.com/huggingface/safetensors, format section): 8 bytes
// little-endian header length, JSON header, tensor bytes without holes or overlaps.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "io/status.h"

namespace aecomp {

enum class DType { kF32, kF16, kI32, kI16, kI8, kU8 };
size_t ByteSize(DType dtype);

struct TensorView {
  DType dtype = DType::kF32;
  std::vector<int64_t> dims;
  std::span<const uint8_t> bytes;
};

/// A parsed file; the views point into the bytes given to Parse, which must outlive it.
class SafetensorsFile {
 public:
  /// Refuses anything malformed: lengths, overlaps, holes, overflow, duplicates, unknown dtypes, wrong shapes, and a
  /// checksum that does not match.
  static Result<SafetensorsFile> Parse(std::span<const uint8_t> bytes, const std::string& name);

  const TensorView* Find(const std::string& name) const;
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// Whether it has a checksum, which then matches.
  bool has_checksum() const { return has_checksum_; }

  /// Values as f32 (from F32 or F16), or an error that names the tensor when it is missing or its dims differ.
  Result<std::vector<float>> ReadFloats(const std::string& name, const std::vector<int64_t>& dims) const;
  /// Integer values (I8, U8, I16 or I32) widened to i32, same checks.
  Result<std::vector<int32_t>> ReadIntegers(const std::string& name, const std::vector<int64_t>& dims) const;

 private:
  std::string name_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
  bool has_checksum_ = false;
};

/// Whether a file that begins so may be a weights file: a header length, then a JSON object.
bool LooksLikeSafetensors(std::span<const uint8_t> start);

class SafetensorsWriter {
 public:
  /// Gives the file a checksum: see model/base/safetensors_checksum.h.
  void AddChecksum() { checksum_ = true; }
  void SetMetadata(const std::string& key, const std::string& value) { metadata_[key] = value; }
  void AddFloats(const std::string& name, const std::vector<int64_t>& dims, std::span<const float> values, DType dtype);
  /// Values must fit the integer dtype.
  void AddIntegers(const std::string& name, const std::vector<int64_t>& dims, std::span<const int32_t> values,
                   DType dtype);
  /// The whole file; tensors in order of element size, then name, so equal content gives equal bytes.
  std::vector<uint8_t> Serialize() const;

 private:
  struct Entry {
    DType dtype;
    std::vector<int64_t> dims;
    std::vector<uint8_t> bytes;
  };
  std::map<std::string, std::string> metadata_;
  std::map<std::string, Entry> entries_;
  bool checksum_ = false;
};

/// IEEE 754 half precision, round to nearest even.
uint16_t FloatToHalf(float value);
float HalfToFloat(uint16_t half);
void HalvesToFloats(const uint16_t* halves, size_t count, float* floats);

}  // namespace aecomp
