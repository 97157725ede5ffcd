#include "model/network/architecture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "io/printable.h"
#include "model/base/json_text.h"
#include "model/base/nearest.h"
#include "model/network/layers/options.h"

namespace aecomp {
namespace {

using nlohmann::json;

constexpr size_t kMostLayers = 1000;

struct PriorNetwork {
  const char* key;
  Network Architecture::*network;
};
constexpr std::array<PriorNetwork, 6> kPriorNetworks = {{{"hyper_encoder", &Architecture::hyper_encoder},
                                                         {"hyper_decoder", &Architecture::hyper_decoder},
                                                         {"sigma_head", &Architecture::sigma_head},
                                                         {"mu_head", &Architecture::mu_head},
                                                         {"context_in", &Architecture::context_in},
                                                         {"context_out", &Architecture::context_out}}};

/// Refuses keys that an object does not have.
Status CheckKeys(const json& object, const std::string& where, const std::vector<std::string>& known) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    return UsageError(where + "unknown key " + PrintedValue(json(key)) + "; did you mean \"" + Nearest(key, known) +
                      "\"? There are " + Listed(known));
  }
  return {};
}

Status Expected(const std::string& key, const std::string& allowed, const json& root) {
  const auto it = root.find(key);
  if (it == root.end()) return UsageError("\"" + key + "\" is missing; it must be " + allowed);
  return UsageError("\"" + key + "\" must be " + allowed + ", got " + PrintedValue(*it));
}

Status ReadLambdas(const json& root, Architecture& a) {
  const Status bad = Expected("lambdas", "a list of 2 to 16 positive, rising numbers", root);
  const auto list = root.find("lambdas");
  if (list == root.end() || !list->is_array() || list->size() < 2 || list->size() > 16) return bad;
  for (const json& lambda : *list) {
    const double least = a.lambdas.empty() ? 0 : a.lambdas.back();
    if (!lambda.is_number() || !(lambda.get<double>() > least) || !std::isfinite(lambda.get<double>())) return bad;
    a.lambdas.push_back(lambda.get<double>());
  }
  if (const auto it = root.find("core_lambdas"); it != root.end()) {
    const bool fits = it->is_number_integer() && *it >= 2 && *it <= a.lambdas.size();
    if (!fits) return Expected("core_lambdas", "an integer from 2 to the number of lambdas", root);
    a.core_lambdas = it->get<int>();
  }
  if (const auto it = root.find("core_channels"); it != root.end()) {
    if (!it->is_number_integer() || *it < 1 || *it > 65536)
      return Expected("core_channels", "a positive integer", root);
    a.core_channels = it->get<int>();
  }
  return {};
}

Status ReadScalars(const json& root, Architecture& a) {
  constexpr int kMostTile = 1024;
  AECOMP_RETURN_IF_ERROR(CheckKeys(root, "",
                                   {"name", "image_channels", "tile", "lambdas", "core_lambdas", "core_channels",
                                    "training", "encoder", "decoder", "prior", "comment"}));
  if (const auto it = root.find("name"); it != root.end()) {
    if (!it->is_string()) return Expected("name", "a string", root);
    a.name = it->get<std::string>();
  }
  if (const auto it = root.find("image_channels"); it != root.end()) {
    if (*it != 1 && *it != 3) return Expected("image_channels", "1 or 3", root);
    a.image_channels = it->get<int>();
  }
  if (const auto it = root.find("tile"); it != root.end()) {
    const bool fits = it->is_number_integer() && *it >= 1 && *it <= kMostTile;
    if (!fits) return Expected("tile", "an integer from 1 to 1024, the width and height of all tiles in pixels", root);
    a.tile = it->get<int>();
  }
  if (const auto it = root.find("training"); it != root.end() && !it->is_object()) {
    return Expected("training", "an object", root);
  }
  return ReadLambdas(root, a);
}

Status ReadNetwork(const json& parent, const char* key, Network& network) {
  if (!parent.contains(key)) return Expected(key, "a list of layers", parent);
  auto parsed = ParseNetwork(parent.at(key));
  if (!parsed.ok()) return UsageError(std::string(key) + ": " + parsed.status().message());
  network = std::move(parsed).value();
  if (network.empty()) return UsageError(std::string(key) + ": a network needs at least one layer, got []");
  return {};
}

