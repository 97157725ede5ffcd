// The page without its content: page.html with style and scripts, which are bytes of the program.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace aecomp {

/// page.html, where every line @@name@@ is replaced by the file of this name or by what is given. Each name once.
std::string FillTemplate(const std::vector<std::pair<std::string, std::string>>& given);

}  // namespace aecomp
