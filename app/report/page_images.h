// Pictures of a page as data URIs, within a number of bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/image.h"
#include "io/status.h"

namespace aecomp {

std::string Base64(const std::vector<uint8_t>& bytes);

/// Pictures in two forms until it is known whether all of them fit without loss.
class PageImages {
 public:
  /// How the page says what it shows.
  struct Form {
    std::string text;
    std::vector<std::string> uris;
    bool fits = true;
  };

  /// Compresses in both forms: WebP without loss (PNG where the picture is too large for WebP), and WebP of quality 95.
  /// Any thread may call it for places of its own. image: 8 bits, 1 or 3 channels.
  Status Put(size_t place, const Image& image);
  void Resize(size_t count) { exact_.resize(count), close_.resize(count); }
  size_t size() const { return exact_.size(); }

  /// All pictures in the better form that takes no more than `most_bytes` as text, else in the smaller one.
  Form Choose(uint64_t most_bytes) const;

 private:
  std::vector<std::string> exact_, close_;
};

}  // namespace aecomp
