// Analysis and synthesis in integers, each with a deep path and a block path; and the hyper-encoder.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/base/safetensors.h"
#include "model/integer/block_analysis.h"
#include "model/integer/integer_blocks.h"
#include "model/integer/integer_network.h"
#include "model/network/architecture.h"

namespace aecomp {

/// A transform that is one sum: the branch that runs in integers, and the others.
struct SplitTransform {
  Network deep, rest;
  float compand = 0;  ///< scale of the compand layer that the deep path began with; 0: it began with none
};

/// kModel when the network is no sum of one branch that integers can run and others.
Result<SplitTransform> Split(const Network& network);

/// What a deep path that begins with a compand layer of this scale reads of latents [1, M, h, w].
std::vector<Tensor> Companded(std::span<const Tensor> latents, float scale);

/// Largest magnitudes at each place of the two deep paths and of the hyper-encoder. A model file holds them beside the
/// weights; everything else follows from both.
struct TransformRanges {
  std::vector<float> encoder, decoder;
  std::vector<float> hyper_encoder;  ///< empty: it runs in f32
};

struct IntegerTransforms {
  SplitTransform encoder_parts, decoder_parts;
  IntegerNetwork encoder, decoder;
  IntegerNetwork hyper_encoder;  ///< reads companded y as steps of `hyper_unit` above 128; without steps: runs in f32
  float hyper_unit = 1;
  BlockAnalysis encoder_blocks;
  IntegerBlocks decoder_blocks;
  TransformRanges ranges;      ///< what it was made from
  IntegerInput decoder_input;  ///< of the decoder: companded latents; the encoder reads pixels

  /// Of both transforms or only of one.
  static Result<IntegerTransforms> Create(const Architecture& architecture, const Parameters& parameters,
                                          const TransformRanges& ranges, bool with_encoder = true,
                                          bool with_decoder = true);
};

/// Ranges over pictures [1, C, h, w] as the encoder sees them, latents [1, M, h', w'] as the decoder does, and
/// companded ones as the hyper-encoder does. Nothing when the architecture's transforms cannot be split.
std::optional<TransformRanges> FindTransformRanges(const Architecture& architecture, Parameters& parameters,
                                                   std::span<const Tensor> pictures, std::span<const Tensor> latents,
                                                   std::span<const Tensor> companded);

void SaveRanges(const TransformRanges& ranges, SafetensorsWriter& writer);
/// Null when the file has none.
Result<std::shared_ptr<const IntegerTransforms>> LoadIntegerTransforms(const Architecture& architecture,
                                                                       const Parameters& parameters,
                                                                       const SafetensorsFile& file, bool with_encoder,
                                                                       bool with_decoder);

}  // namespace aecomp
