#include "io/formats/icc.h"

#include <algorithm>
#include <string_view>

#include "io/formats/png_chunks.h"

namespace aecomp {
namespace {

constexpr size_t kHeaderBytes = 128, kSpace = 16, kSignature = 36;

std::string_view FourLetters(std::span<const uint8_t> profile, size_t at) {
  return {reinterpret_cast<const char*>(profile.data()) + at, 4};
}

bool HasHeader(std::span<const uint8_t> profile) {
  return profile.size() >= kHeaderBytes && FourLetters(profile, kSignature) == "acsp";
}

}  // namespace

bool IsWholeIccProfile(std::span<const uint8_t> profile) {
  return HasHeader(profile) && ReadBigEndian(profile, 0) >= kHeaderBytes && ReadBigEndian(profile, 0) <= profile.size();
}

std::string IccSpace(std::span<const uint8_t> profile) {
  return HasHeader(profile) ? std::string(FourLetters(profile, kSpace)) : "";
}

std::string IccProblem(std::span<const uint8_t> profile, int channels) {
  if (profile.empty()) return "";
  if (!HasHeader(profile)) return "it does not begin as a profile does";
  if (!IsWholeIccProfile(profile)) return "it ends too early";
  const bool gray = channels < 3;
  std::string space(FourLetters(profile, kSpace));
  if (space == (gray ? "GRAY" : "RGB ")) return "";
  std::replace_if(
      space.begin(), space.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  while (space.ends_with(' ')) space.pop_back();
  return "it describes " + space + ", the pixels are " + (gray ? "gray" : "RGB");
}

}  // namespace aecomp
