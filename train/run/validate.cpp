#include "train/run/validate.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/bd_rate.h"
#include "io/metrics.h"
#include "model/base/json_text.h"
#include "model/codec/codec.h"
#include "train/loss/rate_distortion.h"
#include "train/run/format.h"

namespace aecomp {
namespace {

using nlohmann::json;

json ToJsonRows(const std::vector<ValidationRow>& rows) {
  json list = json::array();
  for (const ValidationRow& r : rows) list.push_back({r.quality, r.bpp, r.psnr, r.loss, r.score});
  return list;
}

std::vector<ValidationRow> FromJsonRows(const json& list) {
  std::vector<ValidationRow> rows;
  for (const json& r : list) {
    const size_t score = r.size() > 4 ? 4 : 2;  // older programs train for PSNR, which is the score then
    rows.push_back({r.at(0), r.at(1), r.at(2), r.at(3), r.at(score)});
  }
  return rows;
}

std::vector<RatePoint> Curve(const std::vector<ValidationRow>& rows, Tune tune) {
  std::vector<RatePoint> curve;
  for (const ValidationRow& r : rows) curve.push_back({r.bpp, tune == Tune::kVisual ? r.score : r.psnr});
  return curve;
}

std::vector<float> Pixels(const Image& image) {
  std::vector<float> pixels(static_cast<size_t>(image.width) * static_cast<size_t>(image.height) *
                            static_cast<size_t>(image.channels));
  ReadPixels(image, 0, 0, image.width, image.height, pixels.data());
  return pixels;
}

/// Between two images of one size, in the scale of the mean squared error of samples in [0, 1].
double MeasureImage(const Image& clean, const Image& restored, const DistortionFactory& distortion) {
  const std::vector<float> original = Pixels(clean);
  std::vector<float> decoded = Pixels(restored);
  for (float& v : decoded) v -= 0.5f;
  const Shape shape{1, clean.channels, clean.height, clean.width};
  return distortion(shape)->Measure({original.data(), decoded.data()}, 1, nullptr).distortion;
}

double Decibels(double distortion) { return -10 * std::log10(std::max(distortion, 1e-10)); }

}  // namespace

Result<std::vector<ValidationRow>> Validate(std::shared_ptr<Model> model, const std::vector<ValidationImage>& images,
                                            const std::vector<int>& qualities, const DistortionFactory& distortion,
                                            const QualityMap& map) {
  const Architecture& a = model->architecture;
  Codec codec(model);
  codec.SetQualityMap(map);
  std::vector<ValidationRow> rows;
  const double n = static_cast<double>(images.size());
  for (int quality : qualities) {
    ValidationRow row{quality};
    const double lambda = LambdaOfUnitRange(a, quality);
    for (const ValidationImage& image : images) {
      AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, codec.Compress(*image.coded, quality));
      AECOMP_ASSIGN_OR_RETURN(const Container container, ParseContainer(bytes, "validation"));
      AECOMP_ASSIGN_OR_RETURN(const Image restored, codec.Decompress(container, "validation"));
      const double pixels = static_cast<double>(image.clean->width) * image.clean->height;
      const double bpp = 8.0 * static_cast<double>(bytes.size()) / pixels;
      const double psnr = std::min(Psnr(*image.clean, restored), 100.0);  // of equal images it is infinite
      row.bpp += bpp / n, row.psnr += psnr / n;
      const double measured = MeasureImage(*image.clean, restored, distortion);
      row.score += Decibels(measured) / n;
      row.loss += RateWeight(lambda) * (bpp + lambda * measured) / n;
    }
    rows.push_back(row);
  }
  return rows;
}

std::vector<int> ValidationQualities(int max_quality) {
  constexpr int kCount = 5;
  std::vector<int> qualities;
  for (int i = 0; i < kCount; ++i) qualities.push_back(max_quality * i / (kCount - 1));
  return qualities;
}

double ValidationLoss(const std::vector<ValidationRow>& rows) {
  double sum = 0;
  for (const ValidationRow& r : rows) sum += r.loss;
  return sum / static_cast<double>(rows.size());
}

bool ValidationHistory::Add(int64_t step, const std::vector<ValidationRow>& rows) {
  const double loss = ValidationLoss(rows);
  const bool first = first_.empty(), better = first || loss < ValidationLoss(best_);
  if (first) first_ = rows, first_step_ = step;
  if (better) best_ = rows, best_step_ = step;
  if (first || loss < (1 - kWorthIt) * mark_) {
    mark_ = loss, stale_ = 0;
  } else {
    ++stale_;
  }
  last_step_ = step;
  return better;
}

std::string ValidationHistory::ToJson() const {
  return JsonText(json{{"first", ToJsonRows(first_)},
                       {"best", ToJsonRows(best_)},
                       {"first_step", first_step_},
                       {"best_step", best_step_},
                       {"last_step", last_step_},
                       {"mark", mark_},
                       {"stale", stale_}});
}

bool ValidationHistory::Parse(const std::string& text) {
  try {
    const json j = json::parse(text);
    first_ = FromJsonRows(j.at("first")), best_ = FromJsonRows(j.at("best"));
    first_step_ = j.at("first_step"), best_step_ = j.at("best_step"), last_step_ = j.at("last_step"),
    mark_ = j.at("mark"), stale_ = j.at("stale");
  } catch (const json::exception&) {
    return false;
  }
  return true;
}

std::string CompareCurves(const std::vector<ValidationRow>& before, const std::vector<ValidationRow>& after,
                          Tune tune) {
  const std::string name = tune == Tune::kVisual ? "visual score" : "PSNR";
  const std::vector<RatePoint> first = Curve(before, tune), last = Curve(after, tune);
  const auto lower = [](const RatePoint& x, const RatePoint& y) { return x.psnr < y.psnr; };
  const auto [low_before, high_before] = std::minmax_element(first.begin(), first.end(), lower);
  const auto [low_after, high_after] = std::minmax_element(last.begin(), last.end(), lower);
  const double low = std::max(low_before->psnr, low_after->psnr), high = std::min(high_before->psnr, high_after->psnr);
  if (low >= high) {
    return "BD-rate: none, the curves do not overlap (" + name +
           Format(" %.1f to %.1f dB before, ", low_before->psnr, high_before->psnr) +
           Format("%.1f to %.1f dB after)", low_after->psnr, high_after->psnr);
  }
  const auto rate = BdRate(first, last, low, high);
  if (!rate.ok()) return "BD-rate: none, " + rate.status().message();
  return Format("BD-rate: %+.1f %% bits at equal ", rate.value()) + name +
         Format(", between %.1f and %.1f dB", low, high);
}

}  // namespace aecomp
