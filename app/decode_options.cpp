#include "app/decode_options.h"

#include <CLI/CLI.hpp>

#include "io/container.h"

namespace aecomp {

void AddDecodeOptions(CLI::App& command, DecodeOptions& options) {
  command
      .add_option("--max-pixels", options.max_pixels,
                  "Read images of up to N pixels, however small their files; else 268435456, and of small files less")
      ->check(CLI::Range(uint64_t{1}, kMaxPixels))
      ->type_name("N");
  command.add_flag("--strict", options.strict, "Damage that a decoder can pass over is an error, not a note");
}

}  // namespace aecomp
