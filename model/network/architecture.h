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
  /// lambda at `quality` in 1/16 steps: geometric interpolation.
  double LambdaAt(double quality) const;
};

/// What an architecture file says, with any prior. Its networks are not checked against each other yet: strides and
/// channel counts of the latent are those of the defaults. `name`: what messages call the file. kUsage with line and
/// column where it is not JSON; else with the key or layer that is wrong. For one that trains and codes see
/// ParseArchitecture.
Result<Architecture> ReadArchitecture(const std::string& json, const std::string& name);

}  // namespace aecomp
