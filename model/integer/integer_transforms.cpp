#include "model/integer/integer_transforms.h"

#include <algorithm>

#include "model/base/exact_math.h"
#include "model/integer/integer_network_layout.h"
#include "model/network/layers/options.h"

namespace aecomp {
namespace {

constexpr const char* kEncoderKey = "integer.encoder.ranges";
constexpr const char* kDecoderKey = "integer.decoder.ranges";
constexpr const char* kHyperEncoderKey = "integer.hyper_encoder.ranges";

/// Pixels: x = u / 255 - 1/2.
constexpr IntegerInput kPixels = {1 / 255.0, 128, 0.5 / 255};

}  // namespace

Result<SplitTransform> Split(const Network& network) {
  if (network.size() != 1 || network[0].type != "sum") return ModelError("this transform is no sum of paths");
  AECOMP_ASSIGN_OR_RETURN(const std::vector<Network> branches, SumBranches(network[0]));
  SplitTransform parts;
  for (size_t i = 0; i < branches.size(); ++i) {
    Network deep = branches[i];
    float compand = 0;
    if (!deep.empty() && deep[0].type == "compand") {
      compand = static_cast<float>(CheckedNumber(deep[0], "scale", 1));
      deep.erase(deep.begin());
    }
    if (parts.deep.empty() && deep.size() > 1 && LayOutIntegerNetwork(deep).ok()) {
      parts.deep = std::move(deep), parts.compand = compand;
      continue;
    }
    if (!parts.rest.empty()) return ModelError("this transform is a sum of more than two paths");
    parts.rest = branches[i];
  }
  if (parts.deep.empty() || parts.rest.empty()) return ModelError("this transform has no path that integers can run");
  return parts;
}

std::vector<Tensor> Companded(std::span<const Tensor> latents, float scale) {
  std::vector<Tensor> result;
  for (const Tensor& t : latents) {
    Tensor& to = result.emplace_back(t.shape());
    for (int64_t i = 0; i < t.size(); ++i) to.data()[i] = Compand(scale * t.data()[i]);
  }
  return result;
}

Result<IntegerTransforms> IntegerTransforms::Create(const Architecture& architecture, const Parameters& parameters,
                                                    const TransformRanges& ranges, bool with_encoder,
                                                    bool with_decoder) {
  IntegerTransforms t;
  t.ranges = ranges;
  AECOMP_ASSIGN_OR_RETURN(t.encoder_parts, Split(architecture.encoder));
  AECOMP_ASSIGN_OR_RETURN(t.decoder_parts, Split(architecture.decoder));
  if (with_encoder) {
    AECOMP_ASSIGN_OR_RETURN(t.encoder,
                            IntegerNetwork::Create(t.encoder_parts.deep, parameters, kPixels, ranges.encoder));
    AECOMP_ASSIGN_OR_RETURN(t.encoder_blocks, BlockAnalysis::Create(t.encoder_parts.rest, parameters));
    if (!ranges.hyper_encoder.empty()) {
      t.hyper_unit = static_cast<float>(kIntegerHeadroom * ranges.hyper_encoder[0] / 127);
      AECOMP_ASSIGN_OR_RETURN(t.hyper_encoder, IntegerNetwork::Create(architecture.hyper_encoder, parameters,
                                                                      {t.hyper_unit, 128}, ranges.hyper_encoder));
    }
  }
  if (!with_decoder) return t;
  if (ranges.decoder.empty()) return ModelError("tensor \"" + std::string(kDecoderKey) + "\" is empty");
  t.decoder_input = {kIntegerHeadroom * ranges.decoder[0] / 127, 128};
  AECOMP_ASSIGN_OR_RETURN(t.decoder,
                          IntegerNetwork::Create(t.decoder_parts.deep, parameters, t.decoder_input, ranges.decoder));
  AECOMP_ASSIGN_OR_RETURN(t.decoder_blocks, IntegerBlocks::Create(t.decoder_parts.rest, parameters));
  return t;
}

std::optional<TransformRanges> FindTransformRanges(const Architecture& architecture, Parameters& parameters,
                                                   std::span<const Tensor> pictures, std::span<const Tensor> latents,
                                                   std::span<const Tensor> companded) {
  const auto encoder = Split(architecture.encoder), decoder = Split(architecture.decoder);
  if (!encoder.ok() || !decoder.ok()) return std::nullopt;
  const SplitTransform& deep = decoder.value();
  if (!IntegerBlocks::Check(deep.rest).ok() || !BlockAnalysis::Check(encoder.value().rest).ok()) return std::nullopt;
  const std::vector<Tensor> deep_latents = Companded(latents, deep.compand);
  auto seen = IntegerNetwork::FindRanges(encoder.value().deep, parameters, pictures);
  auto restored = IntegerNetwork::FindRanges(deep.deep, parameters, deep.compand > 0 ? deep_latents : latents);
  if (!seen.ok() || !restored.ok()) return std::nullopt;
  auto hyper = IntegerNetwork::FindRanges(architecture.hyper_encoder, parameters, companded);
  return TransformRanges{std::move(seen).value(), std::move(restored).value(),
                         hyper.ok() ? std::move(hyper).value() : std::vector<float>()};
}

void SaveRanges(const TransformRanges& ranges, SafetensorsWriter& writer) {
  writer.AddFloats(kEncoderKey, {std::ssize(ranges.encoder)}, ranges.encoder, DType::kF32);
  writer.AddFloats(kDecoderKey, {std::ssize(ranges.decoder)}, ranges.decoder, DType::kF32);
  if (ranges.hyper_encoder.empty()) return;
  writer.AddFloats(kHyperEncoderKey, {std::ssize(ranges.hyper_encoder)}, ranges.hyper_encoder, DType::kF32);
}

Result<std::shared_ptr<const IntegerTransforms>> LoadIntegerTransforms(const Architecture& architecture,
                                                                       const Parameters& parameters,
                                                                       const SafetensorsFile& file, bool with_encoder,
                                                                       bool with_decoder) {
  const TensorView *encoder = file.Find(kEncoderKey), *decoder = file.Find(kDecoderKey);
  if (encoder == nullptr || decoder == nullptr) return std::shared_ptr<const IntegerTransforms>();
  TransformRanges ranges;
  AECOMP_ASSIGN_OR_RETURN(ranges.encoder, file.ReadFloats(kEncoderKey, encoder->dims));
  AECOMP_ASSIGN_OR_RETURN(ranges.decoder, file.ReadFloats(kDecoderKey, decoder->dims));
  if (const TensorView* hyper = file.Find(kHyperEncoderKey)) {  // later than the others: older files lack it
    AECOMP_ASSIGN_OR_RETURN(ranges.hyper_encoder, file.ReadFloats(kHyperEncoderKey, hyper->dims));
  }
  AECOMP_ASSIGN_OR_RETURN(IntegerTransforms transforms,
                          IntegerTransforms::Create(architecture, parameters, ranges, with_encoder, with_decoder));
  return std::make_shared<const IntegerTransforms>(std::move(transforms));
}

}  // namespace aecomp
