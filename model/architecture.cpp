#include "model/architecture.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "model/graph.h"

namespace aecomp {
namespace {

using nlohmann::json;

Status Misfit(const std::string& name, const std::string& what) { return UsageError(name + ": " + what); }

Status CollectNames(const Network& network, std::set<std::string>& names) {
  for (const LayerSpec& spec : network) {
    if (!names.insert(spec.name).second) {
      return UsageError("layer '" + spec.name + "' (" + spec.type +
                        "): another layer has this name; rename one of them");
    }
    if (spec.type != "sum") continue;
    AECOMP_ASSIGN_OR_RETURN(const std::vector<Network> branches, SumBranches(spec));
    for (const Network& branch : branches) AECOMP_RETURN_IF_ERROR(CollectNames(branch, names));
  }
  return {};
}

/// Output shape of a network, or the misfit with the network's name in front.
Result<Shape> OutputShape(const std::string& file, const char* role, const Network& network, const Shape& input) {
  auto report = InferShapes(network, input);
  if (!report.ok()) return Misfit(file, std::string(role) + ": " + report.status().message());
  return report.value().empty() ? input : report.value().back().output;
}

Status Expect(const std::string& file, const std::string& what, const Shape& got, const Shape& expected) {
  if (got == expected) return {};
  return Misfit(file, what + " is " + got.ToString() + ", but " + expected.ToString() + " is expected");
}

/// Checks the networks against each other and finds the strides.
Status CheckShapes(Architecture& a, const std::string& file) {
  constexpr int kProbe = 256;  // pixels: any size that is a multiple of every plausible stride
  const Shape image{1, a.image_channels, kProbe, kProbe};
  AECOMP_ASSIGN_OR_RETURN(const Shape y, OutputShape(file, "encoder", a.encoder, image));
  AECOMP_ASSIGN_OR_RETURN(const Shape restored, OutputShape(file, "decoder", a.decoder, y));
  AECOMP_RETURN_IF_ERROR(Expect(file, "the decoder's output", restored, image));
  AECOMP_ASSIGN_OR_RETURN(const Shape z, OutputShape(file, "hyper_encoder", a.hyper_encoder, y));
  AECOMP_ASSIGN_OR_RETURN(const Shape features, OutputShape(file, "hyper_decoder", a.hyper_decoder, z));
  AECOMP_ASSIGN_OR_RETURN(const Shape sigma, OutputShape(file, "sigma_head", a.sigma_head, features));
  AECOMP_RETURN_IF_ERROR(Expect(file, "the sigma head's output", sigma, y));
  AECOMP_ASSIGN_OR_RETURN(const Shape mu, OutputShape(file, "mu_head", a.mu_head, features));
  AECOMP_RETURN_IF_ERROR(Expect(file, "the mu head's output", mu, y));
  AECOMP_ASSIGN_OR_RETURN(Shape seen, OutputShape(file, "context_in", a.context_in, y));
  seen.c += features.c;
  AECOMP_RETURN_IF_ERROR(Expect(file, "context_in's output beside the features", {1, seen.c, seen.h, seen.w},
                                {1, seen.c, features.h, features.w}));
  AECOMP_ASSIGN_OR_RETURN(const Shape correction, OutputShape(file, "context_out", a.context_out, seen));
  AECOMP_RETURN_IF_ERROR(Expect(file, "context_out's output", correction, y));
  if (y.h < 1 || z.h < 1 || y.h != y.w || z.h != z.w || kProbe % y.h != 0 || kProbe % z.h != 0) {
    return Misfit(file,
                  "the strides of encoder and hyper-encoder must be powers of two, at most 256 pixels; a 256x256 image "
                  "gave y of " +
                      y.ToString() + " and z of " + z.ToString());
  }
  a.latent_channels = y.c, a.hyper_channels = z.c;
  a.latent_stride = kProbe / y.h, a.hyper_stride = kProbe / z.h;
  return {};
}

Status ReadNetworks(const json& root, Architecture& a) {
  const auto read = [](const json& parent, const char* key, Network& network) -> Status {
    if (!parent.contains(key)) return UsageError(std::string("\"") + key + "\" is missing");
    auto parsed = ParseNetwork(parent.at(key));
    if (!parsed.ok()) return UsageError(std::string(key) + ": " + parsed.status().message());
    network = std::move(parsed).value();
    return {};
  };
  AECOMP_RETURN_IF_ERROR(read(root, "encoder", a.encoder));
  AECOMP_RETURN_IF_ERROR(read(root, "decoder", a.decoder));
  if (!root.contains("prior") || !root.at("prior").is_object()) return UsageError("\"prior\" must be an object");
  const json& prior = root.at("prior");
  if (prior.value("type", "") != "hyperprior") return UsageError("prior: \"type\" must be \"hyperprior\"");
  AECOMP_RETURN_IF_ERROR(read(prior, "hyper_encoder", a.hyper_encoder));
  AECOMP_RETURN_IF_ERROR(read(prior, "hyper_decoder", a.hyper_decoder));
  AECOMP_RETURN_IF_ERROR(read(prior, "sigma_head", a.sigma_head));
  AECOMP_RETURN_IF_ERROR(read(prior, "mu_head", a.mu_head));
  AECOMP_RETURN_IF_ERROR(read(prior, "context_in", a.context_in));
  return read(prior, "context_out", a.context_out);
}

Status ReadScalars(const json& root, Architecture& a) {
  a.name = root.value("name", "");
  a.image_channels = root.value("image_channels", 3);
  if (a.image_channels != 1 && a.image_channels != 3) return UsageError("\"image_channels\" must be 1 or 3");
  a.lambdas = root.at("lambdas").get<std::vector<double>>();
  if (a.lambdas.size() < 2 || a.lambdas.size() > 16) return UsageError("\"lambdas\" must list 2 to 16 numbers");
  for (size_t i = 0; i < a.lambdas.size(); ++i) {
    if (!(a.lambdas[i] > 0) || (i > 0 && a.lambdas[i] <= a.lambdas[i - 1])) {
      return UsageError("\"lambdas\" must be positive and rising");
    }
  }
  return {};
}

Status CheckNames(const Architecture& a) {
  std::set<std::string> names;
  for (const Network* n : {&a.encoder, &a.decoder, &a.hyper_encoder, &a.hyper_decoder, &a.sigma_head, &a.mu_head,
                           &a.context_in, &a.context_out}) {
    AECOMP_RETURN_IF_ERROR(CollectNames(*n, names));
  }
  return {};
}

}  // namespace

double Architecture::LambdaAt(double quality) const {
  const double position = quality / 16;
  const int lo = std::min(static_cast<int>(position), static_cast<int>(lambdas.size()) - 2);
  const double t = position - lo;
  return std::exp((1 - t) * std::log(lambdas[static_cast<size_t>(lo)]) +
                  t * std::log(lambdas[static_cast<size_t>(lo) + 1]));
}

Result<Network> ParseNetwork(const json& layers) {
  if (!layers.is_array()) return UsageError("a list of layers is expected");
  Network network;
  for (const json& layer : layers) {
    if (!layer.is_object() || !layer.contains("type") || !layer.at("type").is_string() || !layer.contains("name") ||
        !layer.at("name").is_string()) {
      return UsageError("layer " + std::to_string(network.size()) + ": \"type\" and \"name\" must be strings");
    }
    network.push_back({layer.at("type").get<std::string>(), layer.at("name").get<std::string>(),
                       std::make_shared<const json>(layer)});
  }
  return network;
}

Result<std::vector<Network>> SumBranches(const LayerSpec& sum) {
  const std::string label = "layer '" + sum.name + "' (sum)";
  const json& options = *sum.options;
  if (!options.contains("branches") || !options.at("branches").is_array() || options.at("branches").size() < 2) {
    return UsageError(label + ": \"branches\" must be a list of two or more lists of layers");
  }
  std::vector<Network> branches;
  for (const json& branch : options.at("branches")) {
    auto network = ParseNetwork(branch);
    if (!network.ok()) return UsageError(label + ": " + network.status().message());
    branches.push_back(std::move(network).value());
  }
  return branches;
}

Result<Architecture> ParseArchitecture(const std::string& text, const std::string& name) {
  Architecture a;
  a.json = text;
  try {
    const json root = json::parse(text);
    if (!root.is_object()) return Misfit(name, "an architecture is a JSON object");
    for (const Status& status : {ReadScalars(root, a), ReadNetworks(root, a), CheckNames(a)}) {
      if (!status.ok()) return Misfit(name, status.message());
    }
  } catch (const json::exception& e) {
    return Misfit(name, std::string("not a valid architecture: ") + e.what());
  }
  AECOMP_RETURN_IF_ERROR(CheckShapes(a, name));
  return a;
}

}  // namespace aecomp
