#include "train/run/settings.h"

#include <nlohmann/json.hpp>

namespace aecomp {
namespace {

constexpr double kImagePart = 0.35;  // of the free memory

template <class T>
void Adopt(const nlohmann::json& settings, const char* key, T automatic, T& option) {
  if (option == automatic) option = settings.value(key, automatic);
}

}  // namespace

std::string SettingsToJson(const TrainOptions& o) {
  return nlohmann::json{{"steps", o.steps},
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
                        {"patience", o.patience}}
      .dump();
}

void AdoptSettings(const std::string& settings, TrainOptions& o) {
  const nlohmann::json j = nlohmann::json::parse(settings, nullptr, /*allow_exceptions=*/false);
  if (!j.is_object()) return;
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
  Adopt(j, "validation_folder", std::string(), o.validation_folder);
  Adopt(j, "validate_steps", -1, o.validate_steps);
  Adopt(j, "patience", -1, o.patience);
}

void ApplyDefaults(bool trained, PriorType prior, double memory, TrainOptions& o) {
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
