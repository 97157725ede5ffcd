// Lists of files: --files-from.
#include "app/batch/name_list.h"
#include "tests/fuzz/target.h"

namespace aecomp::fuzz {
namespace {

bool Accepts(View input) {
  const std::vector<std::string> names = ParseNameList(input);
  size_t characters = 0;
  for (const std::string& name : names) {
    Promise(!name.empty(), "no name of a list is empty");
    Promise(name.find('\0') == name.npos, "no name of a list holds a NUL");
    characters += name.size();
  }
  Promise(characters <= input.size(), "names hold no more than the list");
  return !names.empty();
}

std::vector<Bytes> Seeds() {
  return {FromText("a.png\nb c.jpg\n"), FromText("a.png\r\nb.png\r\n\r\nlast"), FromText(std::string("x\0y\nz\0", 6)),
          FromText("\xef\xbb\xbfwith a mark.png\n")};
}

}  // namespace

Target NamesTarget() { return {"names", Accepts, Seeds, nullptr}; }

}  // namespace aecomp::fuzz
