#include "model/codec/model_file.h"

#include <algorithm>

#include "io/file.h"
#include "io/hash.h"
#include "io/printable.h"
#include "model/base/number_check.h"
#include "model/base/onednn.h"
#include "model/base/parallel_tasks.h"
#include "model/entropy/coding_check.h"
#include "model/network/graph.h"

namespace aecomp {
namespace {

constexpr const char* kFormatKey = "aecomp.format";
constexpr const char* kFormat = "1";
constexpr const char* kArchitectureKey = "aecomp.architecture";
constexpr const char* kProvenanceKey = "aecomp.provenance";

/// Parameters of all layers of a network, by shape inference; `shape` becomes the network's output.
Status CollectParameters(const Network& network, Shape& shape, std::vector<ParameterSpec>& specs) {
  for (const LayerSpec& spec : network) {
    if (spec.type == "sum") {
      AECOMP_ASSIGN_OR_RETURN(const std::vector<Network> branches, SumBranches(spec));
      Shape output = shape;
      for (const Network& branch : branches) {
        output = shape;
        AECOMP_RETURN_IF_ERROR(CollectParameters(branch, output, specs));
      }
      shape = output;
      continue;
    }
    const LayerType* type = FindLayerType(spec.type);
    if (type == nullptr) return ModelError("layer '" + spec.name + "': unknown type \"" + spec.type + "\"");
    AECOMP_ASSIGN_OR_RETURN(LayerInfo info, type->infer(spec, shape));
    std::move(info.parameters.begin(), info.parameters.end(), std::back_inserter(specs));
    shape = info.output;
  }
  return {};
}

/// Every parameter that a model of this architecture has, or those that are needed.
Result<std::vector<ParameterSpec>> ExpectedParameters(const Architecture& a, ModelUse use = ModelUse::kBoth) {
  std::vector<ParameterSpec> specs, unused;
  std::vector<ParameterSpec>& encoding = use == ModelUse::kDecompression ? unused : specs;
  std::vector<ParameterSpec>& decoding = use == ModelUse::kCompression ? unused : specs;
  const int size = a.tile != 0 ? a.tile : 4 * a.hyper_stride;
  Shape image{1, a.image_channels, size, size};
  AECOMP_RETURN_IF_ERROR(CollectParameters(a.encoder, image, encoding));
  Shape y = image, z = y;
  AECOMP_RETURN_IF_ERROR(CollectParameters(a.decoder, image, decoding));
  const int64_t rows = std::ssize(a.lambdas), m = a.latent_channels, n = a.hyper_channels;
  if (a.prior == PriorType::kFactorized) {
    specs.insert(specs.end(),
                 {{"log_gain", {rows, m}}, {"log_step", {rows, m}}, {"y_log_scale", {rows, m}}, {"y_mean", {m}}});
    return specs;
  }
  AECOMP_RETURN_IF_ERROR(CollectParameters(a.hyper_encoder, z, encoding));
  Shape features = z;
  AECOMP_RETURN_IF_ERROR(CollectParameters(a.hyper_decoder, features, specs));
  Shape sigma = features, mu = features, seen = y;
  AECOMP_RETURN_IF_ERROR(CollectParameters(a.sigma_head, sigma, specs));
  AECOMP_RETURN_IF_ERROR(CollectParameters(a.mu_head, mu, specs));
  AECOMP_RETURN_IF_ERROR(CollectParameters(a.context_in, seen, specs));
  seen.c += features.c;
  AECOMP_RETURN_IF_ERROR(CollectParameters(a.context_out, seen, specs));
  specs.insert(specs.end(), {{"log_gain", {rows, m}},
                             {"log_step", {rows, m}},
                             {"log_sigma", {m}},
                             {"log_z_gain", {rows, n}},
                             {"z_log_scale", {rows, n}},
                             {"z_mean", {n}}});
  return specs;
}

/// The largest magnitude of a parameter in a model file: what 16 bits hold, or, of logarithms, what keeps products of
/// their exponentials finite.
float MostOf(const std::string& parameter) {
  constexpr float kMost = 65504, kMostLog = 40;
  return parameter.starts_with("log_") || parameter.ends_with("_log_scale") ? kMostLog : kMost;
}

Status LoadParameters(const SafetensorsFile& file, const std::string& name, Model& model) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<ParameterSpec> specs, ExpectedParameters(model.architecture, model.use));
  for (const ParameterSpec& spec : specs) model.parameters.FindOrAdd(spec.name, {0}).dims = spec.dims;
  AECOMP_RETURN_IF_ERROR(ParallelTasks(specs.size(), [&](size_t i) -> Status {
    const ParameterSpec& spec = specs[i];
    AECOMP_ASSIGN_OR_RETURN(std::vector<float> values, file.ReadFloats(spec.name, spec.dims));
    if (!AllFinite(values)) {
      return ModelError(name + ": tensor \"" + spec.name + "\" holds a number that is not finite");
    }
    if (!AllWithin(values, MostOf(spec.name))) {
      return ModelError(name + ": tensor \"" + spec.name + "\" holds a number that no working model has");
    }
    model.parameters.Find(spec.name)->value = std::move(values);
    return {};
  }));
  model.parameters.MarkChanged();
  return {};
}

