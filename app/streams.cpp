#include "app/streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "io/descriptor.h"

namespace aecomp {
namespace {

Status StdoutError(int error) { return WriteError(std::string("stdout: cannot write: ") + std::strerror(error)); }

}  // namespace

bool IsStdout(const std::string& name) {
  if (IsStream(name)) return true;
  const auto named = DescriptorNamedBy(name);
  return named && named->own && named->number == STDOUT_FILENO;
}

bool IsTerminal(const std::string& name) {
  if (IsStdout(name)) return isatty(STDOUT_FILENO) != 0;
  std::error_code error;
  if (!std::filesystem::is_character_file(name, error)) return false;
  const Descriptor device = OpenFile(name, O_WRONLY | O_NONBLOCK);
  return device.ok() && isatty(device.get()) != 0;
}

Result<std::vector<uint8_t>> ReadInput(const std::string& name, const ReadOptions& options) {
  return IsStream(name) ? ReadDescriptor(STDIN_FILENO, "stdin", options) : ReadFile(name, options);
}

Status WriteOutput(const std::string& name, std::span<const uint8_t> bytes, const WriteOptions& options) {
  if (!IsStream(name)) return WriteFileAtomically(name, bytes, options);
  if (std::fflush(stdout) != 0) return StdoutError(errno);  // text that was printed before comes before
  const int error = WriteAll(STDOUT_FILENO, bytes);
  return error == 0 ? Status() : StdoutError(error);
}

WriteOptions OutputOptions(const BatchOptions& options, const std::string& input, bool read_back) {
  WriteOptions write{.overwrite = options.force, .read_back = read_back};
  if (options.keep_time && !IsStream(input)) write.modified = ModifiedAt(input);
  return write;
}

void PrintStdout(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

Status FlushStdout() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) return StdoutError(errno);
  return {};
}

}  // namespace aecomp
