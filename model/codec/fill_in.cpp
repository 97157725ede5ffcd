#include "model/codec/fill_in.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

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
/// base: null, or what the network makes of the sample.
SampleResult CodeSample(const Image& sample, const Image* base, int most_error) {
  const std::vector<uint8_t> stream = residual::Encode(sample, base, most_error);
  if (most_error == 0) return {stream.size(), INFINITY};
  Image restored(sample.width, sample.height, sample.channels, sample.bits);
  const bool ok = residual::Decode(stream, base, most_error, restored).ok();
  return {stream.size(), ok ? Psnr(sample, restored) : 0};
}

/// Which part of an image's pixels equal the pixel to the left or above.
double ShareOfRepeats(const Image& image) {
  const size_t pixel = Image::ByteSize(1, 1, image.channels, image.bits);
  int64_t repeats = 0;
  for (int y = 0; y < image.height; ++y) {
    const uint8_t *row = image.Row(y), *above = y > 0 ? image.Row(y - 1) : nullptr;
    for (size_t x = 0, at = 0; x < static_cast<size_t>(image.width); ++x, at += pixel) {
      const bool repeats_left = x > 0 && std::equal(row + at, row + at + pixel, row + at - pixel);
      if (repeats_left || (above != nullptr && std::equal(row + at, row + at + pixel, above + at))) ++repeats;
    }
  }
  return static_cast<double>(repeats) / (static_cast<double>(image.width) * image.height);
}

/// Whether an image has at most `most` different pixels.
bool HasFewPixels(const Image& image, size_t most) {
  const size_t size = Image::ByteSize(1, 1, image.channels, image.bits);
  std::set<std::string_view> seen;
  for (int y = 0; y < image.height; ++y) {
    const auto* row = reinterpret_cast<const char*>(image.Row(y));
    for (size_t x = 0; x < static_cast<size_t>(image.width); ++x) {
      seen.insert({row + x * size, size});
      if (seen.size() > most) return false;
    }
  }
  return true;
}

/// base: the quality of the network's part, or none.
Result<FilledFile> CodeWith(Codec& codec, const Image& image, int most_error, std::optional<int> base) {
  FilledFile file;
  file.most_error = most_error, file.base = base;
  AECOMP_ASSIGN_OR_RETURN(file.bytes, codec.CompressExactly(image, most_error, base));
  if (most_error == 0) {
    file.psnr = INFINITY;
    return file;
  }
  AECOMP_ASSIGN_OR_RETURN(const Image restored, codec.DecompressOwn(file.bytes));
  file.psnr = Psnr(image, restored);
  return file;
}

double Peak(const Image& image) { return (1 << image.bits) - 1; }

/// The mean squared error that a PSNR allows.
double AllowedError(const Image& image, double psnr) { return Peak(image) * Peak(image) * std::pow(10, -psnr / 10); }

/// Errors of all of -E .. E alike have a mean square of E (E + 1) / 3.
double EvenlySpread(double mean_square) { return (std::sqrt(1 + 12 * mean_square) - 1) / 2; }

/// The largest E whose errors in the sample are small enough. sure: an E that is small enough for any picture. Errors
/// are spread evenly in noise; in flat pictures most are 0, so that E may be much larger.
int LargestErrorFor(const Image& sample, const Image* base, double psnr, int sure) {
  const auto reaches = [&](int error) { return CodeSample(sample, base, error).psnr >= psnr; };
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

/// What the network makes of an image.
struct NetworkFile {
  int quality = 0;
  size_t bytes = 0;
  Image restored;
};

Result<NetworkFile> MakeNetworkFile(Codec& codec, const Image& image, int quality) {
  NetworkFile file;
  file.quality = quality;
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, codec.Compress(image, quality));
  AECOMP_ASSIGN_OR_RETURN(file.restored, codec.DecompressOwn(bytes));
  file.bytes = bytes.size();
  return file;
}

/// A way to reach a PSNR. Wherever plans are made, `sure` is as in LargestErrorFor.
struct Plan {
  std::optional<int> base;
  int most_error = 0;
  double bytes = 0;  ///< as the sample tells
};