Result<std::string> ReadMetadata(const SafetensorsFile& file, const std::string& name) {
  const auto& metadata = file.metadata();
  const auto format = metadata.find(kFormatKey), architecture = metadata.find(kArchitectureKey);
  if (format == metadata.end() || architecture == metadata.end()) {
    return ModelError(name + ": a weights file, but not a model of aecomp (its metadata names no architecture)");
  }
  if (format->second != kFormat) {
    return ModelError(name + ": a model of format " + Printable(format->second, 20) + ", this program reads format " +
                      kFormat + "; use a newer program");
  }
  return architecture->second;
}

/// The same error as one about this model file.
Status InFile(const std::string& name, const Status& status) {
  const bool named = status.message().starts_with(name + ": ");
  return ModelError(named ? status.message() : name + ": " + status.message());
}

Result<std::unique_ptr<Model>> Parse(std::span<const uint8_t> bytes, const std::string& name, bool with_prior,
                                     ModelUse use) {
  AECOMP_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::Parse(bytes, name));
  AECOMP_ASSIGN_OR_RETURN(const std::string architecture, ReadMetadata(file, name));
  // Nothing says that a file without a checksum is whole, so all of it is looked at, also what stays unused.
  if (!file.has_checksum() && bytes.data() != EmbeddedModelFile().data()) use = ModelUse::kBoth;
  auto model = std::make_unique<Model>();
  model->use = use;
  AECOMP_ASSIGN_OR_RETURN(model->architecture, ParseArchitecture(architecture, name + ": its architecture"));
  AECOMP_RETURN_IF_ERROR(LoadParameters(file, name, *model));
  if (with_prior && model->architecture.prior == PriorType::kFactorized) {
    AECOMP_ASSIGN_OR_RETURN(model->factorized, FactorizedPrior::Load(model->architecture, file));
  } else if (with_prior) {
    AECOMP_RETURN_IF_ERROR(ParallelTasks(2, [&](size_t part) -> Status {
      if (part == 0) {
        const bool encoder = use != ModelUse::kDecompression, decoder = use != ModelUse::kCompression;
        AECOMP_ASSIGN_OR_RETURN(model->integer,
                                LoadIntegerTransforms(model->architecture, model->parameters, file, encoder, decoder));
        return {};
      }
      AECOMP_ASSIGN_OR_RETURN(model->prior, IntegerPrior::Load(model->architecture, file));
      AECOMP_ASSIGN_OR_RETURN(model->means, IntegerMeans::Load(model->architecture, model->parameters,
                                                               model->prior.feature_scales(), file));
      return {};
    }));
  }
  if (const auto it = file.metadata().find(kProvenanceKey); it != file.metadata().end()) model->provenance = it->second;
  model->id = HashModel(bytes);
  return model;
}

