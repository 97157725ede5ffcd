// The entry of libaecomp_formats.so, which io/formats/format_api.cpp loads. No exception leaves it.
#include <exception>
#include <new>

#include "io/formats/library/decoders.h"

namespace aecomp {
namespace {

template <DecodeFunction* kDecode>
Result<Image> Guarded(std::span<const uint8_t> bytes, const std::string& name, const DecodeOptions& options,
                      std::vector<std::string>* notes) try {
  return kDecode(bytes, name, options, notes);
} catch (const std::bad_alloc&) {
  throw;  // whoever calls knows how much memory there is
} catch (const std::exception& e) {
  return InputError(name + ": cannot be read: " + e.what() + "; convert it to PNG");
}

constexpr FormatApi kApi = {Guarded<DecodeJpeg>, Guarded<DecodeTiff>, Guarded<DecodeWebp>, Guarded<DecodeJp2>,
                            EncodeTiff,          EncodeJp2,           EncodeWebp};

}  // namespace
}  // namespace aecomp

extern "C" __attribute__((visibility("default"))) const void* aecomp_format_api_2() { return &aecomp::kApi; }
