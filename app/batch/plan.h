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

/// The kinds of files that a command reads and writes.
struct BatchKind {
  std::string input;                          ///< the kind that folders are searched for, in messages: "an .aec file"
  std::string extension;                      ///< of outputs whose name is made from the input's, with its dot
  bool (*is_input)(const std::string& path);  ///< whether a file of a searched folder is an input
  ModelUse use = ModelUse::kBoth;
};

/// Refuses (kUsage) outputs that exist, that two inputs share or that are inputs themselves, and binary data to a
/// terminal. Makes the folders of outputs where they are missing.
Result<BatchPlan> PlanBatch(const BatchOptions& options, const BatchKind& kind);

}  // namespace aecomp
