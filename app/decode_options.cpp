#include "app/decode_options.h"

#include "io/container.h"

namespace aecomp {

void AddDecodeOptions(const CommandLine& command, DecodeOptions& options) {
  command
      .Add("--max-pixels", options.max_pixels,
           "Read images of up to N pixels, however small their files; else 268435456, and of small files less")
      .Range(uint64_t{1}, kMaxPixels)
      .TypeName("N");
  command.AddFlag("--strict", options.strict, "Damage that a decoder can pass over is an error, not a note");
}

}  // namespace aecomp
