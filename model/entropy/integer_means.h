// The means of y from the features of the hyperprior and from the half of y that is already decoded: mu head and
// context on integers, equal on every machine (see integer_network.h).
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/base/safetensors.h"
#include "model/base/tensor.h"
#include "model/integer/integer_network.h"
#include "model/integer/integer_network_runner.h"
#include "model/network/architecture.h"

namespace aecomp {

/// Inputs of the three networks for some pictures, from the float model. The ranges of activations are chosen by them.
struct MeanInputs {
  std::vector<Tensor> features;      ///< of the hyper-decoder [1, K, h, w]
  std::vector<Tensor> first_halves;  ///< companded y in the fixed scale, 0 in the second half [1, M, h, w]
};

class IntegerMeans {
 public:
  /// `parameters` as they will be in the model file, that is rounded to f16. feature_scales: of the integer prior, [K].
  /// kModel, naming the layer, when a network is no chain of convolutions and relus.
  static Result<IntegerMeans> Quantize(const Architecture& architecture, Parameters& parameters,
                                       std::span<const float> feature_scales, const MeanInputs& calibration);
  void Save(SafetensorsWriter& writer) const;
  static Result<IntegerMeans> Load(const Architecture& architecture, const Parameters& parameters,
                                   std::span<const float> feature_scales, const SafetensorsFile& file);

 private:
  friend class MeanPredictor;
  Status Create(const Architecture& architecture, const Parameters& parameters, std::span<const float> feature_scales);

  std::vector<float> head_ranges_, in_ranges_, out_ranges_;  ///< all that a model file holds
  std::shared_ptr<const IntegerNetwork> head_, context_in_, context_out_;
  float in_unit_ = 1, joined_unit_ = 1;  ///< what a step of the u8 inputs means: companded y, output of context_in
};

/// A value as u8 around 128, `steps` a unit, rounded half to even.
inline uint8_t ToSeen(float v, float steps) {
  v = std::rint(v * steps);
  const float low = v > -128.f ? v : -128.f;
  return static_cast<uint8_t>(static_cast<int32_t>(low < 127.f ? low : 127.f) + 128);
}

/// Compiled for tiles of one size and smaller ones. Not thread-safe.
class MeanPredictor {
 public:
  /// `means` must outlive this. h, w: of y. May throw dnnl::error or std::bad_alloc.
  MeanPredictor(const IntegerMeans& means, int h, int w);
  /// See IntegerConv::SetSize.
  void SetSize(int h, int w);

  const Shape& shape() const { return head_.output(); }  ///< [1, M, h, w]

  /// mu [h, w, M] before gain, for features u8 [h, w, K]; valid until the next call.
  float* Predict(const uint8_t* features);

  /// The context sees an element of the first half as ToSeen(companded, seen_steps()), and every element of the second
  /// half as kUnseen.
  float seen_steps() const { return in_steps_; }
  static constexpr uint8_t kUnseen = 128;

  /// The correction of mu [h, w, M] before gain, for the same features; valid until the next call. see(y, row) writes
  /// row y [w, M] of the context's input; several threads call it.
  float* Correct(const uint8_t* features, const FillInput& see);

 private:
  IntegerNetworkRunner head_, context_in_, context_out_;
  float in_steps_, joined_steps_;  // per unit
  int64_t joined_channels_;        // K + those of context_in
};

}  // namespace aecomp
