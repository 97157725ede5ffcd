// BMP: the resolution, and what versions 4 and 5 of the header say of colour (Windows GDI, BITMAPV5HEADER).
#include <algorithm>

#include "io/bytes.h"
#include "io/formats/metadata_readers.h"

namespace aecomp {
namespace {

using View = std::span<const uint8_t>;

constexpr size_t kFileHeader = 14;
// Sizes of the header, which tell its version.
constexpr uint32_t kWindows = 40, kVersion4 = 108, kVersion5 = 124;
// Offsets within the header.
constexpr size_t kResolution = 24, kColourSpace = 56, kEndpoints = 60, kGammaEnd = 108, kProfile = 112;
constexpr uint32_t kCalibrated = 0, kLinked = 0x4c494e4b, kEmbedded = 0x4d424544;

uint32_t Number(View header, size_t at) { return ByteReader(header.subspan(at, 4)).U32(); }

void ReadColour(View header, uint32_t size, Metadata& m, LeftOut& left_out) {
  const uint32_t space = Number(header, kColourSpace);
  if (space == kCalibrated) {
    const View numbers = header.subspan(kEndpoints, kGammaEnd - kEndpoints);
    for (const uint8_t byte : numbers) {
      if (byte != 0) return left_out.Add("BMP's colour endpoints and gamma");
    }
  }
  if (size < kVersion5) return;
  if (space == kLinked) return left_out.Add("ICC profile", "the BMP only names its file");
  if (space != kEmbedded) return;
  const uint32_t offset = Number(header, kProfile), length = Number(header, kProfile + 4);
  if (offset > header.size() || length > header.size() - offset) {
    return left_out.Add("ICC profile", "it lies outside the file");
  }
  Keep(m.icc, header.subspan(offset, length), "ICC profile", left_out);
}

}  // namespace

bool HasBmpHeader(View file) { return StartsWith(file, "BM") && file.size() >= kFileHeader + 4; }

bool WriteBmpResolution(std::vector<uint8_t>& file, const Metadata& m) {
  constexpr size_t kPlace = kFileHeader + kResolution;
  const auto resolution = m.AnyResolution();
  const auto numbers = resolution ? PerMetre(*resolution) : std::nullopt;
  if (!numbers || file.size() < kPlace + 8 || Number(file, kFileHeader) < kWindows) return false;
  ByteWriter writer;
  for (const uint32_t number : *numbers) writer.U32(number);
  std::copy(writer.bytes().begin(), writer.bytes().end(), file.begin() + kPlace);
  return true;
}

void ReadBmpMetadata(View file, Metadata& m, LeftOut& left_out) {
  const View header = file.subspan(kFileHeader);
  const uint32_t size = Number(header, 0);
  if (size < kWindows || size > header.size()) return;  // OS/2's first header has only the size of the picture
  using Unit = Resolution::Unit;
  KeepResolution(m, {Unit::kMetre, {Number(header, kResolution), 1}, {Number(header, kResolution + 4), 1}});
  if (size >= kVersion4) ReadColour(header, size, m, left_out);
}

}  // namespace aecomp
