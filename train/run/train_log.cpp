#include "train/run/train_log.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>
#include <utility>
#include <vector>

#include "io/file.h"
#include "io/formats/opencv_api.h"
#include "model/base/json_text.h"

namespace aecomp {
namespace {

using nlohmann::json;

constexpr int kPanelWidth = 800, kPanelHeight = 520;

/// The whole lines of JSON in a text.
std::vector<json> ParseLines(std::istream& text) {
  std::vector<json> lines;
  for (std::string line_text; std::getline(text, line_text);) {
    json line = json::parse(line_text, nullptr, /*allow_exceptions=*/false);
    if (line.is_object()) lines.push_back(std::move(line));
  }
  return lines;
}

std::span<const uint8_t> AsBytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

/// Curves of one run, filled from the lines of its log.
struct Panels {
  PlotSeries loss{"training", {}, {}, false}, bpp{"training", {}, {}, false}, psnr{"training", {}, {}, false},
      rate{"", {}, {}, false};
  PlotSeries held_loss{"held out, real bytes", {}, {}}, held_bpp = held_loss, held_psnr = held_loss;

  static void Add(PlotSeries& series, double step, double value) {
    series.x.push_back(step), series.y.push_back(value);
  }
  void Add(const json& line) {
    const double step = line.value("step", 0.0);
    if (line.contains("loss")) {
      Add(loss, step, line.value("loss", 0.0)), Add(bpp, step, line.value("bpp", 0.0));
      Add(psnr, step, line.value("psnr", 0.0)), Add(rate, step, 1e6 * line.value("lr", 0.0));
    }
    if (line.contains("validation_loss")) {
      double mean_bpp = 0, mean_psnr = 0;
      for (const json& row : line.at("validation"))
        mean_bpp += row.value("bpp", 0.0), mean_psnr += row.value("psnr", 0.0);
      const double n = static_cast<double>(line.at("validation").size());
      Add(held_loss, step, line.value("validation_loss", 0.0));
      Add(held_bpp, step, mean_bpp / n), Add(held_psnr, step, mean_psnr / n);
    }
  }
  std::vector<Plot> Plots() const {
    const auto with = [](const PlotSeries& training, const PlotSeries& held_out) {
      return held_out.x.empty() ? std::vector{training} : std::vector{training, held_out};
    };
    return {{"Loss", "step", "loss", with(loss, held_loss)},
            {"Rate, mean over qualities", "step", "bits per pixel", with(bpp, held_bpp)},
            {"Distortion, mean over qualities", "step", "PSNR, dB", with(psnr, held_psnr)},
            {"Learning rate", "step", "learning rate, 1e-6", {rate}}};
  }
};

}  // namespace

std::vector<json> TrainLog::Lines() const {
  if (is_stream_) {
    std::istringstream text(written_);
    return ParseLines(text);
  }
  std::ifstream file(path_);
  return ParseLines(file);
}

Status TrainLog::Open(const std::string& path, int flags) {
  path_ = path;
  is_stream_ = IsWrittenInto(path);
  file_ = is_stream_ ? OpenStream(path) : OpenFile(path, O_WRONLY | O_CREAT | flags, 0666);
  if (file_.ok()) return {};
  return WriteError(path_ + ": cannot be written: " + std::strerror(errno) + "; choose another place with --log");
}

Status TrainLog::Start(const std::string& path) { return Open(path, O_TRUNC); }

Status TrainLog::Resume(const std::string& path, int64_t step) {
  path_ = path;
  std::string kept;
  if (!IsWrittenInto(path)) {
    for (const json& line : Lines()) {
      if (line.value("step", int64_t{0}) <= step) kept += JsonText(line) + "\n";
    }
  }
  if (!kept.empty()) AECOMP_RETURN_IF_ERROR(WriteFileAtomically(path, AsBytes(kept), /*overwrite=*/true));
  return Open(path, O_APPEND);
}

Status TrainLog::Write(const json& line) {
  const std::string text = JsonText(line) + "\n";
  if (is_stream_) written_ += text;
  const int error = WriteAll(file_.get(), AsBytes(text));
  if (error == 0 || std::exchange(failed_, true)) return {};
  return WriteError(path_ + ": cannot write the log: " + std::strerror(error) + "; training goes on without it");
}

Status TrainLog::WritePlot(const std::string& path) const {
  Panels panels;
  for (const json& line : Lines()) panels.Add(line);
  AECOMP_ASSIGN_OR_RETURN(const OpenCvApi* const opencv, LoadOpenCv());
  AECOMP_ASSIGN_OR_RETURN(const auto png, opencv->plot_grid(panels.Plots(), 2, kPanelWidth, kPanelHeight));
  return WriteFileAtomically(path, png, /*overwrite=*/true);
}

}  // namespace aecomp
