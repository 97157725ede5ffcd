#include "train/run/checkpoint.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>
#include <vector>

#include "io/file.h"
#include "model/base/json_text.h"
#include "model/base/number_check.h"
#include "model/base/onednn.h"
#include "model/base/safetensors.h"
#include "model/entropy/table_file.h"

namespace aecomp {
namespace {

constexpr uint64_t kMaxCheckpointBytes = uint64_t{8} << 30;
constexpr const char* kFormat = "aecomp checkpoint 1";

Result<SafetensorsFile> Open(const std::string& path, std::vector<uint8_t>& bytes) {
  AECOMP_ASSIGN_OR_RETURN(bytes, ReadFile(path, {.max_bytes = kMaxCheckpointBytes, .is_known = LooksLikeSafetensors}));
  AECOMP_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::Parse(bytes, path));
  const auto format = file.metadata().find("format");
  if (format == file.metadata().end() || format->second != kFormat) {
    return ModelError(path +
                      ": not a checkpoint of this program; resume from the file that training wrote beside its model");
  }
  return file;
}

/// Also the optimiser's two numbers, when there is one.
Status ReadNumbers(const SafetensorsFile& file, const std::string& path, TrainState& state, Adam* adam) {
  const auto text = [&](const char* key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  try {
    const nlohmann::json numbers = nlohmann::json::parse(file.metadata().at("state"));
    state.step = numbers.at("step"), state.hours = numbers.at("hours"), state.pixels = numbers.at("pixels");
    state.start = numbers.value("start", state.start);
    state.seed = numbers.at("seed"), state.history = file.metadata().at("history");
    state.settings = text("settings"), state.validation = text("validation"), state.images = text("images");
    state.has_checksum = file.has_checksum();
    if (state.step < 0 || state.pixels < 0 || !(state.hours >= 0 && std::isfinite(state.hours)))
      return ModelError(path + ": its training state is damaged; start from the model beside it with --init");
    if (adam == nullptr) return {};
    adam->set_steps(numbers.at("adam_steps")), adam->set_average_age(numbers.at("average_age"));
    adam->set_basis_steps(numbers.value("basis_steps", 0));
  } catch (const std::exception& e) {
    onednn::PassOnOutOfMemory(e);
    return ModelError(path + ": its training state is damaged (" + e.what() +
                      "); start from the model beside it with --init");
  }
  return {};
}

Status ReadFinite(const SafetensorsFile& file, const std::string& path, const std::string& name,
                  const std::vector<int64_t>& dims, std::vector<float>& values) {
  AECOMP_ASSIGN_OR_RETURN(values, file.ReadFloats(name, dims));
  if (AllWithin(values, std::numeric_limits<float>::max())) return {};
  return ModelError(path + ": its tensor \"" + name +
                    "\" holds a number that is not finite; start from the model beside it with --init");
}

/// Those with a basis, and their names in the file.
std::vector<std::pair<std::string, SoapBasis::Space*>> Spaces(const std::string& parameter, Adam::State& state) {
  std::vector<std::pair<std::string, SoapBasis::Space*>> list;
  for (size_t i = 0; state.basis && i < state.basis->spaces().size(); ++i) {
    SoapBasis::Space& space = state.basis->spaces()[i];
    if (!space.basis.empty()) list.emplace_back(parameter + '/' + std::to_string(i), &space);
  }
  return list;
}

}  // namespace

Status WriteCheckpoint(const std::string& path, const Architecture& architecture, const Parameters& parameters,
                       Adam& adam, const TrainState& state) {
  SafetensorsWriter writer;
  const nlohmann::json numbers = {{"step", state.step},
                                  {"hours", state.hours},
                                  {"pixels", state.pixels},
                                  {"seed", state.seed},
                                  {"start", state.start},
                                  {"adam_steps", adam.steps()},
                                  {"average_age", adam.average_age()},
                                  {"basis_steps", adam.basis_steps()}};
  writer.SetMetadata("format", kFormat);
  writer.SetMetadata("state", JsonText(numbers));
  writer.SetMetadata("history", state.history);
  writer.SetMetadata("settings", state.settings);
  writer.SetMetadata("validation", state.validation);
  writer.SetMetadata("images", state.images);
  writer.SetMetadata("architecture", architecture.json);
  if (!state.y_tables.empty()) SaveTables("y_tables", state.y_tables, writer);
  size_t index = 0;
  for (const Parameter& p : parameters.list()) {
    Adam::State& s = adam.states()[index++];
    writer.AddFloats("raw/" + p.name, p.dims, p.value, DType::kF32);
    writer.AddFloats("average/" + p.name, p.dims, s.average, DType::kF32);
    writer.AddFloats("m/" + p.name, p.dims, s.m, DType::kF32);
    writer.AddFloats("v/" + p.name, p.dims, s.v, DType::kF32);
    for (const auto& [name, space] : Spaces(p.name, s)) {
      const std::vector<int64_t> dims = {space->dimensions, space->dimensions};
      writer.AddFloats("gram/" + name, dims, space->average, DType::kF32);
      if (s.basis->turned()) writer.AddFloats("basis/" + name, dims, space->basis, DType::kF32);
    }
  }
  writer.AddChecksum();
  return WriteFileAtomically(path, writer.Serialize(), /*overwrite=*/true);
}

Result<std::string> CheckpointArchitecture(const std::string& path) {
  std::vector<uint8_t> bytes;
  AECOMP_ASSIGN_OR_RETURN(const SafetensorsFile file, Open(path, bytes));
  const auto text = file.metadata().find("architecture");
  if (text == file.metadata().end()) return ModelError(path + ": a checkpoint without its architecture; it is damaged");
  return text->second;
}

Status ReadCheckpoint(const std::string& path, Parameters& parameters, Adam& adam, TrainState& state) {
  std::vector<uint8_t> bytes;
  AECOMP_ASSIGN_OR_RETURN(const SafetensorsFile file, Open(path, bytes));
  AECOMP_RETURN_IF_ERROR(ReadNumbers(file, path, state, &adam));
  size_t index = 0;
  for (Parameter& p : parameters.list()) {
    Adam::State& s = adam.states()[index++];
    AECOMP_RETURN_IF_ERROR(ReadFinite(file, path, "raw/" + p.name, p.dims, p.value));
    AECOMP_RETURN_IF_ERROR(ReadFinite(file, path, "average/" + p.name, p.dims, s.average));
    AECOMP_RETURN_IF_ERROR(ReadFinite(file, path, "m/" + p.name, p.dims, s.m));
    AECOMP_RETURN_IF_ERROR(ReadFinite(file, path, "v/" + p.name, p.dims, s.v));
    if (adam.basis_steps() == 0) continue;
    for (const auto& [name, space] : Spaces(p.name, s)) {
      const std::vector<int64_t> dims = {space->dimensions, space->dimensions};
      AECOMP_RETURN_IF_ERROR(ReadFinite(file, path, "gram/" + name, dims, space->average));
      s.basis->set_turned(file.Find("basis/" + name) != nullptr);
      if (!s.basis->turned()) continue;
      AECOMP_RETURN_IF_ERROR(ReadFinite(file, path, "basis/" + name, dims, space->basis));
    }
  }
  parameters.MarkChanged();
  state.y_tables.clear();
  if (file.Find("y_tables.bounds") == nullptr) return {};
  AECOMP_ASSIGN_OR_RETURN(state.y_tables, LoadTables(file, "y_tables"));
  return {};
}

Result<TrainState> ReadTrainState(const std::string& path) {
  std::vector<uint8_t> bytes;
  AECOMP_ASSIGN_OR_RETURN(const SafetensorsFile file, Open(path, bytes));
  TrainState state;
  AECOMP_RETURN_IF_ERROR(ReadNumbers(file, path, state, nullptr));
  return state;
}

}  // namespace aecomp
