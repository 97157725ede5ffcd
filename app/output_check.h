// Outputs are checked before any work: a run must not replace what it reads, nor what nobody said it may.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "io/status.h"

namespace aecomp {

/// The same text for the same file, however it is named.
std::string Canonical(const std::string& path);

/// Whether there is something of this name: a link to nothing as well.
bool IsThere(const std::string& path);

class OutputCheck {
 public:
  /// overwrite: whether outputs may exist. way_out: what messages propose where they may not.
  explicit OutputCheck(bool overwrite, std::string way_out = "overwrite with -f")
      : overwrite_(overwrite), way_out_(std::move(way_out)) {}

  /// A file that the run reads. An empty name is none.
  void AddInput(const std::string& name);

  /// kUsage where `name` is an input, the same as another output, a folder, or exists and must not be replaced. An
  /// empty name is none; streams and devices are written into and never refused.
  Status AddOutput(const std::string& name);

 private:
  bool overwrite_;
  std::string way_out_;
  std::set<std::string> inputs_, outputs_;
};

}  // namespace aecomp