Plan MakePlan(const Image& image, const Image& sample, double psnr, int sure, const NetworkFile* network) {
  const std::optional<Image> base = network != nullptr ? std::optional(Sample(network->restored)) : std::nullopt;
  const Image* const given = base ? &*base : nullptr;
  const double share = static_cast<double>(sample.pixels.size()) / static_cast<double>(image.pixels.size());
  Plan plan;
  plan.most_error = LargestErrorFor(sample, given, psnr, sure);
  plan.bytes = static_cast<double>(CodeSample(sample, given, plan.most_error).bytes) / share;
  if (network != nullptr) plan.base = network->quality, plan.bytes += static_cast<double>(network->bytes);
  return plan;
}

/// The cheapest plan with a base that is cheaper than `best`, else `best`. Lower qualities are tried as long as
/// they help. network: a file that is there already.
Result<Plan> TryBases(Codec& codec, const Image& image, const Image& sample, double psnr, int sure,
                      std::optional<NetworkFile> network, Plan best) {
  if (!codec.CanBeBase()) return best;
  int quality = network ? network->quality : codec.model().architecture.max_quality();
  for (int i = 0; i < codec.base_tries(); ++i, quality = quality * 3 / 4) {
    if (!network || network->quality != quality) {
      AECOMP_ASSIGN_OR_RETURN(network, MakeNetworkFile(codec, image, quality));
    }
    const Plan plan = MakePlan(image, sample, psnr, sure, &*network);
    if (plan.bytes >= best.bytes) break;
    best = plan;
  }
  return best;
}

/// The largest error of a file that is smaller than networks' of the same PSNR.
int LargestErrorToFill(const Image& image) {
  constexpr double kBetterThanNetworks = 38;  // dB
  return static_cast<int>(EvenlySpread(AllowedError(image, kBetterThanNetworks))) + 1;
}

/// The file of the least largest error, from `least` to `fits` - 1, that has at most `bytes` bytes.
Result<std::optional<FilledFile>> LeastErrorWithin(Codec& codec, const Image& image, uint64_t bytes, int least,
                                                   int fits, std::optional<int> base) {
  std::optional<FilledFile> best;
  int too_large = least - 1;  // of this error the file is
  while (fits - too_large > 1) {
    const int error = too_large == least - 1 ? std::min(least + 1, (too_large + fits) / 2) : (too_large + fits) / 2;
    AECOMP_ASSIGN_OR_RETURN(FilledFile file, CodeWith(codec, image, error, base));
    if (file.bytes.size() > bytes) {
      too_large = error;
    } else {
      fits = error, best = std::move(file);
    }
  }
  return best;
}

/// Of a flat picture, whose lossless file does not fit.
Result<std::optional<FilledFile>> NearLosslessWithin(Codec& codec, const Image& image, uint64_t bytes,
                                                     uint64_t lossless) {
  constexpr uint64_t kMostGain = 4;  // no error that is allowed here saves more
  if (lossless / kMostGain > bytes) return std::optional<FilledFile>();
  return LeastErrorWithin(codec, image, bytes, 1, LargestErrorToFill(image), std::nullopt);
}

/// What a lossless file may take in place of one with loss: a quarter more, as nothing is lost.
uint64_t MostInstead(uint64_t bytes) { return bytes + bytes / 4; }

/// Of all of an image, whose errors may be larger or smaller than those of the sample.
Result<FilledFile> Reach(Codec& codec, const Image& image, double psnr, int sure, const Plan& plan) {
  constexpr int kMostTries = 4;
  constexpr double kShareOfLoss = 0.7;  // of what evenly spread errors would lose
  AECOMP_ASSIGN_OR_RETURN(FilledFile best, CodeWith(codec, image, plan.most_error, plan.base));
  while (*best.most_error > sure && *best.psnr < psnr) {
    const int error = std::max(sure, std::min(*best.most_error - 1, *best.most_error * 7 / 8));
    AECOMP_ASSIGN_OR_RETURN(best, CodeWith(codec, image, error, plan.base));
  }
  for (int i = 0; i < kMostTries; ++i) {
    const int error = *best.most_error;
    if (error == 0) break;
    const int larger = error + std::max(1, error / 8);
    const double loss = 20 * std::log10((larger + 0.5) / (error + 0.5));
    if (larger > static_cast<int>(kMaxResidualError) || *best.psnr - kShareOfLoss * loss < psnr) break;
    AECOMP_ASSIGN_OR_RETURN(FilledFile file, CodeWith(codec, image, larger, plan.base));
    if (*file.psnr < psnr || file.bytes.size() >= best.bytes.size()) break;
    best = std::move(file);
  }
  return best;
}

