// How many pixels make an inch, a centimetre or a metre of paper, as PNG, JPEG, TIFF and BMP say it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace aecomp {

/// Pixels per unit, across and down. Without a unit only the ratio of the two counts: the shape of a pixel.
struct Resolution {
  enum class Unit : uint8_t { kNone = 0, kInch = 1, kCentimetre = 2, kMetre = 3 };  // as an .aec stores them
  struct Ratio {
    uint32_t numerator = 0, denominator = 1;
    double value() const { return static_cast<double>(numerator) / denominator; }
    bool operator==(const Ratio&) const = default;
  };
  Unit unit = Unit::kNone;
  Ratio x, y;

  /// False for zeros, which say nothing, and for square pixels without a unit.
  bool SaysSomething() const;
  bool operator==(const Resolution&) const = default;
};

/// The content of PNG's pHYs (PNG specification, 11.3.5.3): 4 bytes across, 4 bytes down, the unit. Nothing when
/// malformed, or when a number does not fit.
std::optional<Resolution> FromPhys(std::span<const uint8_t> content);
std::optional<std::vector<uint8_t>> ToPhys(const Resolution& resolution);

/// The five bytes of JFIF's header that hold the unit and two densities (JFIF 1.02, page 5). Metres become what of
/// inches and centimetres is nearer; nothing when a number does not fit.
Resolution FromJfif(std::span<const uint8_t, 5> density);
std::optional<std::array<uint8_t, 5>> ToJfif(const Resolution& resolution);

/// In pixels per metre, rounded, as BMP has it; nothing without a unit.
std::optional<std::array<uint32_t, 2>> PerMetre(const Resolution& resolution);

/// Content of the `reso` chunk of an .aec; see FORMAT.md. Nothing when malformed.
std::vector<uint8_t> ToChunk(const Resolution& resolution);
std::optional<Resolution> ResolutionFromChunk(std::span<const uint8_t> content);

}  // namespace aecomp
