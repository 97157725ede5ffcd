// How much an image file may ask for, and what becomes of damage that its decoder repairs by guessing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/status.h"

namespace aecomp {

/// Of any format, unless DecodeOptions says otherwise: 16384 x 16384.
inline constexpr uint64_t kDefaultMaxPixels = uint64_t{1} << 28;

struct DecodeOptions {
  /// Nothing: kDefaultMaxPixels, and of a small file no more than CheckPixels finds plausible. A number replaces both
  /// limits.
  std::optional<uint64_t> max_pixels;
  /// Damage that a decoder can pass over is an error instead of a note.
  bool strict = false;
};

/// Asked of a file's header, before memory is taken. kInput when the pixels are too many, or far more than a file of
/// `file_bytes` holds unless it is made to fill memory. The message names --max-pixels. bytes_per_pixel: when decoded.
Status CheckPixels(uint64_t width, uint64_t height, uint64_t bytes_per_pixel, size_t file_bytes,
                   const std::string& name, const DecodeOptions& options);

/// Asked of an .aec's header: kInput when the pixels to be decoded are more than `most`. remedy: what the message ends
/// with.
Status CheckDecodedPixels(uint64_t width, uint64_t height, uint64_t most, const std::string& name,
                          const std::string& remedy);

/// Damage that has been passed over: a line in `notes` (may be null), or kInput when `options` are strict. what: the
/// decoder's own words.
Status PassOverDamage(const std::string& what, const std::string& name, const DecodeOptions& options,
                      std::vector<std::string>* notes);

inline void AddNote(std::vector<std::string>* notes, std::string note) {
  if (notes != nullptr) notes->push_back(std::move(note));
}

}  // namespace aecomp
