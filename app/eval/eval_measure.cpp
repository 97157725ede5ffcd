#include "app/eval/eval_measure.h"

#include <utility>

#include "io/container.h"
#include "model/codec/quality_axis.h"

namespace aecomp {

Status CheckAlike(const Image& original, const Image& restored, const std::string& name, const std::string& codec) {
  if (restored.width == original.width && restored.height == original.height &&
      restored.channels == original.channels && restored.bits == original.bits) {
    return {};
  }
  return InputError(name + ": came back from " + codec + " in another size, depth or number of channels");
}

Result<Restored> RunAecomp(Codec& codec, const Image& image, const std::string& name, double quality, bool estimate) {
  Restored result;
  Measurement& m = result.measurement;
  m.codec = "aecomp", m.image = name, m.quality = quality;
  m.width = image.width, m.height = image.height;
  CompressStats stats;
  const Stopwatch encode;
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, codec.Compress(image, StepOfQuality(quality, codec.model().architecture),
                                                           estimate ? &stats : nullptr));
  m.encode_seconds = encode.Seconds();
  m.bytes = bytes.size();
  m.estimated_bits = stats.estimated_bits;
  const Stopwatch decode;
  AECOMP_ASSIGN_OR_RETURN(const Container container, ParseContainer(bytes, name));
  AECOMP_ASSIGN_OR_RETURN(result.image, codec.Decompress(container, name));
  m.decode_seconds = decode.Seconds();
  AECOMP_RETURN_IF_ERROR(CheckAlike(image, result.image, name, m.codec));
  return result;
}

}  // namespace aecomp
