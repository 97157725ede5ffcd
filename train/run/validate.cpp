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
  for (const ValidationRow& r : rows) list.push_back({r.quality, r.bpp, r.psnr, r.loss});
  return list;
}

std::vector<ValidationRow> FromJsonRows(const json& list) {
  std::vector<ValidationRow> rows;
  for (const json& r : list) rows.push_back({r.at(0), r.at(1), r.at(2), r.at(3)});
  return rows;
}

std::vector<RatePoint> Curve(const std::vector<ValidationRow>& rows) {
  std::vector<RatePoint> curve;
  for (const ValidationRow& r : rows) curve.push_back({r.bpp, r.psnr});
  return curve;
}

}  // namespace

Result<std::vector<ValidationRow>> Validate(std::shared_ptr<Model> model, const std::vector<ValidationImage>& images,
                                            const std::vector<int>& qualities) {
  const Architecture& a = model->architecture;
  Codec codec(model);
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
      row.loss += RateWeight(lambda) * (bpp + lambda * std::pow(10, -psnr / 10)) / n;
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

std::string CompareCurves(const std::vector<ValidationRow>& before, const std::vector<ValidationRow>& after) {
  const auto by_psnr = [](const ValidationRow& x, const ValidationRow& y) { return x.psnr < y.psnr; };
  const auto [low_before, high_before] = std::minmax_element(before.begin(), before.end(), by_psnr);
  const auto [low_after, high_after] = std::minmax_element(after.begin(), after.end(), by_psnr);
  const double low = std::max(low_before->psnr, low_after->psnr), high = std::min(high_before->psnr, high_after->psnr);
  if (low >= high) {
    return "BD-rate: none, the curves do not overlap (PSNR " +
           Format("%.1f to %.1f dB before, ", low_before->psnr, high_before->psnr) +
           Format("%.1f to %.1f dB after)", low_after->psnr, high_after->psnr);
  }
  const auto rate = BdRate(Curve(before), Curve(after), low, high);
  if (!rate.ok()) return "BD-rate: none, " + rate.status().message();
  return Format("BD-rate: %+.1f %% bits at equal PSNR, between %.1f and %.1f dB", rate.value(), low, high);
}

}  // namespace aecomp
