#include "app/batch/name_list.h"

#include <algorithm>
#include <initializer_list>

namespace aecomp {

namespace {

bool BeginsWith(std::span<const uint8_t> list, std::initializer_list<uint8_t> mark) {
  return list.size() >= mark.size() && std::equal(mark.begin(), mark.end(), list.begin());
}

}  // namespace

bool IsWideText(std::span<const uint8_t> list) {
  return BeginsWith(list, {0xFF, 0xFE}) || BeginsWith(list, {0xFE, 0xFF}) || BeginsWith(list, {0, 0, 0xFE, 0xFF});
}

std::vector<std::string> ParseNameList(std::span<const uint8_t> list) {
  if (BeginsWith(list, {0xEF, 0xBB, 0xBF})) list = list.subspan(3);
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
