// The known word that somebody probably meant.
#pragma once

#include <string>
#include <vector>

namespace aecomp {

/// The word of `known` at the smallest Levenshtein distance from `word`; of equally near ones the first; empty when
/// nothing is known.
std::string Nearest(const std::string& word, const std::vector<std::string>& known);

/// "a, b, c"
std::string Listed(const std::vector<std::string>& words);

}  // namespace aecomp
