// The numbers of a prior that belong to no layer, at the qualities of a batch: tables with a row for each lambda. See
// model/entropy/entropy_parameters.h for their names.
#pragma once

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

/// What a hyperprior takes from its tables for one crop.
struct CropScales {
  QualityPosition position;
  std::vector<float> gain, log_gain, step;  ///< [M]
  std::vector<float> inverse_weight;        ///< [M], see RdQuantiser
  std::vector<float> z_gain, z_log_scale;   ///< [N]
};

/// Gradients of one crop, of the logarithms but for z_mean.
struct CropScaleGradients {
  CropScaleGradients(size_t m, size_t n)
      : gain(m), middle_gain(m), step(m), sigma(m), z_gain(n), z_scale(n), z_mean(n) {}

  std::vector<double> gain, middle_gain, step, sigma;  ///< [M]
  std::vector<double> z_gain, z_scale, z_mean;         ///< [N]
};

class HyperpriorTables {
 public:
  /// The parameters must be there, and outlive this.
  HyperpriorTables(const Architecture& architecture, Parameters& parameters);

  /// quality: [count], in 1/16 steps.
  std::vector<CropScales> At(const float* quality, int count) const;
  /// [M]: the gain of the middle quality. It is the fixed scale in which the entropy networks see y.
  std::vector<float> MiddleGain() const;
  const std::vector<float>& log_sigma() const { return log_sigma_.value; }  ///< [M]: added to the sigma head's output
  const std::vector<float>& z_mean() const { return z_mean_.value; }        ///< [N]

  /// Adds the gradients of the crops, in their order.
  void AddGradients(const std::vector<CropScales>& scales, const std::vector<CropScaleGradients>& gradients);

 private:
  const Architecture& architecture_;
  Parameter &log_gain_, &log_step_, &log_sigma_, &log_z_gain_, &z_log_scale_, &z_mean_;
};

/// Adds the parameters that are not layers' where they are missing, as zeros.
void AddEntropyParameters(const Architecture& architecture, Parameters& parameters);

}  // namespace aecomp
