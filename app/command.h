// A subcommand adds its options to the parser; when it was chosen, `run` is what main runs.
#pragma once

#include <functional>

#include "app/command_line.h"
#include "io/status.h"

namespace aecomp {

struct Command {
  std::function<Status()> run;
};

void AddCompress(const CommandLine& app, Command& command);
void AddDecompress(const CommandLine& app, Command& command);
void AddInfo(const CommandLine& app, Command& command);
void AddEval(const CommandLine& app, Command& command);
void AddTrain(const CommandLine& app, Command& command);
void AddModel(const CommandLine& app, Command& command);
void AddModelLibrary(const CommandLine& model, Command& command);  ///< list and install, below `model`

}  // namespace aecomp
