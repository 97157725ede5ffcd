// A subcommand adds its options to the parser; when it was chosen, `run` is what main runs.
#pragma once

#include <functional>

#include "io/status.h"

namespace CLI {
class App;
}

namespace aecomp {

struct Command {
  std::function<Status()> run;
};

void AddCompress(CLI::App& app, Command& command);
void AddDecompress(CLI::App& app, Command& command);
void AddInfo(CLI::App& app, Command& command);
void AddEval(CLI::App& app, Command& command);
void AddTrain(CLI::App& app, Command& command);
void AddModel(CLI::App& app, Command& command);
void AddModelLibrary(CLI::App& model, Command& command);  ///< list and install, below `model`

}  // namespace aecomp
