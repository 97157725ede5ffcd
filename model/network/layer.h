// One layer of a network with static shapes. A layer type is one file in model/network/layers: shape inference,
// forward, backward, and one line each in layers/registry.h and layers/registry.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/base/tensor.h"

namespace aecomp {

/// Where what a layer reads comes from: for messages only. Shape inference fills it in as it walks; empty: not known.
struct InputOrigin {
  std::string producer;        ///< "layer 'enc.1' (relu)", "the image"
  std::string channels_knob;   ///< what decides the number of channels: `"out" of layer 'enc.0' (conv2d)`
  Shape flattened;             ///< after a flatten: the shape before it; n is 0 when there was none
  std::string flattened_from;  ///< and the layer that gave that
};

/// What an architecture file says of one layer.
struct LayerSpec {
  std::string type;
  std::string name;
  std::shared_ptr<const nlohmann::json> options;  ///< the whole JSON object of the layer
  InputOrigin origin = {};
};

struct ParameterSpec {
  std::string name;  ///< "<layer>.weight", "<layer>.bias"
  std::vector<int64_t> dims;
};

/// What shape inference finds out before a weight is made.
struct LayerInfo {
  Shape output;
  std::vector<ParameterSpec> parameters;
  int64_t macs = 0;             ///< multiply-accumulates for one whole forward pass over the input shape
  int64_t workspace_bytes = 0;  ///< in training, see Layer::workspace_bytes
};

class Layer {
 public:
  virtual ~Layer() = default;

  /// x: [N, H, W, C] of the input shape; y: of the output shape. May keep what Backward needs.
  virtual void Forward(const float* x, float* y) = 0;

  /// Gradients of a scalar loss. x and y: what Forward read and wrote; dy: gradient of y, may be overwritten as
  /// scratch; dx: gradient of x, overwritten with the result, or null when nobody needs it. Gradients of parameters are
  /// ADDED to Parameter::grad (reduction: sum over batch and positions).
  virtual void Backward(const float* x, const float* y, float* dy, float* dx) = 0;

  /// Asks the layer to apply relu to its own output (a post-op is cheaper than a pass of its own). False when it
  /// cannot. Called, if at all, before the first Forward; Backward then takes dy as the gradient after the relu, and
  /// lets `leak` of it through where relu gave 0 (0: the true gradient).
  virtual bool FuseRelu(float /*leak*/) { return false; }

  /// Asks the layer to multiply in bfloat16 and to add in f32, forward and backward; what it reads and writes stays
  /// f32. For training on CPUs that have it, see HasBfloat16. Called, if at all, before the first Forward; layers that
  /// gain nothing by it ignore it.
  virtual void UseBfloat16() {}

  /// True when y may be the same memory as x: Backward then reads y only, never x.
  virtual bool CanRunInPlace() const { return false; }

  /// Of buffers as large as activations that the layer keeps between Forward and Backward.
  virtual int64_t workspace_bytes() const { return 0; }
};

/// A layer type. `infer` reports the first misfit by layer name, with what came and what was expected.
struct LayerType {
  const char* type;
  Result<LayerInfo> (*infer)(const LayerSpec& spec, const Shape& input);
  /// Called only after `infer` succeeded. `training`: whether Backward will be called.
  std::unique_ptr<Layer> (*create)(const LayerSpec& spec, const Shape& input, Parameters& parameters, bool training);
};

/// Whether the CPU multiplies pairs of bfloat16 by instructions of its own (avx512_bf16 or amx_bf16).
bool HasBfloat16();

/// Null when there is no such type.
const LayerType* FindLayerType(const std::string& type);
std::vector<std::string> LayerTypeNames();

}  // namespace aecomp
