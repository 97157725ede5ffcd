// From a finished evaluation to the page that `--report` writes.
#pragma once

#include <string>
#include <vector>

#include "app/eval/evaluation.h"
#include "app/eval/rd_curve.h"
#include "app/report/contestant.h"
#include "app/report/page.h"
#include "io/status.h"
#include "model/codec/codec.h"

namespace aecomp {

/// Text of the pictures in a page; with it, 24 pictures of 0.4 megapixels in six versions stay below 60 MB.
inline constexpr uint64_t kMostPageBytes = 58'000'000;

struct ReportPlan {
  std::string title, lead;
  double quality = 50;                  ///< of aecomp in the comparisons; the others get as many bytes
  std::vector<Contestant> contestants;  ///< beside aecomp and the peers, as a model before training
  std::vector<RdCurve> curves;          ///< aecomp's, the peers', published ones
  Comparisons comparisons;
  size_t most_pictures = 100;  ///< compared in the page; the first ones
  int threads = 1;
};

/// Compares every picture at equal bytes, and fills a page. A codec that fails on a picture, and pictures for which the
/// page has no room, are left out with a message. kInterrupted.
Result<Page> BuildPage(const ReportPlan& plan, const EvaluationResult& result, Codec& codec, const ResultCache& cache,
                       const EvaluationTalk& talk);

/// Comparisons of aecomp with each peer on one picture alone.
std::vector<Comparison> ComparePicture(const std::vector<Measurement>& measurements, const std::string& picture,
                                       const std::vector<Metric>& metrics);

}  // namespace aecomp
