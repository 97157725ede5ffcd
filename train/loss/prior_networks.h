// The six networks of a hyperprior in training.
//
//   companded y --hyper_encoder--> z ...rounded... --hyper_decoder--> features --mu_head----> mean
//                                                                       |   |---sigma_head-> log sigma
//                                                                       v
//   companded first half of y --context_in----------------------------> + --context_out---> correction of the mean
//                                                                                           of the second half
//
// Each method runs forward or backward through the part of the drawing that its arguments name. A backward method
// belongs to the forward call before it: see Graph::Backward.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "io/status.h"
#include "model/base/tensor.h"
#include "model/network/architecture.h"
#include "model/network/graph.h"

namespace aecomp {

class PriorNetworks {
 public:
  struct Prediction {
    const float* features;   ///< [f]
    const float* mean;       ///< [y], to be multiplied by the gain
    const float* log_sigma;  ///< [y], without the bias of each channel
  };

  /// y: [N, h, w, M] of the batch.
  static Result<std::unique_ptr<PriorNetworks>> Create(const Architecture& architecture, const Shape& y,
                                                       Parameters& parameters, const Numerics& numerics);

  const Shape& z_shape() const { return hyper_encoder_->output_shape(); }
  size_t features_size() const { return static_cast<size_t>(hyper_decoder_->output_shape().size()); }

  /// Inputs of the forward methods must stay alive and unchanged until the backward ones have run. What a method
  /// returns is valid until the same method is called again.
  const float* AnalyseHyper(const float* companded);                         // [y] -> [z]
  Prediction Predict(const float* z);                                        // [z] -> [f], [y], [y]
  const float* Correct(const float* features, const float* companded_half);  // [f], [y] -> [y]

  /// d_correction: [y]. Sets d_features [f] and d_companded_half [y].
  void CorrectBackward(const float* d_correction, float* d_features, float* d_companded_half);
  /// Adds to d_features [f] what comes from the means, d_mean: [y].
  void MeanBackward(const float* d_mean, float* d_features);
  /// The same for d_log_sigma: [y].
  void LogSigmaBackward(const float* d_log_sigma, float* d_features);
  void FeaturesBackward(const float* d_features, float* d_z);  // [f] -> [z]
  /// d_companded: [y], or null where nobody needs it.
  void AnalyseHyperBackward(const float* d_z, float* d_companded);

  void OnGradient(const std::function<void(Parameter&)>& done);
  /// With their roles, in the order in which they run.
  std::vector<std::pair<const char*, const Graph*>> Graphs() const;

 private:
  PriorNetworks() = default;
  void HeadBackward(Graph& head, const float* d_output, float* d_features);

  std::unique_ptr<Graph> hyper_encoder_, hyper_decoder_, sigma_head_, mu_head_, context_in_, context_out_;
  AlignedBuffer<float> joined_;  // [f + context]: input of context_out_, which reads it again in its backward pass
};

}  // namespace aecomp
