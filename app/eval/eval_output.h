// The answers of `eval`: tables, JSON Lines, CSV, plot.
#pragma once

#include <string>
#include <vector>

#include "app/eval/eval_measure.h"
#include "app/eval/rd_curve.h"
#include "io/formats/opencv_api.h"
#include "io/status.h"

namespace aecomp {

/// A row a quality; `estimate`: with the ratio of real to estimated bits.
std::string CurveTable(const RdCurve& curve, size_t images, bool estimate);
/// BD-rate of `curve` against every anchor.
std::string BdRateTable(const RdCurve& curve, const std::vector<RdCurve>& anchors);
std::string MeasurementLine(const Measurement& m);

std::string MeasurementsCsv(const std::vector<Measurement>& measurements);
/// One object a measurement, then one a mean, then one a BD-rate.
std::string EvalJsonLines(const std::vector<Measurement>& measurements, const std::vector<RdCurve>& curves,
                          const std::vector<RdCurve>& anchors);

/// PSNR over bpp of all curves, written as PNG.
Status WritePlot(const OpenCvApi& api, const std::string& path, const std::vector<RdCurve>& curves);

}  // namespace aecomp
