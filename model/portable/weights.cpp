#include "model/portable/weights.h"

namespace aecomp_portable {
namespace {

size_t SizeOf(const std::string& type) {
  if (type == "F32" || type == "I32") return 4;
  if (type == "F16" || type == "I16") return 2;
  return type == "I8" || type == "U8" ? 1 : 0;
}

/// Exact: f32 holds every f16.
float FromHalf(uint16_t half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  float v = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                          : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  if (exponent == 31) v = HUGE_VALF;  // refused by whoever reads it
  return (half & 0x8000) != 0 ? -v : v;
}

}  // namespace

Status Weights::Read(Bytes file) {
  const uint64_t length = file.U64();
  if (!file.ok() || length > 100000000 || length > file.remaining()) return BadModel("not a model file, or truncated");
  const Bytes text = file.Take(length);
  if (!ParseJson(reinterpret_cast<const char*>(text.data()), text.size(), &header_)) {
    return BadModel("not a model file: its header is no JSON");
  }
  data_ = file.Take(file.remaining());
  const Json* metadata = header_.Find("__metadata__");
  const std::string format = metadata == nullptr ? "" : metadata->Text("aecomp.format");
  if (format.empty()) return BadModel("a weights file, but not a model of aecomp");
  if (format != "1") return BadModel("a model of format " + format.substr(0, 20) + "; use a newer decoder");
  const std::string json = metadata->Text("aecomp.architecture");
  if (!ParseJson(json.data(), json.size(), &architecture_)) return BadModel("its architecture is no JSON");
  return {};
}

Status Weights::Find(const std::string& name, const std::vector<int64_t>& dims, Tensor* tensor) const {
  const auto refuse = [&](const char* why) { return BadModel("tensor \"" + name + "\" " + why); };
  const Json* entry = header_.Find(name);
  if (entry == nullptr) return refuse("is missing");
  const Json *shape = entry->Find("shape"), *offsets = entry->Find("data_offsets");
  tensor->type = entry->Text("dtype");
  const size_t size = SizeOf(tensor->type);
  if (shape == nullptr || offsets == nullptr || offsets->items.size() != 2 || size == 0) return refuse("is damaged");
  if (shape->items.size() != dims.size()) return refuse("has another shape than the architecture says");
  double count = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    const double n = shape->items[i].number;
    if (!(n >= 0) || n != std::floor(n)) return refuse("is damaged");
    if (dims[i] >= 0 && n != static_cast<double>(dims[i]))
      return refuse("has another shape than the architecture says");
    count *= n;
  }
  const double begin = offsets->items[0].number, end = offsets->items[1].number;
  const auto all = static_cast<double>(data_.size());
  if (!(begin >= 0 && begin <= end && end <= all) || end - begin != count * static_cast<double>(size) ||
      begin != std::floor(begin)) {
    return refuse("lies outside the file, or does not fit its shape; the file may be truncated");
  }
  tensor->count = static_cast<size_t>(count);
  tensor->data = Bytes(data_.data() + static_cast<size_t>(begin), tensor->count * size);
  return {};
}

Status Weights::Integers(const std::string& name, const std::vector<int64_t>& dims,
                         std::vector<int32_t>* values) const {
  Tensor t;
  PORTABLE_TRY(Find(name, dims, &t));
  if (t.type[0] == 'F') return BadModel("tensor \"" + name + "\" holds no integers");
  values->resize(t.count);
  for (int32_t& v : *values) {
    v = t.type == "I8"    ? static_cast<int8_t>(t.data.U8())
        : t.type == "U8"  ? t.data.U8()
        : t.type == "I16" ? static_cast<int16_t>(t.data.U16())
                          : static_cast<int32_t>(t.data.U32());
  }
  return {};
}

Status Weights::Floats(const std::string& name, const std::vector<int64_t>& dims, std::vector<float>* values) const {
  Tensor t;
  PORTABLE_TRY(Find(name, dims, &t));
  if (t.type[0] != 'F') return BadModel("tensor \"" + name + "\" holds integers");
  values->resize(t.count);
  for (float& v : *values) {
    if (t.type == "F16") {
      v = FromHalf(t.data.U16());
    } else {
      const uint32_t bits = t.data.U32();
      std::memcpy(&v, &bits, sizeof v);
    }
    if (!std::isfinite(v) || std::fabs(v) > 65504) return BadModel("tensor \"" + name + "\" holds no usable number");
  }
  return {};
}

}  // namespace aecomp_portable