Result<FilledFile> Fill(Codec& codec, const Image& image, double psnr, std::optional<NetworkFile> network) {
  const double most = std::min(std::sqrt(AllowedError(image, psnr)), double{kMaxResidualError});
  const int sure = static_cast<int>(most);  // no error of this size can be too large
  if (sure == 0 && psnr > 20 * std::log10(Peak(image)) + 20) return CodeWith(codec, image, 0, std::nullopt);
  const Image sample = Sample(image);
  const Plan plain = MakePlan(image, sample, psnr, sure, nullptr);
  // Without errors palettes and values that are not there save more than a few errors do.
  if (plain.most_error > 0 &&
      10 * CodeSample(sample, nullptr, 0).bytes <= 11 * CodeSample(sample, nullptr, plain.most_error).bytes + 1000) {
    AECOMP_ASSIGN_OR_RETURN(FilledFile best, Reach(codec, image, psnr, sure, plain));
    AECOMP_ASSIGN_OR_RETURN(FilledFile lossless, CodeWith(codec, image, 0, std::nullopt));
    return lossless.bytes.size() <= best.bytes.size() ? std::move(lossless) : std::move(best);
  }
  AECOMP_ASSIGN_OR_RETURN(const Plan plan, TryBases(codec, image, sample, psnr, sure, std::move(network), plain));
  AECOMP_ASSIGN_OR_RETURN(FilledFile best, Reach(codec, image, psnr, sure, plan));
  // Without a base files decode faster; and the sample may have been wrong where the two are close.
  constexpr double kClear = 0.75, kWorthIt = 0.98;
  const auto bytes = static_cast<double>(best.bytes.size());
  if (!plan.base || bytes < kClear * plain.bytes) return best;
  AECOMP_ASSIGN_OR_RETURN(FilledFile without, Reach(codec, image, psnr, sure, plain));
  return bytes < kWorthIt * static_cast<double>(without.bytes.size()) ? std::move(best) : std::move(without);
}

}  // namespace

Result<std::vector<uint8_t>> Codec::CompressExactly(const Image& image, int most_error) {
  AECOMP_ASSIGN_OR_RETURN(auto best, CompressExactly(image, most_error, std::nullopt));
  const bool possible = CanBeBase() && image.channels <= model().architecture.image_channels;
  if (!possible || !TriesBase(most_error) || base_tries() == 0) return best;
  for (const int percent : {100, 75, 50}) {
    const int quality = model().architecture.max_quality() * percent / 100;
    AECOMP_ASSIGN_OR_RETURN(auto bytes, CompressExactly(image, most_error, quality));
    const bool better = bytes.size() < best.size();
    if (better) best = std::move(bytes);
    if (!better && percent < 100) break;
  }
  return best;
}

Result<FilledFile> Lossless(Codec& codec, const Image& image) { return CodeWith(codec, image, 0, std::nullopt); }

bool IsFlat(const Image& image) {
  constexpr double kShareOfRepeats = 0.5;  // photographs have up to that, pages of text 0.8 to 0.9
  constexpr size_t kFewPixels = 32;        // different ones: dithering, patterns
  const Image sample = Sample(image);
  return ShareOfRepeats(sample) >= kShareOfRepeats || HasFewPixels(sample, kFewPixels);
}

