#include "model/base/safetensors_checksum.h"

#include <algorithm>
#include <string_view>

#include "io/hash.h"

namespace aecomp {
namespace {

constexpr const char* kKey = "aecomp.checksum";
constexpr const char* kKindKey = "aecomp.checksum.kind";
constexpr const char* kKind = "xxh3-128";
constexpr size_t kDigits = 32;

/// The entry as SafetensorsWriter puts it, up to its digits. Inside of any string of the header its quotes would be
/// escaped, so this text is the entry wherever it stands.
constexpr std::string_view kEntry = "\"aecomp.checksum\":\"";

/// Where the digits begin, in `text`; npos when they are not there.
size_t FindDigits(std::span<const uint8_t> text) {
  const std::string_view view(reinterpret_cast<const char*>(text.data()), text.size());
  const size_t at = view.find(kEntry);
  if (at == std::string_view::npos || view.size() - at < kEntry.size() + kDigits) return std::string_view::npos;
  return at + kEntry.size();
}

/// Of the file with digits that are all 0.
std::string Checksum(std::span<const uint8_t> file, size_t digits) {
  const std::vector<uint8_t> zeros(kDigits, '0');
  std::string text;
  for (const uint8_t byte : Hash128({file.first(digits), zeros, file.subspan(digits + kDigits)})) {
    for (const int digit : {byte >> 4, byte & 15}) text += "0123456789abcdef"[digit];
  }
  return text;
}

}  // namespace

void ReserveChecksum(std::map<std::string, std::string>& metadata) {
  metadata[kKindKey] = kKind;
  metadata[kKey] = std::string(kDigits, '0');
}

void FillInChecksum(std::vector<uint8_t>& file) {
  const size_t digits = FindDigits(file);
  const std::string text = Checksum(file, digits);
  std::copy(text.begin(), text.end(), file.begin() + static_cast<std::ptrdiff_t>(digits));
}

Result<bool> CheckChecksum(std::span<const uint8_t> file, std::span<const uint8_t> header,
                           const std::map<std::string, std::string>& metadata, const std::string& name) {
  const auto kind = metadata.find(kKindKey), value = metadata.find(kKey);
  if (kind == metadata.end() && value == metadata.end()) return false;
  const auto refuse = [&](const std::string& why) {
    return ModelError(name + ": " + why + "; it is damaged: fetch or make it again (if another program changed it on " +
                      "purpose, remove \"" + kKey + "\" and \"" + kKindKey + "\" from its metadata)");
  };
  if (kind == metadata.end() || value == metadata.end()) return refuse("half of its checksum is missing");
  if (kind->second != kKind) return refuse("its checksum is of a kind that this program does not know");
  const size_t in_header = FindDigits(header);
  if (in_header == std::string_view::npos) return refuse("its checksum is not where this program writes it");
  const size_t digits = static_cast<size_t>(header.data() - file.data()) + in_header;
  if (value->second != Checksum(file, digits)) return refuse("its checksum does not match its content");
  return true;
}

}  // namespace aecomp
