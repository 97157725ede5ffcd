// PNM and PAM hold comments (netpbm, "ppm" and "pam" manual pages), plain ones also among their samples.
#include <algorithm>
#include <cctype>

#include "io/formats/metadata_readers.h"

namespace aecomp {
namespace {

using View = std::span<const uint8_t>;

bool HasMark(View bytes) { return std::find(bytes.begin(), bytes.end(), uint8_t{'#'}) != bytes.end(); }

/// Of PAM, whose header has lines up to ENDHDR. A tuple type may have the mark in it.
bool HasCommentInLines(View file) {
  for (size_t at = 2; at < file.size();) {
    while (at < file.size() && std::isspace(file[at]) != 0) ++at;
    const View rest = file.subspan(at);
    if (StartsWith(rest, "ENDHDR")) return false;
    const View line =
        rest.first(static_cast<size_t>(std::find(rest.begin(), rest.end(), uint8_t{'\n'}) - rest.begin()));
    if (!StartsWith(line, "TUPLTYPE") && HasMark(line)) return true;
    at += line.size();
  }
  return false;
}

/// Whether a comment stands before the last of so many numbers, behind which the samples begin.
bool HasCommentBefore(View file, int numbers) {
  bool in_number = false;
  for (const uint8_t c : file.subspan(2)) {
    if (c == '#') return true;
    const bool digit = std::isdigit(c) != 0;
    if (in_number && !digit && --numbers == 0) return false;
    in_number = digit;
  }
  return false;
}

}  // namespace

void ReadPnmMetadata(View file, LeftOut& left_out) {
  const int kind = file[1] - '0';
  const bool plain = kind <= 3, bitmap = kind == 1 || kind == 4;
  const bool found = plain       ? HasMark(file)
                     : kind == 7 ? HasCommentInLines(file)
                                 : HasCommentBefore(file, bitmap ? 2 : 3);
  if (found) left_out.Add("PNM comment");
}

}  // namespace aecomp
