#include "app/streams.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace aecomp {
namespace {

Status StdoutError() { return WriteError(std::string("stdout: cannot write: ") + std::strerror(errno)); }

}  // namespace

Result<std::vector<uint8_t>> ReadInput(const std::string& name) {
  if (!IsStream(name)) return ReadFile(name);
  std::vector<uint8_t> bytes;
  uint8_t block[1 << 16];
  size_t n;
  while ((n = std::fread(block, 1, sizeof block, stdin)) > 0) bytes.insert(bytes.end(), block, block + n);
  if (std::ferror(stdin)) return InputError(std::string("stdin: cannot read: ") + std::strerror(errno));
  if (bytes.empty()) return InputError("stdin: is empty");
  return bytes;
}

Status WriteOutput(const std::string& name, std::span<const uint8_t> bytes, const WriteOptions& options) {
  if (!IsStream(name)) return WriteFileAtomically(name, bytes, options);
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size() || std::fflush(stdout) != 0) {
    return StdoutError();
  }
  return {};
}

WriteOptions OutputOptions(const BatchOptions& options, const std::string& input, bool read_back) {
  WriteOptions write{.overwrite = options.force, .read_back = read_back};
  if (options.keep_time && !IsStream(input)) write.modified = ModifiedAt(input);
  return write;
}

void PrintStdout(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

Status FlushStdout() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) return StdoutError();
  return {};
}

}  // namespace aecomp
