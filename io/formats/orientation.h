// Which way up a picture is meant to be seen: EXIF's and XMP's orientation, and turning pixels by it.
#pragma once

#include <cstdint>
#include <span>

#include "io/formats/left_out.h"
#include "io/formats/metadata.h"
#include "io/image.h"

namespace aecomp {

/// EXIF's tag 0x0112: 1 (as stored) .. 8. 1 when there is none.
int ExifOrientation(std::span<const uint8_t> exif);
/// Sets the tag to 1 where there is one.
void ResetExifOrientation(std::span<uint8_t> exif);
/// Sets every tiff:Orientation of an XMP packet to 1, as an attribute or as an element.
void ResetXmpOrientation(std::span<uint8_t> xmp);

/// Makes the metadata fit pixels that have been turned by `orientation`. EXIF and XMP then say 1. Where the width and
/// the height of the picture change places, EXIF's do, and so do the resolutions across and down. Pieces that still
/// show the picture as it was are left out: the EXIF thumbnail, and text chunks with a profile that ImageMagick wrote.
void FitMetadataToTurnedPixels(Metadata& metadata, int orientation, LeftOut& left_out);

/// The image as it is meant to be seen.
Image Oriented(const Image& image, int orientation);

}  // namespace aecomp
