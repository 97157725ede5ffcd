// aecomp model check: what an architecture file means before anything is trained.
#pragma once

#include "app/command.h"

namespace aecomp {

void AddModelCheck(const CommandLine& model, Command& command);

}  // namespace aecomp
