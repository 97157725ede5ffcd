#include "model/codec/fill_in.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "io/container.h"
#include "io/convert.h"
#include "io/metrics.h"
#include "model/codec/quality_axis.h"
#include "model/codec/quality_floor.h"
#include "model/residual/residual.h"

namespace aecomp {
namespace {

/// A part that stands for the image: four squares out of it, side by side, or all of it.
Image Sample(const Image& image) {
  constexpr int kSide = 128;
  if (image.width < 2 * kSide || image.height < 2 * kSide) {
    return Crop(image, {0, 0, std::min(image.width, 4 * kSide), std::min(image.height, 4 * kSide)});
  }
  Image sample(2 * kSide, 2 * kSide, image.channels, image.bits);
  const size_t row_bytes = Image::ByteSize(kSide, 1, image.channels, image.bits);
  for (int i = 0; i < 4; ++i) {
    const int64_t x = int64_t{image.width - kSide} * (1 + i % 2 * 2) / 4;
    const int64_t y = int64_t{image.height - kSide} * (1 + i / 2 * 2) / 4;
    const Image square = Crop(image, {x, y, kSide, kSide});
    for (int row = 0; row < kSide; ++row) {
      std::copy_n(square.Row(row), row_bytes, sample.Row(i / 2 * kSide + row) + static_cast<size_t>(i % 2) * row_bytes);
    }
  }
  return sample;
}

struct SampleResult {
  size_t bytes = 0;
  double psnr = 0;
};
SampleResult CodeSample(const Image& sample, int most_error) {
  const std::vector<uint8_t> stream = residual::Encode(sample, nullptr, most_error);
  if (most_error == 0) return {stream.size(), INFINITY};
  Image restored(sample.width, sample.height, sample.channels, sample.bits);
  const bool ok = residual::Decode(stream, nullptr, most_error, restored).ok();
  return {stream.size(), ok ? Psnr(sample, restored) : 0};
}

Result<FilledFile> CodeWith(Codec& codec, const Image& image, int most_error) {
  FilledFile file;
  file.most_error = most_error;
  AECOMP_ASSIGN_OR_RETURN(file.bytes, codec.CompressExactly(image, most_error, std::nullopt));
  if (most_error == 0) {
    file.psnr = INFINITY;
    return file;
  }
  AECOMP_ASSIGN_OR_RETURN(const Container container, ParseContainer(file.bytes, "the file"));
  AECOMP_ASSIGN_OR_RETURN(const Image restored, codec.Decompress(container, "the file"));
  file.psnr = Psnr(image, restored);
  return file;
}

double Peak(const Image& image) { return (1 << image.bits) - 1; }

/// The mean squared error that a PSNR allows.
double AllowedError(const Image& image, double psnr) { return Peak(image) * Peak(image) * std::pow(10, -psnr / 10); }

/// Errors of all of -E .. E alike have a mean square of E (E + 1) / 3.
double EvenlySpread(double mean_square) { return (std::sqrt(1 + 12 * mean_square) - 1) / 2; }

/// The largest E whose errors in the sample are small enough. Errors are spread evenly in noise; in flat pictures most
/// are 0, so that E may be much larger.
int LargestErrorFor(const Image& sample, double psnr, int sure) {
  const auto reaches = [&](int error) { return CodeSample(sample, error).psnr >= psnr; };
  const int even = static_cast<int>(EvenlySpread(AllowedError(sample, psnr)));
  int good = sure, bad = std::clamp(2 * even, sure + 1, static_cast<int>(kMaxResidualError) + 1);
  for (int i = 0; i < 3 && bad <= static_cast<int>(kMaxResidualError) && reaches(bad); ++i) {
    good = bad;
    bad = std::min(2 * bad, static_cast<int>(kMaxResidualError) + 1);
  }
  for (int i = 0; i < 5 && bad - good > 1; ++i) {
    const int middle = good < even && even < bad ? even : (good + bad) / 2;
    (reaches(middle) ? good : bad) = middle;
  }
  return good;
}

}  // namespace

Result<FilledFile> FillToPsnr(Codec& codec, const Image& image, double psnr) {
  const double most = std::min(std::sqrt(AllowedError(image, psnr)), double{kMaxResidualError});
  const int sure = static_cast<int>(most);  // no error of this size can be too large
  if (sure == 0 && psnr > 20 * std::log10(Peak(image)) + 20) return CodeWith(codec, image, 0);
  const Image sample = Sample(image);
  int error = LargestErrorFor(sample, psnr, sure);
  // Without errors palettes and values that are not there save more than a few errors do.
  const bool try_lossless =
      error > 0 && 10 * CodeSample(sample, 0).bytes <= 11 * CodeSample(sample, error).bytes + 1000;
  AECOMP_ASSIGN_OR_RETURN(FilledFile best, CodeWith(codec, image, error));
  while (error > sure && *best.psnr < psnr) {
    error = std::max(sure, std::min(error - 1, error * 7 / 8));
    AECOMP_ASSIGN_OR_RETURN(best, CodeWith(codec, image, error));
  }
  if (!try_lossless) return best;
  AECOMP_ASSIGN_OR_RETURN(FilledFile lossless, CodeWith(codec, image, 0));
  return lossless.bytes.size() <= best.bytes.size() ? std::move(lossless) : std::move(best);
}

Result<std::optional<FilledFile>> FillToSize(Codec& codec, const Image& image, uint64_t bytes, bool only_lossless) {
  constexpr double kBetterThanNetworks = 38;  // dB
  AECOMP_ASSIGN_OR_RETURN(FilledFile lossless, CodeWith(codec, image, 0));
  if (lossless.bytes.size() <= bytes) return std::optional(std::move(lossless));
  std::optional<FilledFile> best;
  if (only_lossless) return best;
  int too_large = 0;  // of this error the file is
  int fits = static_cast<int>(EvenlySpread(AllowedError(image, kBetterThanNetworks))) + 1;
  while (fits - too_large > 1) {
    const int error = too_large == 0 ? std::min(2, fits / 2) : (too_large + fits) / 2;
    AECOMP_ASSIGN_OR_RETURN(FilledFile file, CodeWith(codec, image, error));
    if (file.bytes.size() > bytes) {
      too_large = error;
    } else {
      fits = error, best = std::move(file);
    }
  }
  return best;
}

Result<FilledFile> CompressToQuality(Codec& codec, const Image& image, double quality) {
  FilledFile file;
  AECOMP_ASSIGN_OR_RETURN(file.bytes, codec.Compress(image, StepOfQuality(quality, codec.model().architecture)));
  const std::optional<double> floor = PsnrFloor(quality);
  if (!floor) return file;
  AECOMP_ASSIGN_OR_RETURN(const Container container, ParseContainer(file.bytes, "the file"));
  AECOMP_ASSIGN_OR_RETURN(const Image restored, codec.Decompress(container, "the file"));
  file.psnr = Psnr(image, restored);
  if (*file.psnr >= *floor) return file;
  return FillToPsnr(codec, image, *floor);
}

}  // namespace aecomp
