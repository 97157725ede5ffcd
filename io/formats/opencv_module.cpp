// The one file that sees OpenCV; built as a module that io/formats/opencv_api.cpp loads. No exception leaves it.
#include <algorithm>
#include <climits>
#include <exception>
#include <iostream>
#include <new>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <streambuf>

#include "io/formats/jpeg.h"
#include "io/formats/opencv_api.h"
#include "io/formats/opencv_plot.h"

namespace aecomp {
namespace {

/// OpenCV writes to std::cerr what goes wrong while it decodes. This passes on what others write, from any thread.
class MutableErrorStream : public std::streambuf {
 public:
  explicit MutableErrorStream(std::streambuf* target) : target_(target) {}
  static thread_local bool muted;

 protected:
  int_type overflow(int_type c) override {
    if (muted || traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    return target_->sputc(traits_type::to_char_type(c));
  }
  std::streamsize xsputn(const char* text, std::streamsize n) override { return muted ? n : target_->sputn(text, n); }
  int sync() override { return target_->pubsync(); }

 private:
  std::streambuf* target_;
};
thread_local bool MutableErrorStream::muted = false;

struct Mute {
  Mute() { MutableErrorStream::muted = true; }
  ~Mute() { MutableErrorStream::muted = false; }
};

int IgnoreError(int, const char*, const char*, const char*, int, void*) { return 0; }

int MatType(const Image& image) { return CV_MAKETYPE(image.bits == 16 ? CV_16U : CV_8U, image.channels); }

/// A view of the pixels, still in RGB order.
cv::Mat View(const Image& image) {
  return cv::Mat(image.height, image.width, MatType(image), const_cast<uint8_t*>(image.pixels.data()));
}
cv::Mat View(Image& image) { return cv::Mat(image.height, image.width, MatType(image), image.pixels.data()); }

bool IsOutOfMemory(const std::exception& thrown) {
  const auto* const error = dynamic_cast<const cv::Exception*>(&thrown);
  return dynamic_cast<const std::bad_alloc*>(&thrown) != nullptr ||
         (error != nullptr && error->code == cv::Error::StsNoMem);
}

Status NotEnoughMemory(const std::string& name) {
  return MemoryError(name +
                     ": not enough memory for this image; raise the limit (ulimit -v) or use fewer threads (-j 1)");
}

Status NotAnImage(const std::string& name) {
  return InputError(name +
                    ": not an image that can be read, or a damaged one; convert it to PNG, PPM, JPEG, WebP or TIFF");
}

/// mat: what the file holds, in OpenCV's order (gray, gray + alpha, BGR or BGRA).
Result<Image> ToImage(const cv::Mat& mat, const std::string& name) {
  if (mat.depth() != CV_8U && mat.depth() != CV_16U) {
    return InputError(name + ": has samples that are neither 8 nor 16 bits; convert it to PNG first");
  }
  if (mat.channels() > 4) return InputError(name + ": has more than 4 channels; convert it to PNG first");
  Image image(mat.cols, mat.rows, mat.channels(), mat.depth() == CV_16U ? 16 : 8);
  cv::Mat out = View(image);
  if (image.channels < 3) mat.copyTo(out);
  if (image.channels == 3) cv::cvtColor(mat, out, cv::COLOR_BGR2RGB);
  if (image.channels == 4) cv::cvtColor(mat, out, cv::COLOR_BGRA2RGBA);
  return image;
}

Result<Image> Decode(std::span<const uint8_t> bytes, const std::string& name) try {
  const Mute mute;
  if (bytes.empty() || bytes.size() > INT_MAX) return NotAnImage(name);
  const cv::Mat file(1, static_cast<int>(bytes.size()), CV_8U, const_cast<uint8_t*>(bytes.data()));
  // Unchanged shows alpha and depth, which JPEG does not have.
  const int flags = LooksLikeJpeg(bytes) ? cv::IMREAD_ANYCOLOR | cv::IMREAD_IGNORE_ORIENTATION : cv::IMREAD_UNCHANGED;
  const cv::Mat mat = cv::imdecode(file, flags);
  if (mat.empty()) return NotAnImage(name);
  return ToImage(mat, name);
} catch (const std::exception& thrown) {
  return IsOutOfMemory(thrown) ? NotEnoughMemory(name) : NotAnImage(name);
}

std::vector<int> Parameters(const std::string& extension, int quality) {
  if (extension == ".jpg" || extension == ".jpeg") return {cv::IMWRITE_JPEG_QUALITY, quality};
  if (extension == ".webp") return {cv::IMWRITE_WEBP_QUALITY, quality};
  if (extension == ".jp2") return {cv::IMWRITE_JPEG2000_COMPRESSION_X1000, quality};
  return {};
}

Result<std::vector<uint8_t>> Encode(const Image& image, const std::string& extension, int quality) try {
  const Mute mute;
  if (!cv::haveImageWriter("x" + extension)) {
    return UsageError(extension + ": a format that OpenCV cannot write; use .png, .ppm, .jpg, .webp or .tif");
  }
  cv::Mat mat = View(image);
  if (image.channels == 2) return UsageError(extension + ": gray with alpha cannot be written; use .png");
  if (image.channels == 3) cv::cvtColor(View(image), mat = cv::Mat(), cv::COLOR_RGB2BGR);
  if (image.channels == 4) cv::cvtColor(View(image), mat = cv::Mat(), cv::COLOR_RGBA2BGRA);
  std::vector<uint8_t> bytes;
  if (!cv::imencode(extension, mat, bytes, Parameters(extension, quality))) {
    return WriteError(extension + ": OpenCV cannot write this image; use .png");
  }
  return bytes;
} catch (const std::exception& thrown) {
  if (IsOutOfMemory(thrown)) return NotEnoughMemory(extension);
  return WriteError(extension + ": OpenCV cannot write this image; use .png");
}

Image Resize(const Image& image, int width, int height) {
  Image resized(width, height, image.channels, image.bits);
  const bool shrinks = width <= image.width && height <= image.height;
  cv::Mat out = View(resized);
  cv::resize(View(image), out, cv::Size(width, height), 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_CUBIC);
  return resized;
}

Result<std::vector<uint8_t>> DrawPlots(std::span<const Plot> plots, int columns, int width, int height) try {
  const int count = static_cast<int>(plots.size()), rows = columns > 0 ? (count + columns - 1) / columns : 0;
  if (width < 200 || height < 150 || rows == 0 || width * int64_t{columns} > 16384 || height * int64_t{rows} > 16384) {
    return UsageError("a plot of " + std::to_string(width) + " x " + std::to_string(height) +
                      " pixels; 200 x 150 to 16384 x 16384 are possible");
  }
  cv::Mat canvas(height * rows, width * columns, CV_8UC3, cv::Scalar::all(255));
  for (int i = 0; i < count; ++i) {
    const cv::Rect place(i % columns * width, i / columns * height, width, height);
    PlotPainter(plots[static_cast<size_t>(i)], width, height).Paint().copyTo(canvas(place));
  }
  std::vector<uint8_t> bytes;
  if (!cv::imencode(".png", canvas, bytes)) return WriteError("plot: OpenCV writes no PNG");
  return bytes;
} catch (const std::exception& thrown) {
  if (IsOutOfMemory(thrown)) return NotEnoughMemory("plot");
  return WriteError("plot: OpenCV cannot draw it");
}

Result<std::vector<uint8_t>> DrawPlot(const Plot& plot, int width, int height) {
  return DrawPlots({&plot, 1}, 1, width, height);
}

double CvPsnr(const Image& a, const Image& b) { return cv::PSNR(View(a), View(b), a.bits == 16 ? 65535.0 : 255.0); }

const OpenCvApi* Start() {
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  cv::setNumThreads(1);  // another pool of threads would gain little, and throws where threads are scarce
  cv::redirectError(IgnoreError);
  // Never deleted: std::cerr may be written to until the very end.
  std::cerr.rdbuf(new MutableErrorStream(std::cerr.rdbuf()));
  static const OpenCvApi api = {Decode, Encode, Resize, DrawPlot, DrawPlots, CvPsnr, CV_VERSION};
  return &api;
}

}  // namespace
}  // namespace aecomp

extern "C" __attribute__((visibility("default"))) const void* aecomp_opencv_api_2() {
  static const aecomp::OpenCvApi* const api = aecomp::Start();
  return api;
}
