// Tells image files from other files before they are decoded: by how they begin, and by how their names end.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace aecomp {

/// Whether content begins as files of an image format do that some reader here may know. False for endless zeros.
bool LooksLikeImage(std::span<const uint8_t> start);

/// Whether a name ends as those of images that can be read do: .png, .jpg, .webp, .tif, ... in any case. These are what
/// is looked for in folders.
bool HasImageExtension(const std::string& path);

/// The same for .aec files.
bool HasAecExtension(const std::string& path);

/// Whether two extensions, with or without their dots and in any case, name one format: jpg and jpeg, tif and tiff.
bool SameFormat(const std::string& extension, const std::string& other);

}  // namespace aecomp
