#include "io/formats/resolution.h"

#include <cmath>

#include "io/bytes.h"
#include "io/formats/png_chunks.h"

namespace aecomp {
namespace {

using Ratio = Resolution::Ratio;
using Unit = Resolution::Unit;

constexpr double kInchesPerMetre = 1 / 0.0254;
constexpr double kMostOfPng = 0x7fffffff, kMostOfJfif = 0xffff;

double UnitsPerMetre(Unit unit) { return unit == Unit::kInch ? kInchesPerMetre : unit == Unit::kCentimetre ? 100 : 1; }

/// Two whole numbers from 1 to `most` in the ratio of the two, where there are such.
std::optional<std::array<uint32_t, 2>> WholeRatio(const Resolution& r, double most) {
  double x = static_cast<double>(r.x.numerator) * r.y.denominator;
  double y = static_cast<double>(r.y.numerator) * r.x.denominator;
  const double largest = std::max(x, y);
  if (largest > most) x = x / largest * most, y = y / largest * most;
  x = std::round(x), y = std::round(y);
  if (!(x >= 1 && y >= 1)) return std::nullopt;
  return std::array{static_cast<uint32_t>(x), static_cast<uint32_t>(y)};
}

/// Rounded, where they lie in 1 to `most`.
std::optional<std::array<uint32_t, 2>> Rounded(double x, double y, double most) {
  x = std::round(x), y = std::round(y);
  if (!(x >= 1 && y >= 1 && x <= most && y <= most)) return std::nullopt;
  return std::array{static_cast<uint32_t>(x), static_cast<uint32_t>(y)};
}

std::optional<std::array<uint32_t, 2>> PerUnit(const Resolution& r, Unit unit, double most) {
  const double scale = UnitsPerMetre(r.unit) / UnitsPerMetre(unit);
  return Rounded(r.x.value() * scale, r.y.value() * scale, most);
}

/// How far rounding to whole numbers per this unit is off, of 1.
double RoundingError(const Resolution& r, Unit unit) {
  const double scale = UnitsPerMetre(r.unit) / UnitsPerMetre(unit);
  const auto error = [](double value) { return std::abs(std::round(value) - value) / value; };
  return error(r.x.value() * scale) + error(r.y.value() * scale);
}

}  // namespace

bool Resolution::SaysSomething() const {
  if (x.numerator == 0 || y.numerator == 0 || x.denominator == 0 || y.denominator == 0) return false;
  return unit != Unit::kNone || uint64_t{x.numerator} * y.denominator != uint64_t{y.numerator} * x.denominator;
}

std::optional<Resolution> FromPhys(std::span<const uint8_t> content) {
  if (content.size() != 9 || content[8] > 1) return std::nullopt;
  return Resolution{
      content[8] == 1 ? Unit::kMetre : Unit::kNone, {ReadBigEndian(content, 0), 1}, {ReadBigEndian(content, 4), 1}};
}

std::optional<std::vector<uint8_t>> ToPhys(const Resolution& r) {
  const auto numbers = r.unit == Unit::kNone ? WholeRatio(r, kMostOfPng) : PerUnit(r, Unit::kMetre, kMostOfPng);
  if (!numbers) return std::nullopt;
  std::vector<uint8_t> content;
  for (const uint32_t number : *numbers) AppendBigEndian(content, number);
  content.push_back(r.unit == Unit::kNone ? 0 : 1);
  return content;
}

Resolution FromJfif(std::span<const uint8_t, 5> density) {
  const auto number = [&](size_t at) { return uint32_t{density[at]} << 8 | density[at + 1]; };
  const Unit unit = density[0] == 1 ? Unit::kInch : density[0] == 2 ? Unit::kCentimetre : Unit::kNone;
  return {unit, {number(1), 1}, {number(3), 1}};
}

std::optional<std::array<uint8_t, 5>> ToJfif(const Resolution& r) {
  Unit unit = r.unit;
  if (unit == Unit::kMetre) {
    unit = RoundingError(r, Unit::kCentimetre) < RoundingError(r, Unit::kInch) ? Unit::kCentimetre : Unit::kInch;
  }
  const auto numbers = unit == Unit::kNone ? WholeRatio(r, kMostOfJfif) : PerUnit(r, unit, kMostOfJfif);
  if (!numbers) return std::nullopt;
  const auto [x, y] = *numbers;
  return std::array{static_cast<uint8_t>(unit), static_cast<uint8_t>(x >> 8), static_cast<uint8_t>(x),
                    static_cast<uint8_t>(y >> 8), static_cast<uint8_t>(y)};
}

std::optional<std::array<uint32_t, 2>> PerMetre(const Resolution& r) {
  if (r.unit == Unit::kNone) return std::nullopt;
  return PerUnit(r, Unit::kMetre, kMostOfPng);
}

std::vector<uint8_t> ToChunk(const Resolution& r) {
  ByteWriter writer;
  writer.U8(static_cast<uint8_t>(r.unit));
  for (const Ratio& ratio : {r.x, r.y}) writer.U32(ratio.numerator), writer.U32(ratio.denominator);
  return writer.Take();
}

std::optional<Resolution> ResolutionFromChunk(std::span<const uint8_t> content) {
  ByteReader reader(content);
  Resolution r;
  const uint8_t unit = reader.U8();
  for (Ratio* ratio : {&r.x, &r.y}) ratio->numerator = reader.U32(), ratio->denominator = reader.U32();
  if (!reader.ok() || reader.remaining() != 0 || unit > static_cast<uint8_t>(Unit::kMetre)) return std::nullopt;
  r.unit = static_cast<Unit>(unit);
  return r.SaysSomething() ? std::optional(r) : std::nullopt;
}

}  // namespace aecomp
