#include "model/codec/outliers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "io/bytes.h"
#include "io/deflate.h"

namespace aecomp {
namespace {

constexpr std::array<char, 4> kType = {'O', 'u', 't', 'l'};
constexpr uint64_t kMostOutliers = 1 << 20;

// An outlier costs about kBits. Without outliers the rest of the image is seen in a range that is narrower by a factor;
// each doubling of it, 6 dB less error, is taken to be worth kWorth bits a sample, and below kLeastDoublings nothing is
// done: images whose highlights are a part of them stay as they are.
constexpr double kBits = 32, kWorth = 0.1, kLeastDoublings = 3;

constexpr size_t kLevels = 65536;
using Histogram = std::vector<uint64_t>;  // [kLevels]

std::span<const uint16_t> Samples(const Image& image) {
  return {reinterpret_cast<const uint16_t*>(image.pixels.data()), image.pixels.size() / 2};
}

/// From `low` to `high`, with so many samples outside.
struct Window {
  int low = 0, high = 0;
  uint64_t outside = 0;

  int Width() const { return std::max(high - low, 1); }
};

/// The narrowest window that leaves out `most` samples at most.
Window Narrowest(const Histogram& counts, const Window& whole, uint64_t total, uint64_t most) {
  Window best = whole;
  uint64_t inside = 0;
  for (int low = whole.low, high = whole.low - 1; low <= whole.high; ++low) {
    while (high < whole.high && total - inside > most) inside += counts[static_cast<size_t>(++high)];
    if (total - inside > most) break;
    if (high - low < best.high - best.low) best = {low, high, total - inside};
    inside -= counts[static_cast<size_t>(low)];
  }
  return best;
}

/// Bits that the window is worth, over the whole range.
double Gain(const Window& window, const Window& whole, uint64_t total) {
  const double doublings = std::log2(static_cast<double>(whole.Width()) / window.Width());
  if (doublings < kLeastDoublings) return 0;
  return kWorth * static_cast<double>(total) * doublings - kBits * static_cast<double>(window.outside);
}

/// Takes samples beside the window in as long as that gains something.
Window Widened(Window window, const Histogram& counts, const Window& whole, uint64_t total) {
  const auto widen = [&](int step) {
    Window wider = window;
    int& end = step < 0 ? wider.low : wider.high;
    do {
      end += step;
      if (end < whole.low || end > whole.high) return false;
    } while (counts[static_cast<size_t>(end)] == 0);
    wider.outside -= counts[static_cast<size_t>(end)];
    if (Gain(wider, whole, total) <= Gain(window, whole, total)) return false;
    window = wider;
    return true;
  };
  while (widen(-1) || widen(1)) {
  }
  return window;
}

/// Of the samples of one channel at most `radius` away that are no outliers; -1: there are none.
int MeanAround(const Image& image, int x, int y, int c, int radius, const SampleRange& range) {
  uint64_t sum = 0, count = 0;
  for (int v = std::max(y - radius, 0); v <= std::min(y + radius, image.height - 1); ++v) {
    const auto* row = reinterpret_cast<const uint16_t*>(image.Row(v));
    for (int u = std::max(x - radius, 0); u <= std::min(x + radius, image.width - 1); ++u) {
      const uint16_t sample = row[u * image.channels + c];
      if (range.Holds(sample)) sum += sample, ++count;
    }
  }
  return count == 0 ? -1 : static_cast<int>((sum + count / 2) / count);
}

}  // namespace

SampleRange ChooseRange(const Image& image) {
  if (image.bits == 8) return {};
  const auto samples = Samples(image);
  Histogram counts(kLevels);
  for (const uint16_t sample : samples) ++counts[sample];
  Window whole;
  while (counts[static_cast<size_t>(whole.low)] == 0) ++whole.low;
  whole.high = static_cast<int>(kLevels) - 1;
  while (counts[static_cast<size_t>(whole.high)] == 0) --whole.high;
  Window best = whole;
  for (uint64_t most = std::min<uint64_t>(kMostOutliers, samples.size() / 2); most > 0; most /= 2) {
    const Window window = Narrowest(counts, whole, samples.size(), most);
    if (Gain(window, whole, samples.size()) > Gain(best, whole, samples.size())) best = window;
  }
  if (best.outside > 0) best = Widened(best, counts, whole, samples.size());
  const int low = std::min(best.low, static_cast<int>(kLevels) - 2);
  return {static_cast<float>(low), static_cast<float>(std::max(best.high, low + 1))};
}

Outliers FindOutliers(const Image& image, const SampleRange& range) {
  Outliers outliers;
  if (image.bits == 8) return outliers;
  const auto samples = Samples(image);
  for (size_t i = 0; i < samples.size(); ++i) {
    if (!range.Holds(samples[i])) outliers.push_back({i, samples[i]});
  }
  return outliers;
}

Image WithoutOutliers(const Image& image, const SampleRange& range) {
  Image filled = image.Clone();
  for (int y = 0; y < image.height; ++y) {
    auto* row = reinterpret_cast<uint16_t*>(filled.Row(y));
    for (int i = 0; i < image.width * image.channels; ++i) {
      if (range.Holds(row[i])) continue;
      const int x = i / image.channels, c = i % image.channels;
      int mean = -1;
      for (int radius = 1; mean < 0 && radius <= 8; radius *= 2) mean = MeanAround(image, x, y, c, radius, range);
      if (mean < 0) mean = x > 0 ? row[i - image.channels] : static_cast<int>(range.low);  // deep inside of many
      row[i] = static_cast<uint16_t>(mean);
    }
  }
  return filled;
}

ExtraChunk OutlierChunk(const Outliers& outliers) {
  ByteWriter writer;
  writer.Varint(outliers.size());
  uint64_t next = 0;
  for (const Outlier& outlier : outliers) {
    writer.Varint(outlier.index - next);
    next = outlier.index + 1;
  }
  for (const Outlier& outlier : outliers) writer.U16(outlier.value);
  return {kType, Deflate(writer.bytes(), 9)};
}

bool IsOutlierChunk(const ExtraChunk& chunk) { return chunk.type == kType; }

Result<Outliers> ReadOutliers(const Container& container, const SampleRange& range) {
  Outliers outliers;
  const auto chunk = std::find_if(container.extra.begin(), container.extra.end(), IsOutlierChunk);
  if (chunk == container.extra.end()) return outliers;
  const ContainerHeader& header = container.header;
  const Status damaged = CorruptError("corrupt: its outliers do not fit the image");
  if (header.bits != 16) return damaged;
  const uint64_t samples = uint64_t{header.width} * header.height * header.channels;
  constexpr size_t kMostBytes = 12;  // of an outlier, and of the count
  std::vector<uint8_t> bytes;
  const size_t most = kMostBytes * (static_cast<size_t>(std::min(samples, kMostOutliers)) + 1);
  if (!Inflate(chunk->payload, most, bytes)) return damaged;
  ByteReader reader(bytes);
  const uint64_t count = reader.Varint();
  if (count < 1 || count > std::min<uint64_t>(kMostOutliers, bytes.size() / 3)) return damaged;
  outliers.resize(count);
  uint64_t next = 0;
  for (Outlier& outlier : outliers) {
    const uint64_t gap = reader.Varint();
    if (!reader.ok() || next >= samples || gap >= samples - next) return damaged;
    outlier.index = next + gap;
    next = outlier.index + 1;
  }
  for (Outlier& outlier : outliers) {
    outlier.value = reader.U16();
    if (range.Holds(outlier.value)) return damaged;
  }
  if (!reader.ok() || reader.remaining() > 0) return damaged;
  return outliers;
}

void RestoreOutliers(const Outliers& outliers, int64_t width, const Region& region, Image& part) {
  for (const Outlier& outlier : outliers) {
    const auto pixel = static_cast<int64_t>(outlier.index) / part.channels;
    const int64_t x = pixel % width - region.x, y = pixel / width - region.y;
    if (x < 0 || y < 0 || x >= region.width || y >= region.height) continue;
    const auto c = static_cast<int64_t>(outlier.index) % part.channels;
    reinterpret_cast<uint16_t*>(part.Row(static_cast<int>(y)))[x * part.channels + c] = outlier.value;
  }
}

}  // namespace aecomp
