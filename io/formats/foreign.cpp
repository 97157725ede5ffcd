#include "io/formats/foreign.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace aecomp {
namespace {

using namespace std::string_view_literals;

struct Known {
  size_t at;
  std::string_view magic;
  const char* name;
};

constexpr Known kKnown[] = {{0, "GIF8"sv, "a GIF image"},
                            {4, "ftypavif"sv, "an AVIF image"},
                            {4, "ftypavis"sv, "an AVIF image"},
                            {4, "ftypheic"sv, "a HEIC image"},
                            {4, "ftypheix"sv, "a HEIC image"},
                            {4, "ftypmif1"sv, "a HEIF image"},
                            {4, "ftypmsf1"sv, "a HEIF image"},
                            {4, "ftypcrx "sv, "a camera's raw image"},
                            {0, "\xff\x0a"sv, "a JPEG XL image"},
                            {0, "\0\0\0\x0cJXL \r\n\x87\n"sv, "a JPEG XL image"},
                            {0, "\0\0\0\x0cjP  \r\n\x87\n"sv, "a JPEG 2000 image of an unknown kind"},
                            {0, "8BPS"sv, "a Photoshop image"},
                            {0, "\x76\x2f\x31\x01"sv, "an OpenEXR image"},
                            {0, "#?RADIANCE"sv, "a Radiance HDR image"},
                            {0, "#?RGBE"sv, "a Radiance HDR image"},
                            {0, "PF\n"sv, "a PFM image"},
                            {0, "Pf\n"sv, "a PFM image"},
                            {0, "\x59\xa6\x6a\x95"sv, "a Sun raster image"},
                            {0, "DDS "sv, "a DDS image"},
                            {0, "SIMPLE  ="sv, "a FITS image"},
                            {0, "\0\0\x01\0"sv, "an icon"},
                            {0, "%PDF"sv, "a PDF document"},
                            {0, "%!PS"sv, "a PostScript document"},
                            {0, "<svg"sv, "an SVG drawing"},
                            {0, "gimp xcf"sv, "a GIMP image"},
                            {0, "\x89MNG"sv, "a MNG animation"}};

}  // namespace

const char* NameOfForeignFormat(std::span<const uint8_t> bytes) {
  for (const Known& known : kKnown) {
    if (bytes.size() < known.at + known.magic.size()) continue;
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(known.at);
    if (std::equal(known.magic.begin(), known.magic.end(), begin,
                   [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; })) {
      return known.name;
    }
  }
  return nullptr;
}

}  // namespace aecomp
