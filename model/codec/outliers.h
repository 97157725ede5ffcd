// Samples of 16-bit images that lie far away from all others: hot and dead pixels of sensors, stars. The network sees
// an image between the lowest and the highest of its samples, so one of 65535 among 300 to 500 would leave nothing of
// the rest. Where few samples do that, the network sees the image without them, and they are carried apart, exactly.
#pragma once

#include <cstdint>
#include <vector>

#include "io/container.h"
#include "io/image.h"
#include "io/region.h"
#include "io/status.h"
#include "model/codec/sample_range.h"

namespace aecomp {

struct Outlier {
  uint64_t index = 0;  ///< of the sample: (y * width + x) * channels + channel
  uint16_t value = 0;
};
using Outliers = std::vector<Outlier>;  // by rising index

/// Between which samples the network sees an image: 8 bits as they are; 16 bits, which may hold 12 or 14, from the
/// lowest to the highest sample but for outliers, if there are such.
SampleRange ChooseRange(const Image& image);

/// The samples outside of ChooseRange. Empty for most images.
Outliers FindOutliers(const Image& image, const SampleRange& range);

/// What the network sees in place of an image with outliers: each becomes the mean of its neighbours that are none.
Image WithoutOutliers(const Image& image, const SampleRange& range);

/// The chunk that a file carries them in: see io/FORMAT.md.
ExtraChunk OutlierChunk(const Outliers& outliers);

/// Of a file; empty when it has none. kCorrupt when the chunk does not fit the image or the range.
Result<Outliers> ReadOutliers(const Container& container, const SampleRange& range);

/// Puts them into the part of the decoded image that `region` is. width: of the whole image.
void RestoreOutliers(const Outliers& outliers, int64_t width, const Region& region, Image& part);

/// Its type. A decoder that does not know it refuses the file.
bool IsOutlierChunk(const ExtraChunk& chunk);

}  // namespace aecomp
