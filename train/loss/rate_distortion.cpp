#include "train/loss/rate_distortion.h"

namespace aecomp {

RateDistortionLoss::RateDistortionLoss(const Architecture& architecture, const Shape& images,
                                       const DistortionFactory& distortion)
    : architecture_(architecture), images_(images) {
  for (int n = 0; n < images.n; ++n) distortions_.push_back(distortion({1, images.c, images.h, images.w}));
}

RateDistortionLoss::Value RateDistortionLoss::Evaluate(const TrainingBatch& batch, const std::vector<CropBits>& bits,
                                                       const DecodedBatch& decoded, bool with_gradient) {
  const int crops = images_.n;
  const int64_t samples = images_.size() / crops;
  const double pixels = static_cast<double>(images_.h) * images_.w;
  Value value;
  if (with_gradient) value.d_decoded = AlignedBuffer<float>(static_cast<size_t>(images_.size()));
  struct Crop {
    double lambda, weight;
    Distortion::Value measured;
  };
  std::vector<Crop> measured(static_cast<size_t>(crops));
#pragma omp parallel for schedule(dynamic, 1)
  for (int n = 0; n < crops; ++n) {
    Crop& crop = measured[static_cast<size_t>(n)];
    crop.lambda = LambdaOfUnitRange(architecture_, batch.quality[n]);
    crop.weight = RateWeight(crop.lambda) / crops;
    DecodedPicture picture{batch.target + n * samples, decoded.samples + n * samples};
    if (decoded.error_weights != nullptr) {
      picture.error_weights = decoded.error_weights + int64_t{n} * decoded.y.h * decoded.y.w;
      picture.rows = decoded.y.h, picture.columns = decoded.y.w;
    }
    float* gradient = with_gradient ? value.d_decoded.data() + n * samples : nullptr;
    crop.measured = distortions_[static_cast<size_t>(n)]->Measure(picture, crop.weight * crop.lambda, gradient);
  }
  for (size_t n = 0; n < measured.size(); ++n) {
    const Crop& crop = measured[n];
    const double bpp = (bits[n].y + bits[n].z) / pixels;
    value.result.loss += crop.weight * (bpp + crop.lambda * crop.measured.distortion);
    value.result.bpp += bpp / crops;
    value.result.z_bpp += bits[n].z / pixels / crops;
    value.result.mse += crop.measured.mse / crops;
    value.d_bits.push_back(static_cast<float>(crop.weight / pixels));
  }
  return value;
}

}  // namespace aecomp
