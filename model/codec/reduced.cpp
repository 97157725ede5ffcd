#include "model/codec/reduced.h"

#include <utility>

#include "io/area_average.h"
#include "io/convert.h"
#include "io/formats/alpha.h"

namespace aecomp {

Result<Image> DecompressReduced(Codec& codec, const Container& container, const std::string& name, const Region& region,
                                int64_t max_side, bool keep_alpha) {
  const ContainerHeader& header = container.header;
  if (!region.LiesWithin(header.width, header.height)) return codec.Decompress(container, name, region);
  const ImageSize from{static_cast<int>(region.width), static_cast<int>(region.height)};
  const ImageSize to = SizeWithin(region.width, region.height, max_side);
  if (to == from) {
    AECOMP_ASSIGN_OR_RETURN(Image image, codec.Decompress(container, name, region));
    return keep_alpha ? RestoreAlpha(std::move(image), container.extra, name, region) : std::move(image);
  }
  Image alpha;
  if (keep_alpha) {
    AECOMP_ASSIGN_OR_RETURN(alpha, DecodeAlpha(container.extra, name));
  }
  const bool has_alpha = alpha.width != 0;
  AreaAverage average(from, to, header.channels + (has_alpha ? 1 : 0), header.bits);
  AECOMP_RETURN_IF_ERROR(codec.DecompressBands(container, name, region, [&](const Image& band, int64_t row) -> Status {
    if (has_alpha) {
      average.Add(WithAlpha(band, Crop(alpha, {region.x, region.y + row, region.width, band.height})));
    } else {
      average.Add(band);
    }
    return {};
  }));
  return average.Take();
}

}  // namespace aecomp
