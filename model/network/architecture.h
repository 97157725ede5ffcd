// An architecture is data: a JSON file that lists the layers of encoder, decoder and prior (data/arch/*.json).
#pragma once

#include <string>
#include <vector>

#include "io/status.h"
#include "model/network/layer.h"

namespace aecomp {

/// A network: layers in sequence. A layer of type "sum" has branches that all read its input; an empty branch is the
/// identity, so a residual block is a sum of [] and its layers. A layer of type "residual" with "layers" is read as
/// such a sum.
using Network = std::vector<LayerSpec>;

/// A JSON array of layer objects as a Network; their options are checked later, by shape inference.
Result<Network> ParseNetwork(const nlohmann::json& layers);

/// The branches of a "sum".
Result<std::vector<Network>> SumBranches(const LayerSpec& sum);

/// The error for a layer of an unknown type; it names the nearest known one.
Status UnknownLayerType(const LayerSpec& spec);

/// Entropy model of the latent.
enum class PriorType {
  kHyperprior,  ///< networks predict mean and scale of every element of y from z and from the other half of y
  kFactorized   ///< no networks: every channel of y has a table of its own
};

struct Architecture {
  std::string name;
  std::string json;  ///< the text it was parsed from, kept in the model file
  int image_channels = 3;
  int latent_channels = 0;  ///< M
  int hyper_channels = 0;   ///< N, channels of z
  int latent_stride = 16;   ///< pixels per element of y, each way
  int hyper_stride = 64;    ///< pixels per element of z, each way; images are padded to a multiple of this
  int tile = 0;  ///< pixels each way when the networks take images of one size only; 0: any multiple of hyper_stride
  int tile_rows = 0, tile_columns = 0;  ///< elements of y in one tile; 0 without tile
  PriorType prior = PriorType::kHyperprior;
  std::vector<double>
      lambdas;  ///< rate-distortion trade-off at quality 0, 16, 32, ... (1/16 steps), in bpp + lambda*255^2*mse

  /// The first so many lambdas set the middle of the quality axis, and the first so many channels of y what activity is
  /// usual; 0: all of them. A model that was grown keeps those of the one that it was grown from.
  int core_lambdas = 0, core_channels = 0;

  Network encoder;  ///< image -> y before gain      [C, H, W] -> [M, H/16, W/16]
  Network decoder;  ///< y^ -> image                 [M, H/16, W/16] -> [C, H, W]
  // Of a hyperprior; empty otherwise.
  Network hyper_encoder;  ///< companded y -> z            [M, H/16, W/16] -> [N, H/64, W/64]
  Network hyper_decoder;  ///< z^ -> features              [N, H/64, W/64] -> [K, H/16, W/16]; ends in relu
  Network sigma_head;     ///< features -> log sigma       [K] -> [M]
  Network mu_head;        ///< features -> mu              [K] -> [M]
  Network context_in;     ///< companded first half of y^  [M] -> [K]
  Network context_out;    ///< concat(features, context_in) -> correction of mu  [2K] -> [M]

  int max_quality() const { return 16 * (static_cast<int>(lambdas.size()) - 1); }
  /// The last quality of the core lambdas, and the one halfway to it.
  int core_quality() const { return 16 * (static_cast<int>(core_count()) - 1); }
  int middle_quality() const { return core_quality() / 2; }
  /// The row of log_gain that gives the fixed scale in which the entropy networks see y.
  size_t middle_row() const { return core_count() / 2; }
  int usual_channels() const { return core_channels > 0 ? core_channels : latent_channels; }
  /// lambda at `quality` in 1/16 steps: geometric interpolation.
  double LambdaAt(double quality) const;

 private:
  size_t core_count() const { return core_lambdas > 0 ? static_cast<size_t>(core_lambdas) : lambdas.size(); }
};

/// What an architecture file says, with any prior. Its networks are not checked against each other yet: strides and
/// channel counts of the latent are those of the defaults. `name`: what messages call the file. kUsage with line and
/// column where it is not JSON; else with the key or layer that is wrong. For one that trains and codes see
/// ParseArchitecture.
Result<Architecture> ReadArchitecture(const std::string& json, const std::string& name);

}  // namespace aecomp
