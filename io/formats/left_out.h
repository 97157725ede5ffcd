// Collects the names of pieces that are left out of a file, so that nothing is lost without a word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace aecomp {

/// Collects names and makes notes of them: one for all that need no reason, one for each that does. A name may come
/// from a file: bytes that are no printable ASCII become '?', long names are cut.
class LeftOut {
 public:
  /// A piece that this program does not keep, such as "JPEG comment".
  void Add(std::string_view name);
  /// A piece that it would keep, and why it does not here: "ICC profile", "it is for CMYK".
  void Add(std::string_view name, std::string_view why);
  /// Further frames, pages or pictures: "2 more frames". They are named even where metadata are not asked for.
  void AddPictures(std::string_view which);

  bool empty() const { return names_.empty() && reasons_.empty() && pictures_.empty(); }
  /// Appends one line each. `notes` may be null. metadata: false leaves only the notes about further pictures.
  void AppendTo(std::vector<std::string>* notes, bool metadata = true) const;

 private:
  std::vector<std::string> names_, reasons_, pictures_;
};

}  // namespace aecomp
