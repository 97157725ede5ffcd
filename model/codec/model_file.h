// A model: architecture, parameters, integer prior, provenance, in one safetensors file.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/container.h"
#include "io/status.h"
#include "model/base/parameters.h"
#include "model/entropy/factorized_prior.h"
#include "model/entropy/integer_means.h"
#include "model/entropy/integer_prior.h"
#include "model/integer/integer_transforms.h"
#include "model/network/architecture.h"

namespace aecomp {

/// The purpose that a model is loaded for. One that only compresses or only decompresses loads in about half the time.
enum class ModelUse { kBoth, kCompression, kDecompression };

struct Model {
  ModelUse use = ModelUse::kBoth;
  Architecture architecture;
  Parameters parameters;                             ///< what coding uses (the EMA of training); see `use`
  IntegerPrior prior;                                ///< of a hyperprior
  IntegerMeans means;                                ///< of a hyperprior
  FactorizedPrior factorized;                        ///< of a factorized one
  std::shared_ptr<const IntegerTransforms> integer;  ///< null: the transforms run in f32 only
  std::string provenance;                            ///< JSON: data, steps, hours, pixels, commit, command
  ModelId id{};                                      ///< hash of the file
};

/// `name`: what messages call the file. Refuses (kModel) a file that does not match its checksum and one that holds a
/// number from which no finite result could come. Of a file that has no checksum both sides are loaded, whatever `use`
/// says, since either may be damaged.
Result<std::unique_ptr<Model>> ParseModel(std::span<const uint8_t> file, const std::string& name,
                                          ModelUse use = ModelUse::kBoth);
Result<std::unique_ptr<Model>> ReadModel(const std::string& path, ModelUse use = ModelUse::kBoth);

/// The same for a file of weights: a model's file whose integer prior is missing or stays unread. Model::prior is
/// empty.
Result<std::unique_ptr<Model>> ReadWeights(const std::string& path);
/// A file of weights (f32), for other programs: without a checksum, since they may change it.
Result<std::vector<uint8_t>> SerializeWeights(const Model& model);

/// The file of a model (parameters in f16), with a checksum. `prior`, `means` and `ranges` must belong to the
/// parameters as rounded to f16; without ranges the transforms run in f32 only.
Result<std::vector<uint8_t>> SerializeModel(const Architecture& architecture, const Parameters& parameters,
                                            const IntegerPrior& prior, const IntegerMeans& means,
                                            const std::string& provenance,
                                            const std::optional<TransformRanges>& ranges = std::nullopt);

/// The same for an architecture with a factorized prior.
Result<std::vector<uint8_t>> SerializeModel(const Architecture& architecture, const Parameters& parameters,
                                            const FactorizedPrior& prior, const std::string& provenance);

ModelId HashModel(std::span<const uint8_t> file);

/// The released model that is linked into the program; empty when the program was built without one.
std::span<const uint8_t> EmbeddedModelFile();

}  // namespace aecomp
