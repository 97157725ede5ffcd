#include "io/formats/library/tiff_samples.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "io/formats/library/decoders.h"

namespace aecomp {
namespace {

Status NotRead(const std::string& name, const std::string& what) {
  return InputError(name + ": a TIFF image " + what + "; convert it to PNG or to TIFF of 8 or 16 bits gray or RGB");
}

template <class Sample>
void CopySamples(const uint8_t* row, size_t count, uint32_t* out, size_t stride) {
  for (size_t i = 0; i < count; ++i) {
    Sample sample;
    std::memcpy(&sample, row + i * sizeof sample, sizeof sample);
    out[i * stride] = sample;
  }
}

/// What L*a*b* is relative to: the TIFF's WhitePoint, else D50. ICC's L*a*b* is always relative to D50.
LabToSrgb LabOf(const TiffReader& tiff, const TiffLayout& layout) {
  const float* white = nullptr;
  const bool said = layout.photometric == PHOTOMETRIC_CIELAB &&
                    TIFFGetField(tiff.get(), TIFFTAG_WHITEPOINT, &white) == 1 && white != nullptr;
  return said ? LabToSrgb(white[0], white[1]) : LabToSrgb();
}

}  // namespace

void UnpackSamples(std::span<const uint8_t> row, int bits, size_t count, uint32_t* out, size_t stride) {
  if (bits == 8) return CopySamples<uint8_t>(row.data(), count, out, stride);
  if (bits == 16) return CopySamples<uint16_t>(row.data(), count, out, stride);
  if (bits == 32) return CopySamples<uint32_t>(row.data(), count, out, stride);
  uint64_t held = 0;
  int in_hand = 0;
  size_t at = 0;
  for (size_t i = 0; i < count; ++i) {
    for (; in_hand < bits; in_hand += 8) held = held << 8 | row[at++];
    in_hand -= bits;
    out[i * stride] = static_cast<uint32_t>(held >> in_hand & ((uint64_t{1} << bits) - 1));
  }
}

Result<SampleConverter> SampleConverter::Create(const TiffReader& tiff, const TiffLayout& layout,
                                                const std::string& name, std::vector<std::string>* notes) {
  SampleConverter c;
  c.layout_ = layout;
  if (layout.bits > 16 && layout.bits < 32)
    return NotRead(name, "of " + std::to_string(layout.bits) + " bits per sample");
  c.most_ = static_cast<uint32_t>((uint64_t{1} << layout.bits) - 1);
  c.bits_ = layout.bits <= 8 ? 8 : 16;
  AECOMP_RETURN_IF_ERROR(c.ChooseColours(tiff, layout, name, notes));
  c.peak_ = c.bits_ == 8 ? 255 : 65535;
  if (layout.samples < c.stored_colours_) return NotRead(name, "with fewer samples than its colours need");
  c.ChooseAlpha(layout, notes);
  if (layout.bits > 16) AddNote(notes, "32 bits per sample reduced to 16");
  return c;
}

Status SampleConverter::ChooseColours(const TiffReader& tiff, const TiffLayout& layout, const std::string& name,
                                      std::vector<std::string>* notes) {
  switch (layout.photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
      return {};
    case PHOTOMETRIC_YCBCR:  // comes as RGB
    case PHOTOMETRIC_RGB:
      stored_colours_ = colours_ = 3;
      return {};
    case PHOTOMETRIC_PALETTE:
      if (layout.bits > 16) return NotRead(name, "with a palette of 32 bits");
      colours_ = 3;
      ReadPalette(tiff);
      return palette_.empty() ? NotRead(name, "without the palette that it wants") : Status();
    case PHOTOMETRIC_SEPARATED:
      if (layout.ink_set != INKSET_CMYK) return NotRead(name, "of inks other than CMYK");
      stored_colours_ = 4, colours_ = 3;
      AddNote(notes, "CMYK converted to RGB");
      return {};
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB:
      if (layout.bits != 8 && (layout.bits != 16 || layout.photometric == PHOTOMETRIC_ICCLAB)) break;
      stored_colours_ = colours_ = 3;
      lab_ = LabOf(tiff, layout);
      AddNote(notes, "L*a*b* converted to sRGB");
      return {};
    default:
      break;
  }
  return NotRead(name, "of photometric interpretation " + std::to_string(layout.photometric));
}

void SampleConverter::ReadPalette(const TiffReader& tiff) {
  const uint16_t* maps[3] = {};
  if (TIFFGetField(tiff.get(), TIFFTAG_COLORMAP, &maps[0], &maps[1], &maps[2]) != 1) return;
  const size_t count = size_t{1} << layout_.bits;
  for (const uint16_t* map : maps) palette_.insert(palette_.end(), map, map + count);
  // Of 16 bits by the standard. Old writers store 8, and many store 8 in the upper half or in both.
  const auto all = [&](auto test) { return std::all_of(palette_.begin(), palette_.end(), test); };
  bits_ = 8;
  if (all([](uint16_t v) { return v <= 255; })) return;
  if (all([](uint16_t v) { return (v & 255) == 0 || (v & 255) == v >> 8; })) {
    for (uint16_t& v : palette_) v = static_cast<uint16_t>(v >> 8);
  } else {
    bits_ = 16;
  }
}

void SampleConverter::ChooseAlpha(const TiffLayout& layout, std::vector<std::string>* notes) {
  const int extra = layout.samples - stored_colours_;
  if (extra == 0) return;
  int used = 0;
  const auto kind = [&](int i) {
    const auto at = static_cast<size_t>(i);
    return at < layout.extra.size() ? layout.extra[at] : uint16_t{EXTRASAMPLE_UNSPECIFIED};
  };
  for (int i = 0; i < extra && alpha_ < 0; ++i) {
    if (kind(i) != EXTRASAMPLE_ASSOCALPHA && kind(i) != EXTRASAMPLE_UNASSALPHA) continue;
    alpha_ = stored_colours_ + i, used = 1;
    premultiplied_ = kind(i) == EXTRASAMPLE_ASSOCALPHA;
  }
  if (alpha_ < 0 && extra == 1 && !layout.extra_said) {
    alpha_ = stored_colours_, used = 1;
    AddNote(notes, "the TIFF does not say what its last sample is: taken as straight alpha");
  }
  if (premultiplied_) AddNote(notes, "premultiplied alpha converted to straight alpha");
  if (extra > used) AddNote(notes, std::to_string(extra - used) + " samples a pixel left out: they are no colours");
}

/// Of most_ to peak_, rounded.
uint32_t SampleConverter::Scaled(uint32_t sample) const {
  return most_ == peak_ ? sample : static_cast<uint32_t>((uint64_t{sample} * peak_ + most_ / 2) / most_);
}

bool SampleConverter::Colours(const uint32_t* samples, uint32_t* out) const {
  switch (layout_.photometric) {
    case PHOTOMETRIC_MINISWHITE:
      out[0] = Scaled(most_ - samples[0]);
      return true;
    case PHOTOMETRIC_PALETTE: {
      const size_t count = palette_.size() / 3;
      if (samples[0] >= count) return false;
      for (size_t i = 0; i < 3; ++i) out[i] = palette_[i * count + samples[0]];
      return true;
    }
    case PHOTOMETRIC_SEPARATED:
      for (int i = 0; i < 3; ++i) out[i] = CmykToRgb(Scaled(samples[i]), Scaled(samples[3]), peak_);
      return true;
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB: {
      const auto opponent = [&](uint32_t v) -> double {
        if (layout_.photometric == PHOTOMETRIC_ICCLAB) return static_cast<double>(v) - 128;
        return layout_.bits == 8 ? static_cast<int8_t>(v) : static_cast<int16_t>(v) / 256.0;
      };
      double rgb[3];
      lab_.Convert(100.0 * samples[0] / most_, opponent(samples[1]), opponent(samples[2]), rgb);
      for (int i = 0; i < 3; ++i) out[i] = static_cast<uint32_t>(std::lround(rgb[i] * peak_));
      return true;
    }
    default:
      for (int i = 0; i < colours_; ++i) out[i] = Scaled(samples[i]);
      return true;
  }
}

bool SampleConverter::Convert(std::span<const uint32_t> samples, uint8_t* row) const {
  const auto in_pixel = static_cast<size_t>(layout_.samples);
  uint32_t out[4] = {};
  for (size_t at = 0; at < samples.size(); at += in_pixel) {
    if (!Colours(&samples[at], out)) return false;
    if (alpha_ >= 0) out[colours_] = Scaled(samples[at + static_cast<size_t>(alpha_)]);
    for (int i = 0; premultiplied_ && i < colours_; ++i) {
      const uint64_t alpha = out[colours_];
      out[i] = alpha == 0
                   ? 0
                   : static_cast<uint32_t>(std::min<uint64_t>(peak_, (out[i] * uint64_t{peak_} + alpha / 2) / alpha));
    }
    for (int i = 0; i < channels(); ++i) {
      if (bits_ == 8) {
        *row++ = static_cast<uint8_t>(out[i]);
      } else {
        const auto sample = static_cast<uint16_t>(out[i]);
        std::memcpy(row, &sample, 2);
        row += 2;
      }
    }
  }
  return true;
}

}  // namespace aecomp
