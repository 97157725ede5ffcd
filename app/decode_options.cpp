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

void AddDecodedPixelsOption(const CommandLine& command, uint64_t& most) {
  command.Add("--max-pixels", most, "Decode up to N pixels of a file, however small it is")
      .Range(uint64_t{1}, kMaxPixels)
      .ShowDefault()
      .TypeName("N");
}

Status CheckDecodedSize(uint64_t width, uint64_t height, uint64_t most, const std::string& name) {
  return CheckDecodedPixels(width, height, most, name, "decode a part of it with --region, or raise --max-pixels");
}

}  // namespace aecomp
