#include "app/commands/refined_compression.h"

#include <algorithm>
#include <array>

#include "train/distortion_weights.h"
#include "train/loss/visual_distortion.h"
#include "train/refine/latent_refiner.h"

namespace aecomp {
namespace {

/// By effort. A step takes about half a CPU-second a megapixel.
constexpr std::array<int, kMostEffort + 1> kSteps = {0, 0, 0, 0, 24, 40, 60, 90, 130, 200};

}  // namespace

int RefinementSteps(int effort) { return kSteps[static_cast<size_t>(std::clamp(effort, 0, kMostEffort))]; }

Result<std::vector<uint8_t>> CompressRefined(Codec& codec, const Image& image, int quality, Tuning tuning, int steps) {
  AECOMP_ASSIGN_OR_RETURN(const auto refiner, LatentRefiner::Create(codec.model()));
  AECOMP_ASSIGN_OR_RETURN(AnalysedImage analysed, codec.Analyse(image));
  RefineOptions options;
  options.steps = steps;
  if (tuning == Tuning::kVisual) options.distortion = VisualDistortion::Factory(DistortionWeights());
  AECOMP_RETURN_IF_ERROR(refiner->Refine(codec, image, quality, options, analysed));
  return codec.Encode(analysed, quality);
}

}  // namespace aecomp
