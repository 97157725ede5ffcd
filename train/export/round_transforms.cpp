#include "train/export/round_transforms.h"

#include <utility>

#include "model/codec/tile_coder.h"
#include "model/codec/tile_quality.h"
#include "train/export/calibration.h"
#include "train/export/round_network.h"

namespace aecomp {
namespace {

/// The layer that reads most has 2,880 weights per output: so many patches have six times as many positions.
constexpr int kPatches = 64;

/// y^ * step of a patch.
Result<Tensor> CodedLatents(TileCoder& coder, const Model& model, int quality, const Tensor& y) {
  const Shape& s = y.shape();
  const Tile tile{0, 0, s.h, s.w, s.h, s.w};
  LatentPlane coded(/*integer=*/false, s.c);
  coded.Resize(s.h, s.w);
  const LatentView view{y.data(), int64_t{s.w} * s.c, s.c};
  AECOMP_RETURN_IF_ERROR(coder.Encode(TileQualityAt(model, quality), tile, view, &coded).status());
  Tensor latents(s);
  for (int row = 0; row < s.h; ++row) {
    std::copy_n(coded.Floats(row, 0), int64_t{s.w} * s.c, latents.data() + int64_t{row} * s.w * s.c);
  }
  return latents;
}

}  // namespace

Result<std::vector<float>> RoundEncoder(const Architecture& a, const Dataset& dataset, Parameters& parameters) {
  AECOMP_ASSIGN_OR_RETURN(const SplitTransform encoder, Split(a.encoder));
  AECOMP_ASSIGN_OR_RETURN(const TransformInputs inputs, DrawTransformInputs(a, parameters, dataset, kPatches));
  return RoundNetwork(encoder.deep, parameters, inputs.pictures, ReadAs::kExact);
}

Result<std::vector<float>> RoundDecoder(const Dataset& dataset, Model& model) {
  const Architecture& a = model.architecture;
  AECOMP_ASSIGN_OR_RETURN(const SplitTransform decoder, Split(a.decoder));
  AECOMP_ASSIGN_OR_RETURN(const TransformInputs inputs, DrawTransformInputs(a, model.parameters, dataset, kPatches));
  const Shape y = inputs.y.front().shape();
  AECOMP_ASSIGN_OR_RETURN(const auto coder, TileCoder::Create(model, Tile{0, 0, y.h, y.w, y.h, y.w}));
  std::vector<Tensor> latents;
  for (int i = 0; i < kPatches; ++i) {
    const int quality = a.max_quality() * i / (kPatches - 1);
    AECOMP_ASSIGN_OR_RETURN(Tensor coded, CodedLatents(*coder, model, quality, inputs.y[static_cast<size_t>(i)]));
    latents.push_back(std::move(coded));
  }
  if (decoder.compand > 0) latents = Companded(latents, decoder.compand);
  return RoundNetwork(decoder.deep, model.parameters, latents, ReadAs::kRounded);
}

}  // namespace aecomp
