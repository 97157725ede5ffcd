#include "app/eval/program_identity.h"

#include <filesystem>

#include "app/eval/child_process.h"
#include "io/file.h"
#include "io/hash.h"

namespace aecomp {
namespace {

/// Larger files, which are no programs or models, count by their name, size and time.
constexpr uint64_t kMostHashed = uint64_t{1} << 30;

std::string FileIdentity(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return path;
  const uint64_t size = std::filesystem::file_size(path, error);
  if (!error && size <= kMostHashed) {
    if (const auto bytes = ReadFile(path, kMostHashed); bytes.ok()) return HashText(bytes.value());
  }
  const auto time = std::filesystem::last_write_time(path, error);
  return path + " " + std::to_string(size) + " " + std::to_string(time.time_since_epoch().count());
}

}  // namespace

std::string HashText(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : Hash128(bytes)) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string HashText(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += std::to_string(part.size()) + ":" + part;
  return HashText(std::span(reinterpret_cast<const uint8_t*>(all.data()), all.size()));
}

std::string HashText(const Image& image) {
  return HashText({std::to_string(image.width), std::to_string(image.height), std::to_string(image.channels),
                   std::to_string(image.bits), HashText(std::span<const uint8_t>(image.pixels))});
}

std::string CommandIdentity(const std::vector<std::string>& arguments) {
  std::vector<std::string> parts;
  for (const std::string& argument : arguments) {
    const std::string path = parts.empty() ? FindProgram(argument) : argument;
    parts.push_back(FileIdentity(path.empty() ? argument : path));
  }
  return HashText(parts);
}

}  // namespace aecomp