Result<std::optional<FilledFile>> FlatWithin(Codec& codec, const Image& image, uint64_t bytes) {
  if (!IsFlat(image)) return std::optional<FilledFile>();
  AECOMP_ASSIGN_OR_RETURN(FilledFile lossless, Lossless(codec, image));
  if (lossless.bytes.size() <= bytes) return std::optional(std::move(lossless));
  return NearLosslessWithin(codec, image, bytes, lossless.bytes.size());
}

Result<FilledFile> SmallestFill(Codec& codec, const Image& image) {
  AECOMP_ASSIGN_OR_RETURN(FilledFile lossless, Lossless(codec, image));
  const int error = LargestErrorToFill(image) - 1;
  if (error < 1 || !IsFlat(image)) return lossless;
  AECOMP_ASSIGN_OR_RETURN(FilledFile near, CodeWith(codec, image, error, std::nullopt));
  return near.bytes.size() < lossless.bytes.size() ? std::move(near) : std::move(lossless);
}

Result<std::optional<FilledFile>> FlatInstead(Codec& codec, const Image& image, std::span<const uint8_t> file) {
  if (!IsFlat(image)) return std::optional<FilledFile>();
  AECOMP_ASSIGN_OR_RETURN(FilledFile lossless, Lossless(codec, image));
  if (lossless.bytes.size() <= MostInstead(file.size())) return std::optional(std::move(lossless));
  AECOMP_ASSIGN_OR_RETURN(auto flat, NearLosslessWithin(codec, image, file.size(), lossless.bytes.size()));
  if (!flat) return flat;
  AECOMP_ASSIGN_OR_RETURN(const Image restored, codec.DecompressOwn(file));
  return *flat->psnr > Psnr(image, restored) ? std::move(flat) : std::nullopt;
}

Result<FilledFile> FillToPsnr(Codec& codec, const Image& image, double psnr) {
  return Fill(codec, image, psnr, std::nullopt);
}

Result<std::optional<FilledFile>> FillToSize(Codec& codec, const Image& image, uint64_t bytes) {
  AECOMP_ASSIGN_OR_RETURN(FilledFile lossless, Lossless(codec, image));
  if (lossless.bytes.size() <= bytes) return std::optional(std::move(lossless));
  const int fits = LargestErrorToFill(image);
  AECOMP_ASSIGN_OR_RETURN(auto best, LeastErrorWithin(codec, image, bytes, 1, fits, std::nullopt));
  const int error = best ? *best->most_error : fits;
  if (codec.base_tries() == 0 || !codec.CanBeBase() || !Codec::TriesBase(error)) return best;
  // With a base errors of the same largest size are smaller, and a larger one may be the better file.
  const int quality = codec.model().architecture.max_quality();
  AECOMP_ASSIGN_OR_RETURN(auto with_base, LeastErrorWithin(codec, image, bytes, 2, 2 * error, quality));
  if (with_base && (!best || *with_base->psnr > *best->psnr)) return with_base;
  return best;
}

Result<FilledFile> CompressToQuality(Codec& codec, const Image& image, double quality) {
  const int step = StepOfQuality(quality, codec.model().architecture);
  FilledFile file;
  AECOMP_ASSIGN_OR_RETURN(file.bytes, codec.Compress(image, step));
  AECOMP_ASSIGN_OR_RETURN(auto flat, FlatInstead(codec, image, file.bytes));
  const std::optional<double> floor = PsnrFloor(quality);
  if (flat && (!floor || *flat->psnr >= *floor)) return std::move(*flat);
  if (!floor) return file;
  AECOMP_ASSIGN_OR_RETURN(Image restored, codec.DecompressOwn(file.bytes));
  file.psnr = Psnr(image, restored);
  if (*file.psnr >= *floor) return file;
  AECOMP_ASSIGN_OR_RETURN(file, Fill(codec, image, *floor, NetworkFile{step, file.bytes.size(), std::move(restored)}));
  if (file.most_error == 0 || !IsFlat(image)) return file;
  AECOMP_ASSIGN_OR_RETURN(FilledFile lossless, Lossless(codec, image));
  return lossless.bytes.size() <= MostInstead(file.bytes.size()) ? std::move(lossless) : std::move(file);
}

}  // namespace aecomp
