// What one codec costs more or less than another at equal quality, by every metric, and how sure that is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/eval/rd_curve.h"

namespace aecomp {

struct Interval {
  double low = 0, high = 0;
};

/// The BD-rate of a curve against an anchor, over the whole range of scores that both cover.
struct Comparison {
  std::string anchor;
  Metric metric = Metric::kPsnr;
  std::optional<double> percent;       ///< none: see reason
  Interval range;                      ///< of scores
  std::optional<Interval> confidence;  ///< 95 %, in percent; none for a single image or a published curve
  std::string reason;                  ///< why there is no BD-rate
};

/// See BdRate in io/bd_rate.h. limits: scores outside of it do not count.
Comparison Compare(const std::vector<RatePoint>& anchor, const std::vector<RatePoint>& test,
                   std::optional<Interval> limits = std::nullopt);

/// Rates of two codecs at one quality, from their curves.
struct EqualQuality {
  std::string anchor;
  Metric metric = Metric::kPsnr;
  NamedLevel level;
  std::optional<double> rate, anchor_rate;  ///< bits per pixel; none: the curve does not reach the level

  std::optional<double> Percent() const {
    if (!rate || !anchor_rate) return std::nullopt;
    return 100 * *rate / *anchor_rate;
  }
};

struct Comparisons {
  std::vector<Comparison> rates;
  std::vector<EqualQuality> equal;
};

inline constexpr int kBootstrapSamples = 1000;

/// Of the first curve against each anchor, by each metric that both have. measurements: of the codecs among them;
/// confidence is that of drawing the images again (bootstrap: Efron, Annals of Statistics 7, 1979): of
/// kBootstrapSamples draws with replacement the BD-rate between the mean curves is taken, and its quantiles at 2.5 and
/// 97.5 %. Chance is the same in every run.
Comparisons CompareAll(const RdCurve& curve, const std::vector<RdCurve>& anchors,
                       const std::vector<Measurement>& measurements, const std::vector<Metric>& metrics);

}  // namespace aecomp
