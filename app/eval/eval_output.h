// The answers of `eval` as text: tables, CSV, plot. JSON is in eval_json.h.
#pragma once

#include <string>
#include <vector>

#include "app/eval/bd_comparison.h"
#include "app/eval/eval_measure.h"
#include "app/eval/peer.h"
#include "app/eval/rd_curve.h"
#include "io/formats/opencv_api.h"
#include "io/status.h"

namespace aecomp {

/// Who takes part: a line a peer with its version and options.
std::string PeerTable(const std::vector<Peer>& peers);
/// A row a quality; `estimate`: with the ratio of real to estimated bits.
std::string CurveTable(const RdCurve& curve, size_t images, const std::vector<Metric>& metrics, bool estimate);
/// BD-rates with their ranges and confidence, then bytes at the named levels of quality.
std::string ComparisonTables(const std::string& codec, const Comparisons& comparisons);
std::string MeasurementLine(const Measurement& m, const std::vector<Metric>& metrics);

/// A figure of a metric as people read it, in a fixed number of decimals.
std::string FigureText(Metric metric, double score);

std::string MeasurementsCsv(const std::vector<Measurement>& measurements);

/// PSNR over bpp of all curves, written as PNG.
Status WritePlot(const OpenCvApi& api, const std::string& path, const std::vector<RdCurve>& curves);

}  // namespace aecomp
