// Everything that needs OpenCV, behind a table of functions in a module that is loaded on first use: OpenCV and what it
// pulls in cost more start-up time than `aecomp info` takes, and PNG and PNM files do not need it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/image.h"
#include "io/status.h"

namespace aecomp {

struct PlotSeries {
  std::string label;
  std::vector<double> x, y;
  bool markers = true;  ///< at every point
};

struct Plot {
  std::string title, x_label, y_label;
  std::vector<PlotSeries> series;
  bool log_x = false, log_y = false;
};

struct OpenCvApi {
  /// Any format OpenCV reads (JPEG, WebP, TIFF, BMP, JPEG 2000, ...), as stored: EXIF orientation is not applied.
  Result<Image> (*decode)(std::span<const uint8_t> bytes, const std::string& name);
  /// extension: ".jpg", ".webp", ".jp2", ".png", ...; quality: JPEG and WebP 0..100, JPEG 2000 as compression x 1000.
  Result<std::vector<uint8_t>> (*encode)(const Image& image, const std::string& extension, int quality);
  /// cv::INTER_AREA when shrinking, cv::INTER_CUBIC when enlarging.
  Image (*resize)(const Image& image, int width, int height);
  /// Writes a line plot as PNG bytes (axes, ticks, grid, legend).
  Result<std::vector<uint8_t>> (*plot)(const Plot& plot, int width, int height);
  /// Several of them in one picture, each of width x height, in rows of `columns`.
  Result<std::vector<uint8_t>> (*plot_grid)(std::span<const Plot> plots, int columns, int width, int height);
  double (*psnr)(const Image& a, const Image& b);  ///< cv::PSNR, the check on our own
  const char* version;
};

/// Loads libaecomp_opencv.so from beside the program, ../lib/aecomp or the build folder. Thread-safe.
Result<const OpenCvApi*> LoadOpenCv();

}  // namespace aecomp
