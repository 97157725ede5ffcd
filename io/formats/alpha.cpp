#include "io/formats/alpha.h"

#include "io/convert.h"
#include "io/formats/png.h"

namespace aecomp {
namespace {

constexpr std::array<char, 4> kType = {'a', 'l', 'p', 'h'};
constexpr int kPngLevel = 9;  // alpha is mostly flat: the effort is small and pays

}  // namespace

Result<ExtraChunk> AlphaChunk(const Image& alpha) {
  AECOMP_ASSIGN_OR_RETURN(auto png, EncodePng(alpha, kPngLevel));
  return ExtraChunk{kType, std::move(png)};
}

Result<Image> RestoreAlpha(Image image, const std::vector<ExtraChunk>& chunks, const std::string& name,
                           const std::optional<Region>& region) {
  for (const ExtraChunk& chunk : chunks) {
    if (chunk.type != kType) continue;
    const auto pixels = static_cast<uint64_t>(image.width) * static_cast<uint64_t>(image.height);
    auto alpha = DecodePng(chunk.payload, name, region ? kMaxPixels : pixels);
    if (!alpha.ok()) {
      return CorruptError(name + ": corrupt: its alpha cannot be read; --alpha drop decodes the picture without it");
    }
    Image a = std::move(alpha).value();
    if (region && region->LiesWithin(a.width, a.height)) a = Crop(a, *region);
    if (a.width != image.width || a.height != image.height || a.channels != 1 || a.bits != image.bits) {
      return CorruptError(name + ": corrupt: its alpha has another size; --alpha drop decodes the picture without it");
    }
    return WithAlpha(image, a);
  }
  return image;
}

}  // namespace aecomp
