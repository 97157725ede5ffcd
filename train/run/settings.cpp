#include "train/run/settings.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "model/base/json_text.h"

namespace aecomp {
namespace {

constexpr double kImagePart = 0.35;  // of the free memory

/// Names are bytes, JSON is UTF-8: the validation folder once more, byte by byte, where its name is not.
constexpr const char* kFolderBytes = "validation_folder_bytes";
using Bytes = std::vector<uint8_t>;

bool IsUtf8(const std::string& text) { return nlohmann::json::parse(JsonText(nlohmann::json(text))) == text; }

template <class T>
void Adopt(const nlohmann::json& settings, const char* key, T automatic, T& option) {
  if (option == automatic) option = settings.value(key, automatic);
}

Status AdoptTune(const nlohmann::json& settings, Tune& tune) {
  const std::string kept = settings.value("tune", TuneName(Tune::kPsnr));
  for (const Tune known : {Tune::kVisual, Tune::kPsnr}) {
    if (kept != TuneName(known)) continue;
    if (tune == Tune::kAutomatic) tune = known;
    if (tune == known) return {};
    return UsageError("the checkpoint is of a run with --tune " + kept + "; leave --tune out to go on with it, or " +
                      "start a new run from its model with --init");
  }
  return ModelError("the checkpoint is of a run with --tune " + kept +
                    ", which this program does not know; use a newer one");
}

}  // namespace

std::string SettingsToJson(const TrainOptions& o) {
  nlohmann::json settings = {{"tune", TuneName(o.tune)},
                             {"steps", o.steps},
                             {"hours", o.hours},
                             {"batch", o.batch},
                             {"patch", o.patch},
                             {"learning_rate", o.learning_rate},
                             {"last_rate", o.last_rate},
                             {"reduce", o.reduce},
                             {"bfloat16", o.bfloat16},
                             {"noise", o.noise},
                             {"fake_quantise", o.fake_quantise},
                             {"file_rate", o.file_rate},
                             {"image_memory", o.image_memory},
                             {"validation_folder", o.validation_folder},
                             {"validate_steps", o.validate_steps},
                             {"patience", o.patience}};
  if (!IsUtf8(o.validation_folder))
    settings[kFolderBytes] = Bytes(o.validation_folder.begin(), o.validation_folder.end());
  return JsonText(settings);
}

Status AdoptSettings(const std::string& settings, TrainOptions& o) {
  nlohmann::json j = nlohmann::json::parse(settings, nullptr, /*allow_exceptions=*/false);
  if (!j.is_object()) j = nlohmann::json::object();
  AECOMP_RETURN_IF_ERROR(AdoptTune(j, o.tune));
  if (o.steps == 0 && o.hours == 0) o.steps = j.value("steps", o.steps), o.hours = j.value("hours", o.hours);
  Adopt(j, "batch", 0, o.batch);
  Adopt(j, "patch", 0, o.patch);
  const bool own_rate = o.learning_rate != 0;
  Adopt(j, "learning_rate", 0.0, o.learning_rate);
  if (!own_rate) Adopt(j, "last_rate", 0.0, o.last_rate);
  Adopt(j, "reduce", -1.0, o.reduce);
  Adopt(j, "bfloat16", false, o.bfloat16);
  Adopt(j, "noise", -1.0, o.noise);
  Adopt(j, "fake_quantise", -1.0, o.fake_quantise);
  Adopt(j, "file_rate", -1.0, o.file_rate);
  Adopt(j, "image_memory", int64_t{0}, o.image_memory);
  if (o.validation_folder.empty() && j.contains(kFolderBytes)) {
    const Bytes bytes = j.at(kFolderBytes);
    o.validation_folder.assign(bytes.begin(), bytes.end());
  }
  Adopt(j, "validation_folder", std::string(), o.validation_folder);
  Adopt(j, "validate_steps", -1, o.validate_steps);
  Adopt(j, "patience", -1, o.patience);
  return {};
}

void ApplyDefaults(bool trained, PriorType prior, double memory, TrainOptions& o) {
  if (o.tune == Tune::kAutomatic) o.tune = Tune::kVisual;
  if (o.learning_rate == 0) o.learning_rate = trained ? kTuningRate : kScratchRate;
  if (o.last_rate == 0) o.last_rate = kLastRate * o.learning_rate;
  if (o.reduce < 0) o.reduce = trained ? 0 : kReducedPart;
  if (o.noise < 0) o.noise = 0;
  if (o.fake_quantise < 0) o.fake_quantise = 1;
  if (o.file_rate < 0) o.file_rate = prior == PriorType::kHyperprior && o.noise == 0 ? kFileRatePart : 1;
  if (o.image_memory == 0) o.image_memory = static_cast<int64_t>(kImagePart * memory);
  if (o.validate_steps < 0) o.validate_steps = kValidateSteps;
  if (o.patience < 0) o.patience = kPatience;
}

}  // namespace aecomp
