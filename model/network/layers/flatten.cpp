// PyTorch's Flatten: [N, C, H, W] -> [N, C*H*W, 1, 1] in C, H, W order.
#include "model/network/layers/options.h"
#include "model/network/layers/registry.h"
#include "model/network/layers/reshape.h"

namespace aecomp {
namespace {

Result<LayerInfo> Infer(const LayerSpec& spec, const Shape& input) {
  AECOMP_RETURN_IF_ERROR(CheckOptionKeys(spec, {}));
  AECOMP_ASSIGN_OR_RETURN(const Shape output, CheckedShape(spec, input.n, input.size() / input.n, 1, 1));
  return LayerInfo{output, {}, 0};
}

std::unique_ptr<Layer> Create(const LayerSpec& spec, const Shape& input, Parameters&, bool) {
  return MakeReshape(input, Infer(spec, input).value().output);
}

}  // namespace

LayerType FlattenType() { return {"flatten", Infer, Create}; }

}  // namespace aecomp
