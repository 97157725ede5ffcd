// The inputs of a batch: those named, those in lists, those in folders.
#pragma once

#include <string>
#include <vector>

#include "app/batch/plan.h"

namespace aecomp {

struct Input {
  std::string path;
  std::string below;              ///< path from the folder that was searched; empty for a file that was named
  std::vector<std::string> also;  ///< other names under which the same file was given
};

struct Inputs {
  std::vector<Input> files;
  std::vector<std::string> passed_over;  ///< what folders hold beside them: path and reason
};

/// In the order of the command line, the list's after it; files of a folder sorted by path. A file that is given twice
/// comes once, at its first place: one that is named also when the other name is a link to it. kUsage when there is
/// none, when a folder is given without -r or holds nothing that is meant; kInput when a list cannot be read.
Result<Inputs> CollectInputs(const BatchOptions& options, const BatchKind& kind);

}  // namespace aecomp
