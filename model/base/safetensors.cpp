// Reading. The header is JSON from an untrusted file, so a callback watches the parser and stops it at the first thing
// that a weights file does not have: duplicate keys (which the library would drop silently), deep nesting, long lists.
#include "model/base/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>

#include "model/base/safetensors_checksum.h"

namespace aecomp {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // as the reference implementation
constexpr size_t kMaxDims = 8;

/// Thrown out of the parser and caught in ParseHeader.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// In quotes, cut when it is long, and printable whatever the file holds.
std::string Quoted(const std::string& text) {
  constexpr size_t kLongest = 60;
  const std::string printed = json(text).dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
  return printed.size() <= kLongest + 2 ? printed : printed.substr(0, kLongest) + "...\"";
}

/// Header -> object -> list is as deep as it gets.
class HeaderWatch {
 public:
  bool operator()(json::parse_event_t event, const json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        if (open_.size() >= 3) throw Malformed("its header is nested too deeply");
        open_.emplace_back();
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        open_.pop_back();
        break;
      case json::parse_event_t::key: {
        const auto& key = parsed.get_ref<const std::string&>();
        if (!open_.back().keys.insert(key).second) throw Malformed(Quoted(key) + " appears twice in its header");
        break;
      }
      case json::parse_event_t::value:
        if (open_.size() == 3 && ++open_.back().values > kMaxDims) throw Malformed("a list in its header is too long");
        break;
    }
    return true;
  }

 private:
  struct Level {
    std::set<std::string> keys;
    size_t values = 0;
  };
  std::vector<Level> open_;
};

std::optional<DType> ParseDType(const std::string& name) {
  if (name == "F32") return DType::kF32;
  if (name == "F16") return DType::kF16;
  if (name == "I32") return DType::kI32;
  if (name == "I16") return DType::kI16;
  if (name == "I8") return DType::kI8;
  if (name == "U8") return DType::kU8;
  return std::nullopt;
}

/// A non-negative integer that fits, whatever the JSON says.
uint64_t Unsigned(const json& value, const std::string& what) {
  if (!value.is_number_unsigned()) throw Malformed(what + " is not a non-negative integer");
  return value.get<uint64_t>();
}

struct Extent {
  uint64_t begin = 0, end = 0;
  std::string name;
};

/// One tensor's entry against the bytes after the header.
TensorView ReadEntry(const std::string& name, const json& entry, std::span<const uint8_t> data, Extent& extent) {
  const std::string label = "tensor " + Quoted(name);
  if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets") || !entry.at("dtype").is_string() || !entry.at("shape").is_array() ||
      !entry.at("data_offsets").is_array() || entry.at("data_offsets").size() != 2) {
    throw Malformed(label + " needs exactly dtype, shape and two data_offsets");
  }
  TensorView view;
  const auto dtype = ParseDType(entry.at("dtype").get<std::string>());
  if (!dtype)
    throw Malformed(label + " has the dtype " + Quoted(entry.at("dtype").get<std::string>()) +
                    ", which is not used here; F32, F16, I32, I16, I8 and U8 are");
  view.dtype = *dtype;
  uint64_t bytes = ByteSize(*dtype);
  for (const json& d : entry.at("shape")) {
    const uint64_t dim = Unsigned(d, label + ": a dimension");
    if (dim > 0 && bytes > data.size() / dim) throw Malformed(label + " is larger than the file");
    bytes *= dim;
    view.dims.push_back(static_cast<int64_t>(std::min<uint64_t>(dim, INT64_MAX)));
  }
  extent = {Unsigned(entry.at("data_offsets")[0], label + ": an offset"),
            Unsigned(entry.at("data_offsets")[1], label + ": an offset"), name};
  if (extent.begin > extent.end) throw Malformed(label + " ends before it begins");
  if (extent.end > data.size()) throw Malformed(label + " lies outside the file; it may be truncated");
  if (extent.end - extent.begin != bytes) throw Malformed(label + ": its offsets do not fit its shape and dtype");
  if (extent.begin % ByteSize(view.dtype) != 0) throw Malformed(label + " is not aligned to its elements");
  view.bytes = data.subspan(extent.begin, bytes);
  return view;
}

/// The tensors must cover the data once: no holes, no overlaps.
void CheckCoverage(std::vector<Extent>& extents, uint64_t size) {
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  uint64_t position = 0;
  for (const Extent& e : extents) {
    if (e.begin != position)
      throw Malformed("tensor " + Quoted(e.name) +
                      (e.begin < position ? " overlaps the one before it" : " leaves a hole before it"));
    position = e.end;
  }
  if (position != size) throw Malformed("bytes after its last tensor belong to none");
}

int32_t IntegerAt(const TensorView& view, size_t i) {
  const uint8_t* p = view.bytes.data();
  switch (view.dtype) {
    case DType::kI8:
      return static_cast<int8_t>(p[i]);
    case DType::kU8:
      return p[i];
    case DType::kI16:
      return static_cast<int16_t>(p[2 * i] | (p[2 * i + 1] << 8));
    default:
      return static_cast<int32_t>(uint32_t{p[4 * i]} | uint32_t{p[4 * i + 1]} << 8 | uint32_t{p[4 * i + 2]} << 16 |
                                  uint32_t{p[4 * i + 3]} << 24);
  }
}