Status ReadPrior(const json& root, Architecture& a) {
  const std::vector<std::string> types = {"hyperprior", "factorized"};
  const auto prior = root.find("prior");
  if (prior == root.end() || !prior->is_object()) {
    return Expected("prior", R"(an object, {"type": "factorized"} or one of type "hyperprior")", root);
  }
  const auto type = prior->find("type");
  if (type == prior->end() || !type->is_string()) {
    const Status bad = Expected("type", R"("hyperprior" or "factorized")", *prior);
    return UsageError("prior: " + bad.message());
  }
  if (*type != types[0] && *type != types[1]) {
    return UsageError("prior: unknown type " + PrintedValue(*type) + "; did you mean \"" +
                      Nearest(type->get<std::string>(), types) + "\"? There are " + Listed(types));
  }
  a.prior = *type == types[0] ? PriorType::kHyperprior : PriorType::kFactorized;
  std::vector<std::string> keys = {"type"};
  for (const auto& [key, network] : kPriorNetworks) keys.push_back(key);
  if (a.prior == PriorType::kFactorized) {
    for (const auto& [key, network] : kPriorNetworks) {
      if (prior->contains(key)) {
        return UsageError("prior: a factorized prior has no networks; remove \"" + std::string(key) +
                          "\" or make its type \"hyperprior\"");
      }
    }
    return CheckKeys(*prior, "prior: ", {"type"});
  }
  AECOMP_RETURN_IF_ERROR(CheckKeys(*prior, "prior: ", keys));
  for (const auto& [key, network] : kPriorNetworks) {
    if (Status status = ReadNetwork(*prior, key, a.*network); !status.ok()) {
      return UsageError("prior: " + status.message());
    }
  }
  return {};
}

/// Names of layers are names of weights: each may occur once in the whole file.
Status CollectNames(const Network& network, const std::string& role, std::map<std::string, std::string>& names) {
  for (const LayerSpec& spec : network) {
    const auto [other, fresh] = names.insert({spec.name, role + " (" + spec.type + ")"});
    if (!fresh) {
      return UsageError(role + ": " + LayerLabel(spec) + ": a layer of " + other->second +
                        " has this name already; rename one of them");
    }
    if (names.size() > kMostLayers) return UsageError("more than 1000 layers");
    if (spec.type != "sum") continue;
    auto branches = SumBranches(spec);
    if (!branches.ok()) return UsageError(role + ": " + branches.status().message());
    for (const Network& branch : branches.value()) AECOMP_RETURN_IF_ERROR(CollectNames(branch, role, names));
  }
  return {};
}

Status CheckNames(const Architecture& a) {
  std::map<std::string, std::string> names;  // of layers -> "encoder (conv2d)"
  AECOMP_RETURN_IF_ERROR(CollectNames(a.encoder, "encoder", names));
  AECOMP_RETURN_IF_ERROR(CollectNames(a.decoder, "decoder", names));
  for (const auto& [role, network] : kPriorNetworks) AECOMP_RETURN_IF_ERROR(CollectNames(a.*network, role, names));
  return {};
}

Status Read(const std::string& text, Architecture& a) {
  AECOMP_ASSIGN_OR_RETURN(const json root, ParseJson(text));
  if (!root.is_object()) return UsageError("an architecture is a JSON object, got " + PrintedValue(root));
  AECOMP_RETURN_IF_ERROR(ReadScalars(root, a));
  AECOMP_RETURN_IF_ERROR(ReadNetwork(root, "encoder", a.encoder));
  AECOMP_RETURN_IF_ERROR(ReadNetwork(root, "decoder", a.decoder));
  AECOMP_RETURN_IF_ERROR(ReadPrior(root, a));
  return CheckNames(a);
}

/// A layer with every "residual" in it written as the "sum" that it is. Wrong ones stay as they are.
json WithoutResiduals(const json& layer) {
  if (!layer.is_object() || !layer.contains("type")) return layer;
  json result = layer;
  const auto expand = [](json& layers) {
    for (json& one : layers) one = WithoutResiduals(one);
  };
  if (layer.at("type") == "residual" && layer.contains("layers") && layer.at("layers").is_array() &&
      !layer.contains("branches")) {
    result["type"] = "sum";
    result["branches"] = {json::array(), layer.at("layers")};
    result.erase("layers");
  }
  if (result.at("type") == "sum" && result.contains("branches") && result.at("branches").is_array()) {
    for (json& branch : result.at("branches")) {
      if (branch.is_array()) expand(branch);
    }
  }
  return result;
}

