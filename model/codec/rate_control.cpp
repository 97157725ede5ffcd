#include "model/codec/rate_control.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "io/metrics.h"
#include "model/codec/fill_in.h"

namespace aecomp {
namespace {

constexpr int kMostPasses = 8;
constexpr double kClose = 0.99;        // of the bytes asked for: near enough
constexpr double kMostThrift = 3;      // beyond, a lower quality is the better way to save
constexpr double kThriftPerLog = 12;   // log thrift that saves a share of the bytes, per log bytes; a first guess
constexpr double kSlopeBytes = 0.025;  // log bytes a quality step, a first guess
constexpr double kSlopePsnr = 0.117;   // dB a quality step
constexpr double kMiddleBpp = 0.6, kMiddlePsnr = 32;

struct Try {
  std::vector<uint8_t> bytes;
  double value = 0;  ///< log bytes or PSNR: about linear in the quality, rising
};

class Search {
 public:
  Search(Codec& codec, const Image& image, AnalysedImage analysed, const RateTarget& target)
      : codec_(codec),
        image_(image),
        analysed_(std::move(analysed)),
        by_size_(target.kind == RateTarget::Kind::kBytes) {
    constexpr double kNoLimit = 1e18;  // larger numbers fit no uint64_t
    if (by_size_) most_bytes_ = static_cast<uint64_t>(std::clamp(target.value, 0.0, kNoLimit));
    goal_ = by_size_ ? std::log(static_cast<double>(most_bytes_)) : target.value;
  }

  Result<RateResult> Run();

 private:
  Result<RateResult> RunToSize();
  Result<RateResult> RunToPsnr();
  Result<Try> Pass(int quality, double thrift);
  int Guess() const;
  /// low_ .. high_ become neighbours (or the ends of the axis) with the goal between them.
  Status Bracket();
  Status SpendTheRest(RateResult& result);

