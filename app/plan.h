// Which output each input gets, decided for the whole batch before any work is done.
#pragma once

#include <string>
#include <vector>

#include "app/options.h"
#include "io/status.h"

namespace aecomp {

struct PlannedFile {
  std::string input, output;  ///< "-" is stdin, stdout
};

/// extension: that of outputs whose name is made from the input's, with its dot. Refuses (kUsage) outputs that exist,
/// that two inputs share or that are inputs, and binary to a terminal; makes options.output_dir if it is missing.
Result<std::vector<PlannedFile>> PlanBatch(const BatchOptions& options, const std::string& extension);

}  // namespace aecomp
