// A PNG file that is read sooner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace aecomp {

/// A PNG file with its rows as stored blocks (RFC 1951, 3.2.4): libdeflate inflates all of them at once in half of the
/// time that libpng would take with zlib, which then copies.
class PlainPng {
 public:
  /// file: must outlive the result. Nothing where something is wrong with it, which libpng then has to say, or its rows
  /// are interlaced or take more than 64 MiB.
  static std::optional<PlainPng> Of(std::span<const uint8_t> file);

  /// One after the other they are the file. Its checksums hold, but for two of the rows.
  const std::vector<std::span<const uint8_t>>& pieces() const { return pieces_; }

 private:
  explicit PlainPng(size_t size) : size_(size), rows_(std::make_unique_for_overwrite<uint8_t[]>(size)) {}
  void Assemble(std::span<const uint8_t> before, std::span<const uint8_t> after);

  size_t size_;  // of rows_
  std::unique_ptr<uint8_t[]> rows_;
  std::vector<uint8_t> framing_;  // what stands around the rows
  std::vector<std::span<const uint8_t>> pieces_;
};

}  // namespace aecomp
