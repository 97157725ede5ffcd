// Applies a picture's filter to decoded samples.
#pragma once

#include "io/image.h"
#include "io/region.h"
#include "model/filter/picture_filter.h"

namespace aecomp {

/// The part of the picture that filtered samples of `region` depend on; the picture has this size.
Region WithFilterReach(const Region& region, int64_t width, int64_t height);

/// Filters, in place, the samples of `region`, in parallel. image: of 1 or 3 channels, the part of the picture whose
/// first pixel is (left, top); it holds WithFilterReach(region) unfiltered.
void ApplyFilter(const PictureFilter& filter, const FilterRange& range, int64_t left, int64_t top, const Region& region,
                 Image& image);

}  // namespace aecomp
