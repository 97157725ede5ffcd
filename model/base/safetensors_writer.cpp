// Writing. Tensors of wider elements come first, so that every tensor is aligned to its element: readers map the file
// and view slices of it.
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "model/base/safetensors.h"
#include "model/base/safetensors_checksum.h"

namespace aecomp {
namespace {

const char* DTypeName(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "F32";
    case DType::kF16:
      return "F16";
    case DType::kI32:
      return "I32";
    case DType::kI16:
      return "I16";
    case DType::kI8:
      return "I8";
    case DType::kU8:
      return "U8";
  }
  return "";
}

void AppendLittleEndian(uint32_t value, size_t bytes, std::vector<uint8_t>& to) {
  for (size_t i = 0; i < bytes; ++i) to.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

}  // namespace

void SafetensorsWriter::AddFloats(const std::string& name, const std::vector<int64_t>& dims,
                                  std::span<const float> values, DType dtype) {
  Entry entry{dtype, dims, {}};
  entry.bytes.reserve(values.size() * ByteSize(dtype));
  for (float v : values) {
    uint32_t bits = 0;
    std::memcpy(&bits, &v, 4);
    if (dtype == DType::kF16) bits = FloatToHalf(v);
    AppendLittleEndian(bits, ByteSize(dtype), entry.bytes);
  }
  entries_[name] = std::move(entry);
}

void SafetensorsWriter::AddIntegers(const std::string& name, const std::vector<int64_t>& dims,
                                    std::span<const int32_t> values, DType dtype) {
  Entry entry{dtype, dims, {}};
  entry.bytes.reserve(values.size() * ByteSize(dtype));
  for (int32_t v : values) AppendLittleEndian(static_cast<uint32_t>(v), ByteSize(dtype), entry.bytes);
  entries_[name] = std::move(entry);
}

std::vector<uint8_t> SafetensorsWriter::Serialize() const {
  std::vector<const std::pair<const std::string, Entry>*> order;
  for (const auto& item : entries_) order.push_back(&item);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return ByteSize(a->second.dtype) > ByteSize(b->second.dtype); });

  nlohmann::json header = nlohmann::json::object();
  std::map<std::string, std::string> metadata = metadata_;
  if (checksum_) ReserveChecksum(metadata);
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const auto* item : order) {
    const Entry& e = item->second;
    header[item->first] = {
        {"dtype", DTypeName(e.dtype)}, {"shape", e.dims}, {"data_offsets", {offset, offset + e.bytes.size()}}};
    offset += e.bytes.size();
  }
  std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');

  std::vector<uint8_t> file;
  file.reserve(8 + text.size() + offset);
  AppendLittleEndian(static_cast<uint32_t>(text.size()), 4, file);
  AppendLittleEndian(0, 4, file);
  file.insert(file.end(), text.begin(), text.end());
  for (const auto* item : order) file.insert(file.end(), item->second.bytes.begin(), item->second.bytes.end());
  if (checksum_) FillInChecksum(file);
  return file;
}

}  // namespace aecomp
