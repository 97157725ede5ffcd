// The numbers of a prior that belong to no layer, at the qualities of a batch: tables with a row for each lambda. See
// model/entropy/entropy_parameters.h for their names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/base/parameters.h"
#include "model/entropy/quality_rows.h"
#include "model/network/architecture.h"

namespace aecomp {

/// exp of a table at a position: [C].
std::vector<float> ExpRows(const Parameter& table, const QualityPosition& position);

/// Adds the gradient of MixRows(table, position), [C], to that of the table.
void AddToTable(Parameter& table, const QualityPosition& position, const std::vector<double>& gradient);

/// Adds a gradient, [C], to that of a parameter of C numbers, beginning at element `first`.
void AddToParameter(Parameter& parameter, size_t first, const std::vector<double>& gradient);

/// What y takes from the tables at one quality.
struct PlaceScales {
  QualityPosition position;
  std::vector<float> gain, log_gain, step;  ///< [M]
  std::vector<float> inverse_weight;        ///< [M], see RdQuantiser
  float error_weight = 1;                   ///< lambda of this quality by lambda of the crop's quality
};

/// What a hyperprior takes from its tables for one crop. With a map of qualities every position of y has a quality of
/// its own; those that occur are its places.
struct CropScales {
  double quality = 0;                      ///< of the crop, in 1/16 steps
  std::vector<float> z_gain, z_log_scale;  ///< [N]
  std::vector<PlaceScales> places;         ///< first that of the crop's quality
  std::vector<uint8_t> place_of;           ///< [positions of y]: index of the place; empty: 0 everywhere

  size_t PlaceOf(size_t position) const { return place_of.empty() ? 0 : place_of[position]; }
};

/// Gradients of one crop, of the logarithms but for z_mean.
struct CropScaleGradients {
  struct Place {
    std::vector<double> gain, step;  ///< [M]
  };

  explicit CropScaleGradients(const CropScales& scales);

  std::vector<Place> places;                    ///< as CropScales::places
  std::vector<double> middle_gain, sigma;       ///< [M]
  std::vector<double> z_gain, z_scale, z_mean;  ///< [N]
};

class HyperpriorTables {
 public:
  /// The parameters must be there, and outlive this.
  HyperpriorTables(const Architecture& architecture, Parameters& parameters);

  /// With a single place. quality: [count], in 1/16 steps.
  std::vector<CropScales> At(const float* quality, int count) const;
  /// Gives every position of a crop its place. steps: [positions], what its quality differs by from the crop's, in 1/16
  /// steps.
  void PlaceQualities(const int8_t* steps, size_t positions, CropScales& crop) const;
  /// [M]: the gain of the middle quality. It is the fixed scale in which the entropy networks see y.
  std::vector<float> MiddleGain() const;
  /// [M]: the logarithm of the gain at half of the last quality, where a map of qualities measures activity.
  std::vector<float> MapLogGain() const;
  const std::vector<float>& log_sigma() const { return log_sigma_.value; }  ///< [M]: added to the sigma head's output
  const std::vector<float>& z_mean() const { return z_mean_.value; }        ///< [N]

  /// Adds the gradients of the crops, in their order.
  void AddGradients(const std::vector<CropScales>& scales, const std::vector<CropScaleGradients>& gradients);

 private:
  PlaceScales PlaceAt(double quality, double crop_quality) const;

  const Architecture& architecture_;
  Parameter &log_gain_, &log_step_, &log_sigma_, &log_z_gain_, &z_log_scale_, &z_mean_;
};

/// Adds the parameters that are not layers' where they are missing, as zeros.
void AddEntropyParameters(const Architecture& architecture, Parameters& parameters);

}  // namespace aecomp
