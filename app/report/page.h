// What a report shows, and the page itself: one HTML file that asks nobody for anything.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/eval/bd_comparison.h"
#include "app/eval/metric.h"
#include "app/eval/rd_curve.h"
#include "app/eval/smooth_edges_measure.h"

namespace aecomp {

/// What came back of a picture from one codec.
struct PageVariant {
  std::string codec, setting;
  uint64_t bytes = 0;
  Scores scores;
  std::vector<WorstSquare> worst;
  size_t image = 0;  ///< number in Page::images
};

struct PagePicture {
  std::string name;
  int width = 0, height = 0;
  size_t original = 0;  ///< number in Page::images
  std::vector<PageVariant> variants;
  std::vector<Comparison> rates;  ///< of aecomp on this picture alone
};

/// A figure over the steps of training.
struct TrainingChart {
  struct Series {
    std::string name;
    std::vector<std::pair<double, double>> points;  ///< step, value
  };
  std::string label;
  std::vector<Series> series;
};

struct Page {
  std::string title, lead, summary;
  std::string shown_as;             ///< how pictures are stored in the page
  std::vector<std::string> method;  ///< lines: programs, versions, options
  std::vector<Metric> metrics;
  std::vector<RdCurve> curves;  ///< aecomp first
  Comparisons comparisons;
  std::vector<PagePicture> pictures;
  std::vector<std::string> images;  ///< as data URIs
  std::string training_text;
  std::vector<TrainingChart> charts;  ///< empty: no training
};

std::string PageHtml(const Page& page);

}  // namespace aecomp
