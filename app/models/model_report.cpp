#include "app/models/model_report.h"

#include <nlohmann/json.hpp>

#include "app/report.h"
#include "model/base/json_text.h"

namespace aecomp {

using Json = nlohmann::ordered_json;

Json DescribeModel(const Model& model, size_t bytes) {
  Json json = {{"type", "model"}, {"model", ToHex(model.id)}, {"model_built_in", IsBuiltIn(model.id)}};
  const Architecture& a = model.architecture;
  json["name"] = a.name;
  json["bytes"] = bytes;
  json["image_channels"] = a.image_channels;
  json["latent_channels"] = a.latent_channels;
  json["hyper_channels"] = a.hyper_channels;
  json["lambdas"] = a.lambdas;
  const Json provenance = Json::parse(model.provenance, nullptr, false);
  json["provenance"] = provenance.is_discarded() ? Json(model.provenance) : provenance;
  return json;
}

std::string ModelText(const Json& json) {
  const auto text = [&](const char* key) { return json[key].get<std::string>(); };
  const auto number = [&](const char* key) { return json[key].get<int>(); };
  std::string out = "  model    " + text("model") + (json["model_built_in"].get<bool>() ? " (built in)\n" : "\n");
  out += "  name     " + text("name") + "\n";
  out += "  size     " + HumanBytes(json["bytes"].get<uint64_t>()) + "\n";
  out += Format("  latent   %d channels, hyper %d, image %d\n", number("latent_channels"), number("hyper_channels"),
                number("image_channels"));
  out += "  lambdas  " + JsonText(json["lambdas"]) + "\n";
  const Json& provenance = json["provenance"];
  if (!provenance.is_object()) return out;
  for (const auto& [key, value] : provenance.items()) {
    out += Format("  %-8s ", key.c_str()) + (value.is_string() ? value.get<std::string>() : JsonText(value)) + "\n";
  }
  return out;
}

bool IsBuiltIn(const ModelId& id) {
  const auto file = EmbeddedModelFile();
  return !file.empty() && HashModel(file) == id;
}

}  // namespace aecomp
