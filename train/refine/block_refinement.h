// The refinement of one block of an image, see latent_refiner.h.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/base/tensor.h"
#include "model/codec/latents.h"
#include "model/entropy/coding_tables.h"
#include "model/network/architecture.h"
#include "train/loss/latent_stages.h"
#include "train/loss/prior_networks.h"
#include "train/loss/prior_tables.h"
#include "train/loss/rate_distortion.h"
#include "train/loss/symbol_prices.h"
#include "train/loss/tiled_network.h"
#include "train/refine/annealed_rounding.h"
#include "train/refine/latent_refiner.h"

namespace aecomp {

/// What an image has in a block.
struct BlockInput {
  const float* y = nullptr;        ///< [h, w, M]: the analysis, before gain; 0 beyond the coded part
  LatentPrediction plain;          ///< [h, w, ..]: what the plain encoder does
  float* picture = nullptr;        ///< [16 h, 16 w, C], samples in [0, 1]; what lies beyond the image may change
  int coded_h = 0, coded_w = 0;    ///< positions that are coded, from the upper left corner on
  int pixels_h = 0, pixels_w = 0;  ///< of the image
  int quality = 0;                 ///< of the image, in 1/16 steps
};

/// Networks for blocks of one size.
class BlockRefinement {
 public:
  /// y: [1, h, w, M]. coarse: channels that stay as they are. architecture and parameters must outlive this.
  static Result<std::unique_ptr<BlockRefinement>> Create(const Architecture& architecture, Parameters& parameters,
                                                         const CodingTables& y_tables, const std::vector<int>& coarse,
                                                         const Shape& y);

  const Shape& y_shape() const { return y_shape_; }

  /// The symbols of y, [h, w, M]: those of the plain encoder where the descent finds nothing better.
  std::vector<int16_t> Refine(const BlockInput& block, const RefineOptions& options);

 private:
  enum class Kind : uint8_t {
    kKept,  ///< y^ stays: in a coarse channel, beyond what is coded, or where a channel is left out
    kMean,  ///< y^ is the mean: no symbol is coded
    kCoded  ///< y^ is the mean and a symbol
  };
  struct State;
  struct Pass;

  BlockRefinement(const Architecture& architecture, Parameters& parameters, const CodingTables& y_tables, Shape y);
  void Begin(const BlockInput& block, State& state);
  void TakeMeans(const BlockInput& block, State& state);
  template <class Mix>
  Pass Run(const BlockInput& block, State& state, RateDistortionLoss& loss, bool with_gradient, Mix mix);
  template <class F>
  void ForEachOf(bool first_half, F f) const;
  void Descend(const Pass& pass, State& state, int step);

  const Architecture& architecture_;
  Shape y_shape_, images_;
  std::unique_ptr<TiledNetwork> decoder_;
  std::unique_ptr<PriorNetworks> prior_;
  HyperpriorTables tables_;
  SymbolPrices prices_;
  std::vector<uint8_t> is_coarse_;  ///< [M]
  FloatBuffer zeros_, ones_;        ///< [y]
};

}  // namespace aecomp
