#include "io/formats/alpha.h"

#include "io/convert.h"
#include "io/formats/png.h"
#include "io/formats/png_chunks.h"

namespace aecomp {
namespace {

constexpr std::array<char, 4> kType = {'a', 'l', 'p', 'h'};
constexpr int kPngLevel = 9;  // alpha is mostly flat: the effort is small and pays

Status Corrupt(const std::string& name, const char* what) {
  return CorruptError(name + ": corrupt: its alpha " + what + "; --alpha drop decodes the picture without it");
}

/// Nothing but a header, pixels and an end, each within the chunk: no length that memory would be taken for.
bool IsPlainPng(std::span<const uint8_t> png) {
  if (!LooksLikePng(png)) return false;
  bool plain = true;
  const bool whole = ForEachPngChunk(png, kPngSignature.size(), [&](const PngChunk& chunk) {
    plain = plain && (chunk.type == "IHDR" || chunk.type == "IDAT" || chunk.type == "IEND");
  });
  return whole && plain;
}

/// Of gray samples without alpha, as many bits deep as said, row by row.
bool HasDepth(std::span<const uint8_t> png, int bits) {
  constexpr size_t kDepth = 24, kColour = 25, kInterlace = 28;
  return png.size() > kInterlace && png[kDepth] == bits && png[kColour] == 0 && png[kInterlace] == 0;
}

}  // namespace

Result<ExtraChunk> AlphaChunk(const Image& alpha) {
  AECOMP_ASSIGN_OR_RETURN(auto png, EncodePng(alpha, kPngLevel));
  return ExtraChunk{kType, std::move(png)};
}

Status CheckAlpha(const ContainerHeader& header, const std::vector<ExtraChunk>& chunks, const std::string& name) {
  for (const ExtraChunk& chunk : chunks) {
    if (chunk.type != kType) continue;
    if (!IsPlainPng(chunk.payload)) return Corrupt(name, "cannot be read");
    const auto size = PeekPngSize(chunk.payload);
    const bool fits = size && static_cast<uint32_t>(size->width) == header.width &&
                      static_cast<uint32_t>(size->height) == header.height && HasDepth(chunk.payload, header.bits);
    if (!fits) return Corrupt(name, "has another size, depth or order than the picture");
  }
  return {};
}

Result<Image> DecodeAlpha(const std::vector<ExtraChunk>& chunks, const std::string& name) {
  for (const ExtraChunk& chunk : chunks) {
    if (chunk.type != kType) continue;
    auto alpha = DecodePng(chunk.payload, name, kMaxPixels);
    if (!alpha.ok()) return Corrupt(name, "cannot be read");
    return alpha;
  }
  return Image();
}

Result<Image> RestoreAlpha(Image image, const std::vector<ExtraChunk>& chunks, const std::string& name,
                           const std::optional<Region>& region) {
  AECOMP_ASSIGN_OR_RETURN(Image alpha, DecodeAlpha(chunks, name));
  if (alpha.width == 0) return image;
  if (region && region->LiesWithin(alpha.width, alpha.height)) alpha = Crop(alpha, *region);
  if (alpha.width != image.width || alpha.height != image.height || alpha.channels != 1 || alpha.bits != image.bits) {
    return Corrupt(name, "has another size or depth than the picture");
  }
  return WithAlpha(image, alpha);
}

}  // namespace aecomp
