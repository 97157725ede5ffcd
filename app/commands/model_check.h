// aecomp model check: what an architecture file means before anything is trained.
#pragma once

namespace CLI {
class App;
}

namespace aecomp {

struct Command;

void AddModelCheck(CLI::App& model, Command& command);

}  // namespace aecomp
