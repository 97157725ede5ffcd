// A network compiled for one input shape: layers made, buffers planned once, nothing allocated afterwards.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/status.h"
#include "model/base/tensor.h"
#include "model/network/infer_shapes.h"

namespace aecomp {

/// Names of convolutions whose inputs are rounded as in the integer codec, and whether each input comes from a relu:
/// see MakeFakeQuantise.
using RoundedInputs = std::map<std::string, bool>;

/// Where a graph computes less exactly than it could, or passes other gradients; for training.
struct Numerics {
  /// Share of the gradient that a relu lets through where it gave 0 (0: the true gradient). It revives units that no
  /// input switches on. For fused relus only, which are all but the relus that begin a branch.
  float relu_leak = 0;
  RoundedInputs rounded;
  bool bfloat16 = false;  ///< see Layer::UseBfloat16
};

class Graph {
 public:
  enum class Mode {
    kInference,  ///< buffers are shared between layers; Backward must not be called
    kTraining    ///< every activation is kept
  };

  static Result<std::unique_ptr<Graph>> Create(const Network& network, const Shape& input, Parameters& parameters,
                                               Mode mode, const Numerics& numerics = {});
  ~Graph();

  const Shape& input_shape() const;
  const Shape& output_shape() const;

  /// x: [N, H, W, C]. The result stays valid until the next call; [N, H', W', C'].
  const float* Forward(const float* x);

  /// dy: gradient of the output of the last Forward, whose x must still be alive and unchanged. Adds to
  /// Parameter::grad, unless that is empty: then the work for it is left out. dx: gradient of x, or null. Pass null
  /// where nobody needs it: the first layers then skip that work.
  void Backward(const float* dy, float* dx);

  /// The same, checked: kUsage when a shape is not that of the value the gradient belongs to (naming the layer, what
  /// came and what was expected), when a parameter has no gradient of its shape, or when Forward has not run.
  Status Backward(const Tensor& dy, Tensor* dx);

  /// Backward calls `done` with each parameter of a layer when that layer's part of its gradient is added, in the same
  /// order every time.
  void OnGradient(std::function<void(Parameter&)> done);

  /// Layers whose output overwrites their input: relus that became part of the layer before them, and for inference
  /// elementwise layers whose input nobody reads afterwards. The graph decides; a value that Backward reads is never
  /// overwritten.
  std::vector<std::string> InPlaceLayers() const;

  /// After Forward: the first layer whose output has a NaN or an infinity; empty: none. For graphs made for training.
  std::string FirstNonFinite() const;
  /// The same after Backward, for the gradients of the layers' outputs, from the last layer to the first.
  std::string FirstNonFiniteGradient() const;

  /// Of activations, of workspaces of layers and, in training, of gradients of activations.
  int64_t buffer_bytes() const;

 private:
  Graph();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aecomp
