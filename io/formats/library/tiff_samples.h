// From the samples of a TIFF to gray or RGB of 8 or 16 bits with straight alpha.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/formats/library/lab.h"
#include "io/formats/library/tiff_reader.h"

namespace aecomp {

/// `count` samples of 1 to 32 bits to out[0], out[stride], ... Of 8, 16 and 32 bits in the order of this machine's
/// bytes, else the highest bit first.
void UnpackSamples(std::span<const uint8_t> row, int bits, size_t count, uint32_t* out, size_t stride);

/// TIFF 6.0: photometric interpretation (page 37), palettes (23), ExtraSamples (31), CMYK (69), CIE L*a*b* (109).
class SampleConverter {
 public:
  /// kInput for kinds that are refused. `notes` (may be null): what is converted or left out.
  static Result<SampleConverter> Create(const TiffReader& tiff, const TiffLayout& layout, const std::string& name,
                                        std::vector<std::string>* notes);

  int channels() const { return colours_ + (alpha_ >= 0 ? 1 : 0); }
  int bits() const { return bits_; }
  /// samples: of a row, layout.samples a pixel. row: [width, channels()] of bits(). False where the palette has no such
  /// colour.
  bool Convert(std::span<const uint32_t> samples, uint8_t* row) const;

 private:
  SampleConverter() = default;
  Status ChooseColours(const TiffReader& tiff, const TiffLayout& layout, const std::string& name,
                       std::vector<std::string>* notes);
  void ChooseAlpha(const TiffLayout& layout, std::vector<std::string>* notes);
  void ReadPalette(const TiffReader& tiff);
  uint32_t Scaled(uint32_t sample) const;
  bool Colours(const uint32_t* samples, uint32_t* out) const;

  TiffLayout layout_;
  int stored_colours_ = 1, colours_ = 1, bits_ = 8;
  int alpha_ = -1;  // which sample it is
  bool premultiplied_ = false;
  uint32_t most_ = 1, peak_ = 255;  // of a stored sample, of a converted one
  std::vector<uint16_t> palette_;   // all red, all green, all blue
  LabToSrgb lab_;
};

}  // namespace aecomp
