#include "io/formats/left_out.h"

#include <algorithm>

#include "io/printable.h"

namespace aecomp {
namespace {

constexpr size_t kMostNotes = 20;  // of each list: a hostile file has thousands of pieces
constexpr size_t kMostLetters = 60;

/// Once each. One entry past the limit is kept, which says that there are more.
void AddOnce(std::vector<std::string>& list, std::string text) {
  if (list.size() > kMostNotes || std::find(list.begin(), list.end(), text) != list.end()) return;
  list.push_back(list.size() < kMostNotes ? std::move(text) : "and more");
}

}  // namespace

void LeftOut::Add(std::string_view name) { AddOnce(names_, Printable(name, kMostLetters)); }

void LeftOut::Add(std::string_view name, std::string_view why) {
  AddOnce(reasons_, Printable(name, kMostLetters) + " left out: " + std::string(why));
}

void LeftOut::AddPictures(std::string_view which) { AddOnce(pictures_, std::string(which) + " left out"); }

void LeftOut::AppendTo(std::vector<std::string>* notes, bool metadata) const {
  if (notes == nullptr) return;
  notes->insert(notes->end(), pictures_.begin(), pictures_.end());
  if (!metadata) return;
  notes->insert(notes->end(), reasons_.begin(), reasons_.end());
  std::string all;
  for (const std::string& name : names_) all += (all.empty() ? "left out: " : ", ") + name;
  if (!all.empty()) notes->push_back(all);
}

}  // namespace aecomp
