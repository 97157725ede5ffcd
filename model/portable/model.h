// A model file, ready for decoding.
#pragma once

#include "model/portable/blocks.h"
#include "model/portable/entropy.h"
#include "model/portable/network.h"

namespace aecomp_portable {

/// model/CODING.md, "Numbers of a quality"; [M] each. mean_gain: gain, 0 in channels that are skipped.
struct QualityNumbers {
  std::vector<float> gain, mean_gain, step, fixed;
};

struct CoarseModel {
  static constexpr int kStages = 9, kActivities = 8, kTerms = 4;
  std::vector<int32_t> channels;  ///< of y, ascending
  std::vector<float> weights;     ///< [channels, stages, terms]
  std::vector<int32_t> rows;      ///< [channels, stages, activities, table_rows]
  int table_rows = 0;
};

/// Contexts of an element of z.
constexpr int kZNeighbours = 25, kZActivities = 7;

struct Model {
  std::string id;
  int image_channels = 3;
  int lambdas = 0, core_lambdas = 0;            ///< Q, and how many of them set the middle of the quality axis
  int qualities = 0;                            ///< positions of the quality axis, 1/16 apart
  int latent_channels = 0, hyper_channels = 0;  ///< M, N
  int features = 0;                             ///< K
  int stride = 0, ratio = 0;                    ///< L; rows of y for each of z, H / L
  Tables z_tables, y_tables;
  Tables z_context_tables;                              ///< none: z is not coded by context
  std::vector<int32_t> z_context_rows;                  ///< [rows of z_tables, kZNeighbours, kZActivities]
  std::vector<int32_t> z_multiplier, z_offset, z_rows;  ///< [qualities, N]
  std::vector<int32_t> sigma_offset;                    ///< [qualities, M]
  std::vector<float> log_gain, log_step;                ///< [Q, M]
  std::vector<int32_t> gray_skipped;                    ///< [M] or none
  CoarseModel coarse;
  Network hyper_decoder, sigma_head, mu_head, context_in, context_out, decoder;
  float in_unit = 1, joined_unit = 1;
  std::vector<int16_t> deep_input;  ///< what the deep path reads of latent v, less its zero point: at v + 32768
  BlockPath blocks;

  Status Read(Bytes file);
  QualityNumbers At(int quality, bool gray) const;
  bool Skips(size_t channel, bool gray) const { return gray && !gray_skipped.empty() && gray_skipped[channel] != 0; }

 private:
  Status ReadPrior(const Weights& weights, const Json& prior);
  Status ReadTables(const Weights& weights);
  Status ReadCoarse(const Weights& weights);
  Status ReadDecoder(const Weights& weights, const Json& layers);
};

}  // namespace aecomp_portable
