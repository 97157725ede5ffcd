#include "io/formats/image_kinds.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>

namespace aecomp {
namespace {

using namespace std::string_view_literals;

/// Bytes at a place of the file.
struct Signature {
  size_t at;
  std::string_view bytes;
};

constexpr std::array kSignatures = {
    Signature{0, "\x89PNG"sv},
    Signature{0, "\xFF\xD8\xFF"sv},  // JPEG
    Signature{8, "WEBP"sv},          // after RIFF and a length
    Signature{0, "II*\0"sv},         // TIFF,
    Signature{0, "MM\0*"sv},         // of the other byte order,
    Signature{0, "II+\0"sv},         // BigTIFF
    Signature{0, "MM\0+"sv},
    Signature{0, "BM"sv},  // BMP
    Signature{0, "P1"sv},  // PBM, PGM, PPM, PAM
    Signature{0, "P2"sv},
    Signature{0, "P3"sv},
    Signature{0, "P4"sv},
    Signature{0, "P5"sv},
    Signature{0, "P6"sv},
    Signature{0, "P7"sv},
    Signature{0, "PF"sv},  // PFM
    Signature{0, "Pf"sv},
    Signature{0, "\0\0\0\x0CjP  "sv},    // JPEG 2000
    Signature{0, "\xFF\x4F\xFF\x51"sv},  // its code stream
    Signature{0, "#?"sv},                // Radiance
    Signature{0, "\x76\x2F\x31\x01"sv},  // OpenEXR
    Signature{0, "\x59\xA6\x6A\x95"sv},  // Sun raster
    Signature{0, "GIF8"sv},
    Signature{4, "ftyp"sv},  // AVIF, HEIF
};

/// Extensions, with those that name the same format side by side, and the format's number.
struct Extension {
  std::string_view name;
  int format;
};

constexpr std::array kExtensions = {
    Extension{"png", 0},  Extension{"apng", 0}, Extension{"jpg", 1},  Extension{"jpeg", 1}, Extension{"jpe", 1},
    Extension{"jfif", 1}, Extension{"jif", 1},  Extension{"mpo", 1},  Extension{"webp", 2}, Extension{"tif", 3},
    Extension{"tiff", 3}, Extension{"bmp", 4},  Extension{"dib", 4},  Extension{"ppm", 5},  Extension{"pgm", 6},
    Extension{"pbm", 7},  Extension{"pnm", 8},  Extension{"pam", 9},  Extension{"jp2", 10}, Extension{"jpf", 10},
    Extension{"jpx", 10}, Extension{"j2k", 11}, Extension{"j2c", 11}, Extension{"jpc", 11}, Extension{"ras", 12},
    Extension{"sr", 12},
};

/// Without its dot, in lower case.
std::string Plain(std::string extension) {
  if (extension.starts_with('.')) extension.erase(0, 1);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

const Extension* Find(const std::string& plain) {
  const auto found =
      std::find_if(kExtensions.begin(), kExtensions.end(), [&](const auto& e) { return e.name == plain; });
  return found == kExtensions.end() ? nullptr : &*found;
}

}  // namespace

bool LooksLikeImage(std::span<const uint8_t> start) {
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  return std::any_of(kSignatures.begin(), kSignatures.end(),
                     [&](const Signature& s) { return text.size() >= s.at && text.substr(s.at).starts_with(s.bytes); });
}

bool HasImageExtension(const std::string& path) {
  return Find(Plain(std::filesystem::path(path).extension())) != nullptr;
}

bool HasAecExtension(const std::string& path) { return Plain(std::filesystem::path(path).extension()) == "aec"; }

bool SameFormat(const std::string& extension, const std::string& other) {
  const std::string a = Plain(extension), b = Plain(other);
  const Extension *first = Find(a), *second = Find(b);
  return a == b || (first != nullptr && second != nullptr && first->format == second->format);
}

}  // namespace aecomp
