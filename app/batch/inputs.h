// Collects the inputs of a batch: from the command line, from lists and from folders.
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

/// Files in the order of the command line, then those of the list; files of a folder are sorted by path. A file that is
/// given twice comes once, at its first place, also when one of its names is a link. kUsage when there is no file, or
/// when a folder is given without -r or holds no file of the kind; kInput when a list cannot be read.
Result<Inputs> CollectInputs(const BatchOptions& options, const BatchKind& kind);

}  // namespace aecomp
