// Measures of how far a picture that came back is from its original. Each has a score that rises with the quality.
#pragma once

#include <array>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "app/eval/result_cache.h"
#include "io/image.h"
#include "io/status.h"

namespace aecomp {

enum class Metric { kPsnr, kMsSsim, kSmoothEdges, kButteraugli, kSsimulacra2 };
inline constexpr size_t kMetrics = 5;

/// A level of quality that tables name.
struct NamedLevel {
  const char* name;
  double value;  ///< as people read the measure: a distance for Butteraugli
};

struct MetricInfo {
  Metric metric;
  const char* id;       ///< in options, JSON and CSV
  const char* label;    ///< in tables
  const char* unit;     ///< of the score
  const char* program;  ///< that measures it; null: aecomp itself
  std::array<NamedLevel, 3> levels;
};
const std::array<MetricInfo, kMetrics>& MetricTable();
inline const MetricInfo& InfoOf(Metric metric) { return MetricTable()[static_cast<size_t>(metric)]; }

/// No score is higher: that of equal pictures, in dB.
inline constexpr double kMostScore = 100;

/// By metric, in the order of the table; NaN: not measured. PSNR, MS-SSIM and smooth edges in dB, Butteraugli as
/// -10 log10(distance), SSIMULACRA 2 as it is. Not limited to kMostScore: PSNR of equal pictures is infinite.
struct Scores {
  std::array<double, kMetrics> values;
  double ms_ssim = std::numeric_limits<double>::quiet_NaN();  ///< 0 .. 1

  Scores() { values.fill(std::numeric_limits<double>::quiet_NaN()); }
  double& operator[](Metric metric) { return values[static_cast<size_t>(metric)]; }
  double operator[](Metric metric) const { return values[static_cast<size_t>(metric)]; }
  bool Has(const std::vector<Metric>& wanted) const;
};

/// Between a score and the figure that people read: different for Butteraugli only.
double ScoreOf(Metric metric, double figure);
double FigureOf(Metric metric, double score);

/// The metrics named by id; empty: all whose program is installed. kUsage for a name that is none, kInput for one whose
/// program is missing.
Result<std::vector<Metric>> ChooseMetrics(const std::vector<std::string>& ids);

/// What measuring needs beside the two pictures.
struct MeasureContext {
  const std::vector<Metric>& metrics;
  const ResultCache& cache;
  std::function<bool()> interrupted = {};
  std::function<void(Metric, const Status&)> failed = {};  ///< its program; called by any thread
};

/// A picture with what programs need of it. 8 or 16 bits, 1 or 3 channels.
struct Original {
  std::string name;
  Image image;
  std::string hash;
};
Original MakeOriginal(std::string name, Image image);

/// Fills in those of the wanted metrics that `scores` lacks. decoded: like the original in size, channels and depth.
/// Programs get PNG files of 8 bits in RGB, and what they find is cached. A program that fails or prints nonsense is
/// reported to context.failed, and its score stays unknown. kInterrupted.
Status Measure(const Original& original, const Image& decoded, const MeasureContext& context, Scores& scores);

}  // namespace aecomp
