// The inputs of a batch: those named, those in lists, those in folders.
#pragma once

#include <string>
#include <vector>

#include "app/batch/plan.h"

namespace aecomp {

struct Input {
  std::string path;
  std::string below;  ///< path from the folder that was searched; empty for a file that was named
};

/// In the order of the command line, the list's after it; files of a folder sorted by path. kUsage when there is none,
/// when a folder is given without -r or holds nothing that is meant; kInput when a list cannot be read.
Result<std::vector<Input>> CollectInputs(const BatchOptions& options, const BatchKind& kind);

}  // namespace aecomp
