// Which output each input gets, decided for the whole batch before any work is done.
#pragma once

#include <string>
#include <vector>

#include "app/options.h"
#include "io/status.h"
#include "model/codec/model_file.h"

namespace aecomp {

struct PlannedFile {
  std::string input, output;  ///< "-" is stdin, stdout
  bool skip = false;          ///< the output exists, and that is well
  std::vector<std::string> notes = {};
};

struct BatchPlan {
  std::vector<PlannedFile> files;
  std::vector<std::string> passed_over;  ///< what the folders hold beside them: path and reason
};

/// What kinds of files a command turns into each other.
struct BatchKind {
  std::string input;                          ///< what is looked for in folders, for messages: "an .aec file"
  std::string extension;                      ///< of outputs whose name is made from the input's, with its dot
  bool (*is_input)(const std::string& path);  ///< which files of a folder that is searched are meant
  ModelUse use = ModelUse::kBoth;
};

/// Refuses (kUsage) outputs that exist, that two inputs share or that are inputs, and binary to a terminal; makes
/// folders of outputs that are missing.
Result<BatchPlan> PlanBatch(const BatchOptions& options, const BatchKind& kind);

}  // namespace aecomp
