// OpenJPEG's streams over memory, and its messages.
#pragma once

#include <openjpeg.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace aecomp {

using OpjStream = std::unique_ptr<opj_stream_t, decltype(&opj_stream_destroy)>;
using OpjCodec = std::unique_ptr<opj_codec_t, decltype(&opj_destroy_codec)>;
using OpjImage = std::unique_ptr<opj_image_t, decltype(&opj_image_destroy)>;

struct MemorySource {
  std::span<const uint8_t> bytes;
  size_t position = 0;
};
/// source: lives longer than the stream.
OpjStream ReadingStream(MemorySource& source);

struct MemorySink {
  std::vector<uint8_t> bytes;
  size_t position = 0;
};
OpjStream WritingStream(MemorySink& sink);

/// The first error and the first warning, instead of lines on stderr.
struct OpjMessages {
  std::string error, warning;
};
void HearMessages(opj_codec_t* codec, OpjMessages& messages);

}  // namespace aecomp
