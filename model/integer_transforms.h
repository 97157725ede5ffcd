// Analysis and synthesis in integers: their deep paths, and the block path of the synthesis. The block path of the
// analysis stays in f32: only what decoders compute must be equal everywhere.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "io/status.h"
#include "model/architecture.h"
#include "model/integer_blocks.h"
#include "model/integer_network.h"
#include "model/parameters.h"
#include "model/safetensors.h"

namespace aecomp {

/// A transform that is one sum: the branch that runs in integers, and the others.
struct SplitTransform {
  Network deep, rest;
  float compand = 0;  ///< scale of the compand layer that the deep path began with; 0: it began with none
};

/// kModel when the network is no sum of one branch that integers can run and others.
Result<SplitTransform> Split(const Network& network);

/// Largest magnitudes at each place of the two deep paths: all that a model file holds of them beside the weights.
struct TransformRanges {
  std::vector<float> encoder, decoder;
};

struct IntegerTransforms {
  SplitTransform encoder_parts, decoder_parts;
  IntegerNetwork encoder, decoder;
  IntegerBlocks blocks;        ///< the decoder's other path
  TransformRanges ranges;      ///< what it was made from
  IntegerInput decoder_input;  ///< of the decoder: companded latents; the encoder reads pixels

  static Result<IntegerTransforms> Create(const Architecture& architecture, const Parameters& parameters,
                                          const TransformRanges& ranges);
};

/// Ranges over pictures [1, C, h, w] as the encoder sees them, and latents [1, M, h', w'] as the decoder does. Nothing
/// when the architecture's transforms cannot be split.
std::optional<TransformRanges> FindTransformRanges(const Architecture& architecture, Parameters& parameters,
                                                   std::span<const Tensor> pictures, std::span<const Tensor> latents);

void SaveRanges(const TransformRanges& ranges, SafetensorsWriter& writer);
/// Null when the file has none.
Result<std::shared_ptr<const IntegerTransforms>> LoadIntegerTransforms(const Architecture& architecture,
                                                                       const Parameters& parameters,
                                                                       const SafetensorsFile& file);

}  // namespace aecomp