std::string DimsText(const std::vector<int64_t>& dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

Result<const TensorView*> FindChecked(const SafetensorsFile& file, const std::string& file_name,
                                      const std::string& name, const std::vector<int64_t>& dims, bool floats) {
  const TensorView* view = file.Find(name);
  if (view == nullptr)
    return ModelError(file_name + ": tensor " + Quoted(name) +
                      " is missing; the file is not a model of this architecture");
  if ((view->dtype == DType::kF32 || view->dtype == DType::kF16) != floats) {
    return ModelError(file_name + ": tensor " + Quoted(name) + " must hold " + (floats ? "F32 or F16" : "integers"));
  }
  if (view->dims != dims) {
    return ModelError(file_name + ": tensor " + Quoted(name) + " has the shape " + DimsText(view->dims) + ", but " +
                      DimsText(dims) + " is expected");
  }
  return view;
}

}  // namespace

size_t ByteSize(DType dtype) {
  switch (dtype) {
    case DType::kF32:
    case DType::kI32:
      return 4;
    case DType::kF16:
    case DType::kI16:
      return 2;
    default:
      return 1;
  }
}

bool LooksLikeSafetensors(std::span<const uint8_t> start) {
  return start.size() > 9 && start[8] == '{' && start[6] == 0 && start[7] == 0;
}

Result<SafetensorsFile> SafetensorsFile::Parse(std::span<const uint8_t> bytes, const std::string& name) {
  const auto refuse = [&](const std::string& why) { return ModelError(name + ": not a usable weights file: " + why); };
  if (bytes.size() < 8) return refuse("it has only " + std::to_string(bytes.size()) + " bytes");
  uint64_t length = 0;
  for (size_t i = 8; i-- > 0;) length = length << 8 | bytes[i];
  if (length > kMaxHeaderBytes) return refuse("its header claims more than 100 MB");
  if (length > bytes.size() - 8) return refuse("it ends inside its header; it may be truncated");
  const auto text = bytes.subspan(8, length);
  const auto data = bytes.subspan(8 + length);
  if (text.empty() || text[0] != '{') return refuse("its header does not begin with '{'");
  // To the JSON library a zero byte is the end.
  if (std::find(text.begin(), text.end(), 0) != text.end()) return refuse("its header holds a zero byte");

  SafetensorsFile file;
  file.name_ = name;
  try {
    HeaderWatch watch;
    const json header = json::parse(text.begin(), text.end(),
                                    [&](int, json::parse_event_t event, json& parsed) { return watch(event, parsed); });
    if (!header.is_object()) throw Malformed("its header is not an object");
    std::vector<Extent> extents;
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__") {
        if (!value.is_object()) throw Malformed("__metadata__ is not an object");
        for (const auto& [k, v] : value.items()) {
          if (!v.is_string()) throw Malformed("__metadata__ must map strings to strings");
          file.metadata_[k] = v.get<std::string>();
        }
        continue;
      }
      file.tensors_[key] = ReadEntry(key, value, data, extents.emplace_back());
    }
    // Damage is to be called damage, whatever else it makes of the file.
    AECOMP_ASSIGN_OR_RETURN(file.has_checksum_, CheckChecksum(bytes, text, file.metadata_, name));
    CheckCoverage(extents, data.size());
  } catch (const Malformed& e) {
    return refuse(e.what());
  } catch (const json::parse_error& e) {
    return refuse("its header is not JSON at byte " + std::to_string(e.byte));
  } catch (const json::exception&) {  // a number that fits no double
    return refuse("its header is not JSON: a number in it is out of range");
  }
  return file;
}

const TensorView* SafetensorsFile::Find(const std::string& name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? nullptr : &it->second;
}

Result<std::vector<float>> SafetensorsFile::ReadFloats(const std::string& name,
                                                       const std::vector<int64_t>& dims) const {
  AECOMP_ASSIGN_OR_RETURN(const TensorView* view, FindChecked(*this, name_, name, dims, true));
  std::vector<float> values(view->bytes.size() / ByteSize(view->dtype));
  if (values.empty()) return values;  // memcpy takes no null pointers, for no bytes either
  if (view->dtype != DType::kF16) {
    std::memcpy(values.data(), view->bytes.data(), view->bytes.size());
    return values;
  }
  std::array<uint16_t, 4096> halves;  // aligned
  for (size_t at = 0; at < values.size(); at += halves.size()) {
    const size_t count = std::min(halves.size(), values.size() - at);
    std::memcpy(halves.data(), view->bytes.data() + 2 * at, 2 * count);
    HalvesToFloats(halves.data(), count, values.data() + at);
  }
  return values;
}

Result<std::vector<int32_t>> SafetensorsFile::ReadIntegers(const std::string& name,
                                                           const std::vector<int64_t>& dims) const {
  AECOMP_ASSIGN_OR_RETURN(const TensorView* view, FindChecked(*this, name_, name, dims, false));
  std::vector<int32_t> values(view->bytes.size() / ByteSize(view->dtype));
  for (size_t i = 0; i < values.size(); ++i) values[i] = IntegerAt(*view, i);
  return values;
}

}  // namespace aecomp
