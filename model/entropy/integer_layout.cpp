// Which integer layers an architecture's hyper-decoder and sigma head become.
#include <utility>

#include "model/entropy/integer_prior_state.h"
#include "model/integer/integer_eligibility.h"

namespace aecomp {
namespace {

constexpr const char* kSo =
    "this prior cannot be run in integers, and without that files would not decode on other machines; use conv2d and "
    "conv_transpose2d without groups, each followed by relu";

/// Appends the convolutions of a network; each but, where `open_end`, the last must be followed by a relu.
Status AddLayers(const Network& network, bool open_end, IntegerPrior::State& state) {
  bool needs_relu = false;
  for (const LayerSpec& spec : network) {
    if (spec.type == "relu" && needs_relu) {
      needs_relu = false;
      continue;
    }
    if (spec.type != "conv2d" && spec.type != "conv_transpose2d") {
      return Unsuitable(spec, "it is neither a convolution nor the relu after one", kSo);
    }
    if (needs_relu) return Unsuitable(spec, "no relu stands before it", kSo);
    AECOMP_ASSIGN_OR_RETURN(IntegerLayer layer, IntegerGeometry(spec, kSo));
    state.layers.push_back(std::move(layer));
    state.names.push_back(spec.name);
    needs_relu = true;
  }
  if (network.empty()) return ModelError("the prior has an empty network, so it cannot be run in integers");
  if (needs_relu != open_end) {
    return Unsuitable(network.back(),
                      open_end ? "the sigma head must not end in a relu" : "the hyper-decoder must end in a relu", kSo);
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<IntegerPrior::State>> MakeIntegerLayout(const Architecture& architecture) {
  if (architecture.latent_stride < 1 || architecture.hyper_stride % architecture.latent_stride != 0) {
    return ModelError("the hyper-encoder makes z finer than y, so this prior cannot be run in integers");
  }
  auto state = std::make_shared<IntegerPrior::State>();
  state->qualities = architecture.max_quality() + 1;
  state->middle_quality = architecture.middle_quality();
  state->latent_channels = architecture.latent_channels;
  state->hyper_channels = architecture.hyper_channels;
  state->ratio = architecture.hyper_stride / architecture.latent_stride;
  AECOMP_RETURN_IF_ERROR(AddLayers(architecture.hyper_decoder, /*open_end=*/false, *state));
  state->hyper_layers = state->layers.size();
  AECOMP_RETURN_IF_ERROR(AddLayers(architecture.sigma_head, /*open_end=*/true, *state));
  for (int n = 1; n <= 3; ++n) {
    Shape shape{1, architecture.hyper_channels, n, n};
    for (size_t i = 0; i < state->layers.size(); ++i) {
      const IntegerLayer& layer = state->layers[i];
      if (shape.c != layer.in)
        return ModelError("layer '" + state->names[i] + "': its input has " + std::to_string(shape.c) + " channels");
      shape = layer.OutputShape(shape);
      if (shape.h < 1)
        return ModelError("layer '" + state->names[i] + "' has no output for a z of " + std::to_string(n) +
                          " elements");
    }
    if (shape.h != n * state->ratio) {
      return ModelError("the hyper-decoder turns " + std::to_string(n) + " elements of z into " +
                        std::to_string(shape.h) + " of y, not " + std::to_string(n * state->ratio));
    }
  }
  return state;
}

}  // namespace aecomp
