#include "model/integer/integer_eligibility.h"

#include "model/network/layers/conv_options.h"

namespace aecomp {

Status Unsuitable(const LayerSpec& spec, const std::string& why, const std::string& so) {
  return ModelError("layer '" + spec.name + "' (" + spec.type + "): " + why + ", so " + so);
}

Result<IntegerLayer> IntegerGeometry(const LayerSpec& spec, const std::string& so) {
  IntegerLayer layer;
  layer.transposed = spec.type == "conv_transpose2d";
  AECOMP_ASSIGN_OR_RETURN(const ConvOptions o, ReadConvOptions(spec, layer.transposed));
  if (o.groups != 1) return Unsuitable(spec, "it has groups", so);
  if (o.output_padding != 0) return Unsuitable(spec, "it has an output_padding", so);
  if (layer.transposed && o.padding >= o.kernel) {
    return Unsuitable(spec, "its padding is not smaller than its kernel", so);
  }
  layer.in = o.in, layer.out = o.out, layer.kernel = o.kernel, layer.stride = o.stride, layer.padding = o.padding;
  return layer;
}

}  // namespace aecomp
