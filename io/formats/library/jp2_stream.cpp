#include "io/formats/library/jp2_stream.h"

#include <algorithm>
#include <cstring>

namespace aecomp {
namespace {

constexpr auto kFailed = static_cast<OPJ_SIZE_T>(-1);

OPJ_SIZE_T Read(void* to, OPJ_SIZE_T count, void* user) {
  auto& source = *static_cast<MemorySource*>(user);
  const size_t left = source.bytes.size() - source.position, taken = std::min<size_t>(count, left);
  if (taken == 0) return kFailed;
  std::memcpy(to, source.bytes.data() + source.position, taken);
  source.position += taken;
  return taken;
}

OPJ_OFF_T SkipRead(OPJ_OFF_T count, void* user) {
  auto& source = *static_cast<MemorySource*>(user);
  if (count < 0) return -1;
  const size_t left = source.bytes.size() - source.position;
  const size_t taken = std::min<size_t>(static_cast<size_t>(count), left);
  source.position += taken;
  return static_cast<OPJ_OFF_T>(taken);
}

OPJ_BOOL SeekRead(OPJ_OFF_T to, void* user) {
  auto& source = *static_cast<MemorySource*>(user);
  if (to < 0 || static_cast<size_t>(to) > source.bytes.size()) return OPJ_FALSE;
  source.position = static_cast<size_t>(to);
  return OPJ_TRUE;
}

OPJ_SIZE_T Write(void* from, OPJ_SIZE_T count, void* user) {
  auto& sink = *static_cast<MemorySink*>(user);
  if (sink.position + count > sink.bytes.size()) sink.bytes.resize(sink.position + count);
  std::memcpy(sink.bytes.data() + sink.position, from, count);
  sink.position += count;
  return count;
}

OPJ_BOOL SeekWrite(OPJ_OFF_T to, void* user) {
  auto& sink = *static_cast<MemorySink*>(user);
  if (to < 0) return OPJ_FALSE;
  sink.position = static_cast<size_t>(to);
  if (sink.position > sink.bytes.size()) sink.bytes.resize(sink.position);
  return OPJ_TRUE;
}

OPJ_OFF_T SkipWrite(OPJ_OFF_T count, void* user) {
  auto& sink = *static_cast<MemorySink*>(user);
  return SeekWrite(static_cast<OPJ_OFF_T>(sink.position) + count, user) == OPJ_TRUE ? count : -1;
}

void Keep(const char* message, void* to) {
  auto& text = *static_cast<std::string*>(to);
  if (!text.empty()) return;
  text = message;
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
}

}  // namespace

OpjStream ReadingStream(MemorySource& source) {
  OpjStream stream(opj_stream_create(OPJ_J2K_STREAM_CHUNK_SIZE, OPJ_TRUE), opj_stream_destroy);
  if (stream == nullptr) return stream;
  opj_stream_set_user_data(stream.get(), &source, nullptr);
  opj_stream_set_user_data_length(stream.get(), source.bytes.size());
  opj_stream_set_read_function(stream.get(), Read);
  opj_stream_set_skip_function(stream.get(), SkipRead);
  opj_stream_set_seek_function(stream.get(), SeekRead);
  return stream;
}

OpjStream WritingStream(MemorySink& sink) {
  OpjStream stream(opj_stream_create(OPJ_J2K_STREAM_CHUNK_SIZE, OPJ_FALSE), opj_stream_destroy);
  if (stream == nullptr) return stream;
  opj_stream_set_user_data(stream.get(), &sink, nullptr);
  opj_stream_set_write_function(stream.get(), Write);
  opj_stream_set_skip_function(stream.get(), SkipWrite);
  opj_stream_set_seek_function(stream.get(), SeekWrite);
  return stream;
}

void HearMessages(opj_codec_t* codec, OpjMessages& messages) {
  opj_set_error_handler(codec, Keep, &messages.error);
  opj_set_warning_handler(codec, Keep, &messages.warning);
  opj_set_info_handler(
      codec, [](const char*, void*) {}, nullptr);
}

}  // namespace aecomp
