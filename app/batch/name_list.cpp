#include "app/batch/name_list.h"

#include <algorithm>

namespace aecomp {

std::vector<std::string> ParseNameList(std::span<const uint8_t> list) {
  const bool has_nul = std::find(list.begin(), list.end(), 0) != list.end();
  const uint8_t end_of_name = has_nul ? 0 : '\n';
  std::vector<std::string> names;
  for (auto begin = list.begin(); begin != list.end();) {
    const auto end = std::find(begin, list.end(), end_of_name);
    std::string name(begin, end);
    if (!has_nul && name.ends_with('\r')) name.pop_back();
    if (!name.empty()) names.push_back(std::move(name));
    begin = end == list.end() ? end : end + 1;
  }
  return names;
}

}  // namespace aecomp