Result<std::unique_ptr<Model>> ParseNamed(std::span<const uint8_t> file, const std::string& name, bool with_prior,
                                          ModelUse use = ModelUse::kBoth) {
  try {
    auto model = Parse(file, name, with_prior, use);
    if (!model.ok()) return InFile(name, model.status());
    return model;
  } catch (const std::exception& e) {  // out of memory
    onednn::PassOnOutOfMemory(e);
    return ModelError(name + ": cannot be loaded: " + e.what());
  }
}

Status AddParameters(const Architecture& architecture, const Parameters& parameters, DType dtype,
                     const std::string& provenance, SafetensorsWriter& writer) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<ParameterSpec> specs, ExpectedParameters(architecture));
  for (const ParameterSpec& spec : specs) {
    const Parameter* p = parameters.Find(spec.name);
    if (p == nullptr || p->dims != spec.dims) {
      return ModelError("parameter \"" + spec.name + "\" is missing or has another shape: the model cannot be written");
    }
    writer.AddFloats(p->name, p->dims, p->value, dtype);
  }
  writer.SetMetadata(kFormatKey, kFormat);
  writer.SetMetadata(kArchitectureKey, architecture.json);
  writer.SetMetadata(kProvenanceKey, provenance);
  return {};
}

}  // namespace

Result<std::unique_ptr<Model>> ParseModel(std::span<const uint8_t> file, const std::string& name, ModelUse use) {
  return ParseNamed(file, name, /*with_prior=*/true, use);
}

constexpr ReadOptions kReadOptions = {.is_known = LooksLikeSafetensors};

Result<std::unique_ptr<Model>> ReadModel(const std::string& path, ModelUse use) {
  auto bytes = ReadFile(path, kReadOptions);
  if (!bytes.ok()) return ModelError(bytes.status().message());
  return ParseNamed(bytes.value(), path, /*with_prior=*/true, use);
}

Result<std::unique_ptr<Model>> ReadWeights(const std::string& path) {
  auto bytes = ReadFile(path, kReadOptions);
  if (!bytes.ok()) return ModelError(bytes.status().message());
  return ParseNamed(bytes.value(), path, /*with_prior=*/false);
}

Result<std::vector<uint8_t>> SerializeWeights(const Model& model) {
  SafetensorsWriter writer;
  AECOMP_RETURN_IF_ERROR(AddParameters(model.architecture, model.parameters, DType::kF32, model.provenance, writer));
  return writer.Serialize();
}

Result<std::vector<uint8_t>> SerializeModel(const Architecture& architecture, const Parameters& parameters,
                                            const IntegerPrior& prior, const IntegerMeans& means,
                                            const std::string& provenance,
                                            const std::optional<TransformRanges>& ranges) {
  SafetensorsWriter writer;
  AECOMP_RETURN_IF_ERROR(AddParameters(architecture, parameters, DType::kF16, provenance, writer));
  AECOMP_RETURN_IF_ERROR(prior.Save(writer));
  means.Save(writer);
  if (ranges) SaveRanges(*ranges, writer);
  writer.AddChecksum();
  return writer.Serialize();
}

Result<std::vector<uint8_t>> SerializeModel(const Architecture& architecture, const Parameters& parameters,
                                            const FactorizedPrior& prior, const std::string& provenance) {
  SafetensorsWriter writer;
  AECOMP_RETURN_IF_ERROR(AddParameters(architecture, parameters, DType::kF16, provenance, writer));
  prior.Save(writer);
  writer.AddChecksum();
  return writer.Serialize();
}

ModelId HashModel(std::span<const uint8_t> file) {
  const auto hash = Hash128(file);
  ModelId id{};
  std::copy_n(hash.begin(), id.size(), id.begin());
  return id;
}

}  // namespace aecomp