Result<LayerSpec> ParseLayer(const json& written) {
  constexpr size_t kLongestName = 128;
  const json layer = WithoutResiduals(written);
  for (const char* key : {"type", "name"}) {
    if (!layer.is_object()) return UsageError("it must be an object, got " + PrintedValue(layer));
    if (!layer.contains(key) || !layer.at(key).is_string()) return Expected(key, "a string", layer);
  }
  LayerSpec spec{layer.at("type").get<std::string>(), layer.at("name").get<std::string>(),
                 std::make_shared<const json>(layer)};
  if (spec.name.empty() || spec.name.size() > kLongestName || HasControls(spec.name)) {
    return Expected("name", "1 to 128 bytes without control characters", layer);
  }
  if (spec.type == "residual") {
    AECOMP_RETURN_IF_ERROR(CheckOptionKeys(spec, {"layers"}));
    return UsageError(LayerLabel(spec) + ": " + Expected("layers", "a list of layers", layer).message());
  }
  if (spec.type != "sum" && FindLayerType(spec.type) == nullptr) return UnknownLayerType(spec);
  if (spec.type == "sum") AECOMP_RETURN_IF_ERROR(CheckOptionKeys(spec, {"branches"}));
  return spec;
}

}  // namespace

double Architecture::LambdaAt(double quality) const {
  const double position = quality / 16;
  const int lo = std::min(static_cast<int>(position), static_cast<int>(lambdas.size()) - 2);
  const double t = position - lo;
  return std::exp((1 - t) * std::log(lambdas[static_cast<size_t>(lo)]) +
                  t * std::log(lambdas[static_cast<size_t>(lo) + 1]));
}

Status UnknownLayerType(const LayerSpec& spec) {
  std::vector<std::string> known = LayerTypeNames();
  known.insert(known.end(), {"sum", "residual"});
  return UsageError("layer '" + spec.name + "': unknown type " + PrintedValue(json(spec.type)) + "; did you mean \"" +
                    Nearest(spec.type, known) + "\"? There are " + Listed(known));
}

Result<Network> ParseNetwork(const json& layers) {
  if (!layers.is_array()) return UsageError("a list of layers is expected, got " + PrintedValue(layers));
  if (layers.size() > kMostLayers) return UsageError("more than 1000 layers");
  Network network;
  for (const json& layer : layers) {
    auto spec = ParseLayer(layer);
    if (!spec.ok()) {
      // A layer is called by its number until it is known to have a name.
      const bool named = spec.status().message().starts_with("layer '");
      return named ? spec.status()
                   : UsageError("layer " + std::to_string(network.size() + 1) +
                                " of the list: " + spec.status().message());
    }
    network.push_back(std::move(spec).value());
  }
  return network;
}

Result<std::vector<Network>> SumBranches(const LayerSpec& sum) {
  const json& options = *sum.options;
  const auto list = options.find("branches");
  if (list == options.end() || !list->is_array() || list->size() < 2) {
    return UsageError(LayerLabel(sum) + ": " +
                      Expected("branches", "a list of two or more lists of layers", options).message());
  }
  std::vector<Network> branches;
  for (const json& branch : *list) {
    auto network = ParseNetwork(branch);
    if (!network.ok()) {
      return UsageError(LayerLabel(sum) + ": branch " + std::to_string(branches.size() + 1) + ": " +
                        network.status().message());
    }
    branches.push_back(std::move(network).value());
  }
  return branches;
}

Result<Architecture> ReadArchitecture(const std::string& text, const std::string& name) {
  Architecture a;
  a.json = text;
  try {
    if (Status status = Read(text, a); !status.ok()) return UsageError(name + ": " + status.message());
  } catch (const json::exception& e) {  // every access above is checked; this is the net below them
    return UsageError(name + ": not a valid architecture: " + e.what());
  }
  return a;
}

}  // namespace aecomp
