#include "app/eval/smooth_edges_measure.h"

#include <algorithm>
#include <cstring>

#include "train/loss/smooth_edges.h"

namespace aecomp {
namespace {

constexpr int kTile = 512, kMultiple = SmoothEdges::kLeastSide;
constexpr int kLeastRegion = 64, kRegionsAside = 8;
/// As training has them in train/loss/visual_distortion.cpp.
constexpr float kPlanes[3][3] = {
    {0.299f, 0.587f, 0.114f}, {-0.168736f, -0.331264f, 0.5f}, {0.5f, -0.418688f, -0.081312f}};
constexpr float kColourWeight = 0.5f;

float Sample(const Image& image, int x, int y, int channel) {
  const size_t i = static_cast<size_t>(x) * static_cast<size_t>(image.channels) + static_cast<size_t>(channel);
  const uint8_t* const row = image.Row(y);
  if (image.bits == 8) return static_cast<float>(row[i]) / 255;
  uint16_t wide;
  std::memcpy(&wide, row + 2 * i, 2);
  return static_cast<float>(wide) / 65535;
}

/// Measures windows of one size.
class WindowMeasure {
 public:
  WindowMeasure(int width, int height, int channels)
      : width_(width), height_(height), planes_(channels), edges_(height, width), weights_(planes_, kColourWeight) {
    weights_[0] = 1;
    luma_.resize(area());
    error_.resize(planes_ * area()), gradient_.resize(planes_ * area());
  }

  double operator()(const Image& original, const Image& decoded, int left, int top) {
    for (int y = 0; y < height_; ++y) {
      for (int x = 0; x < width_; ++x) TakePixel(original, decoded, left, top, x, y);
    }
    return edges_(luma_.data(), error_.data(), weights_, gradient_.data());
  }

 private:
  size_t area() const { return static_cast<size_t>(width_) * static_cast<size_t>(height_); }

  void TakePixel(const Image& original, const Image& decoded, int left, int top, int x, int y) {
    const size_t at = static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x);
    float before[3], difference[3];
    for (size_t c = 0; c < planes_; ++c) {
      before[c] = Sample(original, left + x, top + y, static_cast<int>(c));
      difference[c] = Sample(decoded, left + x, top + y, static_cast<int>(c)) - before[c];
    }
    const auto weigh = [&](const float* weights, const float* rgb) {
      return weights[0] * rgb[0] + weights[1] * rgb[1] + weights[2] * rgb[2];
    };
    luma_[at] = planes_ == 1 ? before[0] : weigh(kPlanes[0], before);
    for (size_t p = 0; p < planes_; ++p) {
      error_[p * area() + at] = planes_ == 1 ? difference[0] : weigh(kPlanes[p], difference);
    }
  }

  int width_, height_;
  size_t planes_;
  SmoothEdges edges_;
  std::vector<float> weights_, luma_, error_, gradient_;
};

/// Starts of windows of `side` pixels that cover `length`; the last one ends where the picture does.
std::vector<int> Starts(int length, int side, int step) {
  std::vector<int> starts;
  for (int at = 0; at + side < length; at += step) starts.push_back(at);
  starts.push_back(std::max(0, length - side));
  return starts;
}

}  // namespace

double MeasureSmoothEdges(const Image& original, const Image& decoded) {
  double sum = 0, area = 0;
  for (int y = 0; y + kMultiple <= original.height; y += kTile) {
    for (int x = 0; x + kMultiple <= original.width; x += kTile) {
      const int width = std::min(kTile, original.width - x) / kMultiple * kMultiple;
      const int height = std::min(kTile, original.height - y) / kMultiple * kMultiple;
      WindowMeasure measure(width, height, original.channels);
      const double pixels = static_cast<double>(width) * height;
      sum += pixels * measure(original, decoded, x, y), area += pixels;
    }
  }
  return area > 0 ? sum / area : 0;
}

std::vector<WorstSquare> WorstRegions(const Image& original, const Image& decoded, int count) {
  const int shorter = std::min(original.width, original.height);
  const int side = std::min(shorter, std::max(kLeastRegion, shorter / kRegionsAside)) / kMultiple * kMultiple;
  if (side == 0) return {};
  WindowMeasure measure(side, side, original.channels);
  std::vector<WorstSquare> regions;
  for (const int y : Starts(original.height, side, side / 2)) {
    for (const int x : Starts(original.width, side, side / 2)) {
      if (const double error = measure(original, decoded, x, y); error > 0) regions.push_back({x, y, side, error});
    }
  }
  std::stable_sort(regions.begin(), regions.end(),
                   [](const WorstSquare& a, const WorstSquare& b) { return a.error > b.error; });
  std::vector<WorstSquare> worst;
  for (const WorstSquare& region : regions) {
    const bool free = std::none_of(worst.begin(), worst.end(), [&](const WorstSquare& other) {
      return std::abs(region.x - other.x) < side && std::abs(region.y - other.y) < side;
    });
    if (free && worst.size() < static_cast<size_t>(count)) worst.push_back(region);
  }
  return worst;
}

}  // namespace aecomp
