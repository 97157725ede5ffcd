// PNM and PAM hold comments (netpbm, "ppm" and "pam" manual pages).
#include <cctype>

#include "io/formats/metadata_readers.h"

namespace aecomp {

void ReadPnmMetadata(std::span<const uint8_t> file, LeftOut& left_out) {
  const bool pam = file[1] == '7', bitmap = file[1] == '1' || file[1] == '4';
  int numbers = bitmap ? 2 : 3;  // of the header, which ends behind the last
  bool in_number = false, line_begins = false;
  for (size_t i = 2; i < file.size(); ++i) {
    const uint8_t c = file[i];
    if (c == '#' && (!pam || line_begins)) return left_out.Add("PNM comment");
    if (pam && line_begins && StartsWith(file.subspan(i), "ENDHDR")) return;
    line_begins = c == '\n';
    const bool digit = std::isdigit(c) != 0;
    if (in_number && !digit && --numbers == 0 && !pam) return;
    in_number = digit;
  }
}

}  // namespace aecomp
