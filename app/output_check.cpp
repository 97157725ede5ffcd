#include "app/output_check.h"

#include <filesystem>
#include <system_error>

#include "app/streams.h"
#include "io/descriptor.h"

namespace aecomp {

namespace fs = std::filesystem;

std::string Canonical(const std::string& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(fs::absolute(path), error);
  return error ? path : canonical.string();
}

bool IsThere(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

void OutputCheck::AddInput(const std::string& name) {
  if (!name.empty() && !IsStream(name)) inputs_.insert(Canonical(name));
}

Status OutputCheck::AddOutput(const std::string& name) {
  if (name.empty() || IsStream(name) || IsWrittenInto(name)) return {};
  std::error_code error;
  if (fs::is_directory(name, error)) return UsageError(name + ": is a folder; name a file");
  const std::string canonical = Canonical(name);
  if (inputs_.count(canonical) > 0) return UsageError(name + ": is both input and output; name another file");
  if (!outputs_.insert(canonical).second) return UsageError(name + ": is given for two outputs; name another file");
  if (overwrite_ || !IsThere(name)) return {};
  return UsageError(name + ": exists; name another file, or " + way_out_);
}

}  // namespace aecomp
