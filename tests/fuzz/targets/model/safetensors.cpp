// Weights files: what every model and checkpoint is made of.
#include "model/base/safetensors.h"

#include "tests/fuzz/mutators/safetensors.h"

namespace aecomp::fuzz {
namespace {

bool Accepts(View input) {
  // Views into the file must be aligned whatever the file's own place is.
  const auto file = SafetensorsFile::Parse(input, "a.safetensors");
  if (!file.ok()) {
    Promise(file.status().code() == StatusCode::kModel, "a weights file is a model");
    PromiseMessage(file.status().message());
    return false;
  }
  size_t covered = 0;
  for (const auto& [name, tensor] : file.value().tensors()) {
    covered += tensor.bytes.size();
    const auto floats = file.value().ReadFloats(name, tensor.dims);
    const auto integers = file.value().ReadIntegers(name, tensor.dims);
    Promise(floats.ok() != integers.ok(), "a tensor holds floats or integers");
    const size_t size = floats.ok() ? floats.value().size() : integers.value().size();
    Promise(size * ByteSize(tensor.dtype) == tensor.bytes.size(), "a tensor has as many values as its shape says");
    const Status other = file.value().ReadFloats(name, {12345, 6}).status();
    if (!other.ok()) PromiseMessage(other.message());
  }
  Promise(covered <= input.size(), "tensors do not overlap");
  return true;
}

std::vector<Bytes> Seeds() {
  SafetensorsWriter writer;
  const std::vector<float> floats = {1, -2, 0.5f, 3, 4, 5};
  const std::vector<int32_t> integers = {1, -2, 3};
  writer.SetMetadata("format", "pt");
  writer.AddFloats("a", {2, 3}, floats, DType::kF32);
  writer.AddFloats("b", {6, 1}, floats, DType::kF16);
  writer.AddIntegers("c", {3}, integers, DType::kI8);
  writer.AddIntegers("d", {3}, integers, DType::kI32);
  writer.AddIntegers("empty", {0, 4}, {}, DType::kI16);
  return {writer.Serialize(), SafetensorsWriter().Serialize()};
}

}  // namespace

Target SafetensorsTarget() { return {"safetensors", Accepts, Seeds, MutateSafetensors}; }

}  // namespace aecomp::fuzz