  Codec& codec_;
  const Image& image_;
  const AnalysedImage analysed_;
  const bool by_size_;
  uint64_t most_bytes_ = 0;  // where by_size_
  double goal_ = 0;          // as Try::value
  int passes_ = 0;
  int low_ = -1, high_ = -1;  // qualities known to lie at or below the goal, and above it; -1 and max + 1: none known
  Try at_low_, at_high_;
};

Result<Try> Search::Pass(int quality, double thrift) {
  ++passes_;
  Try result;
  AECOMP_ASSIGN_OR_RETURN(result.bytes, codec_.Encode(analysed_, quality, thrift));
  if (by_size_) {
    result.value = std::log(static_cast<double>(result.bytes.size()));
    return result;
  }
  AECOMP_ASSIGN_OR_RETURN(const Image restored, codec_.DecompressOwn(result.bytes));
  result.value = Psnr(image_, restored);
  return result;
}

/// The quality to try next: on a line through what is known, but strictly inside the bracket.
int Search::Guess() const {
  const int top = codec_.model().architecture.max_quality();
  const double slope = by_size_ ? kSlopeBytes : kSlopePsnr;
  double guess;
  if (low_ >= 0 && high_ <= top) {
    guess = low_ + (high_ - low_) * (goal_ - at_low_.value) / (at_high_.value - at_low_.value);
  } else if (low_ >= 0) {
    guess = low_ + (goal_ - at_low_.value) / slope + 0.5;
  } else if (high_ <= top) {
    guess = high_ - (at_high_.value - goal_) / slope - 0.5;
  } else {
    const double pixels = static_cast<double>(image_.width) * image_.height;
    guess = codec_.model().architecture.middle_quality() +
            (goal_ - (by_size_ ? std::log(pixels * kMiddleBpp / 8) : kMiddlePsnr)) / slope;
  }
  return static_cast<int>(std::lround(std::clamp(guess, low_ + 1.0, high_ - 1.0)));
}

Status Search::Bracket() {
  high_ = codec_.model().architecture.max_quality() + 1;
  while (high_ - low_ > 1 && passes_ < kMostPasses) {
    // Close to the last pass the bracket is halved: lines may creep along a curve. The last one tells whether anything
    // is possible at all, where that is not known yet.
    int quality = passes_ + 3 < kMostPasses ? Guess() : (low_ + high_) / 2;
    if (low_ < 0 && passes_ + 1 == kMostPasses) quality = 0;
    AECOMP_ASSIGN_OR_RETURN(Try found, Pass(quality, 1));
    const bool fits = by_size_ ? found.bytes.size() <= most_bytes_ : found.value < goal_;
    (fits ? low_ : high_) = quality;
    (fits ? at_low_ : at_high_) = std::move(found);
    if (by_size_ && fits && at_low_.value >= goal_ + std::log(kClose)) break;
  }
  return {};
}

/// A size below the goal and the next quality above it: there bits are saved until it fits.
Status Search::SpendTheRest(RateResult& result) {
  double log_thrift = kThriftPerLog * (at_high_.value - goal_), low_thrift = 0;
  double best = at_low_.value;
  while (passes_ < kMostPasses && best < goal_ + std::log(kClose) && log_thrift < std::log(kMostThrift)) {
    AECOMP_ASSIGN_OR_RETURN(Try found, Pass(high_, std::exp(log_thrift)));
    const double saved = at_high_.value - found.value;
    if (found.bytes.size() > most_bytes_) {
      low_thrift = log_thrift;
      log_thrift *= std::clamp((at_high_.value - goal_) / std::max(saved, 1e-6) * 1.05, 1.1, 3.0);
      continue;
    }
    if (found.value > best) {
      best = found.value;
      result.bytes = std::move(found.bytes), result.quality = high_;
    }
    log_thrift = 0.5 * (low_thrift + log_thrift);
  }
  return {};
}

/// least: the bytes of the smallest file that was found.
Status TooLarge(const Image& image, size_t least) {
  char text[200];
  std::snprintf(text, sizeof text, "cannot be made that small: the smallest file found takes %zu bytes (%.3f bpp)",
                least, 8.0 * static_cast<double>(least) / image.width / image.height);
  return UsageError(text);
}

RateResult Filled(FilledFile file, bool with_psnr) {
  RateResult result;
  result.bytes = std::move(file.bytes), result.most_error = file.most_error;
  if (with_psnr) result.psnr = file.psnr;
  return result;
}

/// Of a target in bytes.
RateResult FilledToSize(FilledFile file, uint64_t bytes) {
  RateResult result = Filled(std::move(file), false);
  const auto size = static_cast<double>(result.bytes.size());
  if (result.most_error == 0 && size < kClose * static_cast<double>(bytes)) {
    result.note = "even without loss it takes only " + std::to_string(result.bytes.size()) + " bytes";
  }
  return result;
}

Result<RateResult> Search::RunToSize() {
  AECOMP_ASSIGN_OR_RETURN(auto flat, FlatWithin(codec_, image_, most_bytes_));
  if (flat && flat->most_error == 0) return FilledToSize(std::move(*flat), most_bytes_);
  AECOMP_RETURN_IF_ERROR(Bracket());
  if (low_ < 0) {  // the network cannot make it that small
    if (flat) return FilledToSize(std::move(*flat), most_bytes_);
    AECOMP_ASSIGN_OR_RETURN(FilledFile smallest, SmallestFill(codec_, image_));
    if (smallest.bytes.size() <= most_bytes_) return FilledToSize(std::move(smallest), most_bytes_);
    return TooLarge(image_, std::min(smallest.bytes.size(), at_high_.bytes.size()));
  }
  const int top = codec_.model().architecture.max_quality();
  if (low_ == top) {
    AECOMP_ASSIGN_OR_RETURN(std::optional<FilledFile> file, FillToSize(codec_, image_, most_bytes_));
    if (file) return FilledToSize(std::move(*file), most_bytes_);
  }
  RateResult result;
  result.bytes = at_low_.bytes, result.quality = low_;
  if (high_ <= top && high_ == low_ + 1) AECOMP_RETURN_IF_ERROR(SpendTheRest(result));
  if (!flat) return result;
  AECOMP_ASSIGN_OR_RETURN(const Image restored, codec_.DecompressOwn(result.bytes));
  return *flat->psnr > Psnr(image_, restored) ? FilledToSize(std::move(*flat), most_bytes_) : std::move(result);
}

Result<RateResult> Search::RunToPsnr() {
  AECOMP_RETURN_IF_ERROR(Bracket());
  if (high_ > codec_.model().architecture.max_quality()) {
    AECOMP_ASSIGN_OR_RETURN(FilledFile file, FillToPsnr(codec_, image_, goal_));
    return Filled(std::move(file), true);
  }
  AECOMP_ASSIGN_OR_RETURN(auto flat, FlatWithin(codec_, image_, at_high_.bytes.size()));
  if (flat && *flat->psnr >= goal_) return Filled(std::move(*flat), true);
  RateResult result;
  result.bytes = at_high_.bytes, result.quality = high_, result.psnr = at_high_.value;
  if (high_ == 0) result.note = "even the lowest quality has " + std::to_string(at_high_.value) + " dB";
  return result;
}

Result<RateResult> Search::Run() {
  AECOMP_ASSIGN_OR_RETURN(RateResult result, by_size_ ? RunToSize() : RunToPsnr());
  result.passes = passes_;
  return result;
}

}  // namespace

Result<RateResult> CompressToTarget(Codec& codec, const Image& image, const RateTarget& target) {
  if (target.kind == RateTarget::Kind::kPsnr && std::isinf(target.value)) {
    AECOMP_ASSIGN_OR_RETURN(FilledFile file, FillToPsnr(codec, image, target.value));
    return Filled(std::move(file), true);
  }
  AECOMP_ASSIGN_OR_RETURN(AnalysedImage analysed, codec.Analyse(image));
  return Search(codec, image, std::move(analysed), target).Run();
}

}  // namespace aecomp
