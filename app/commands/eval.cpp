// aecomp eval: rate, distortion and speed of the model on given images, beside other codecs.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "app/command.h"
#include "app/decode_options.h"
#include "app/eval/eval_measure.h"
#include "app/eval/eval_output.h"
#include "app/eval/rd_curve.h"
#include "app/guard.h"
#include "app/models/model_source.h"
#include "app/options.h"
#include "app/progress.h"
#include "app/report.h"
#include "app/streams.h"
#include "io/convert.h"
#include "io/file.h"
#include "io/formats/image_io.h"
#include "train/data/dataset.h"

namespace aecomp {
namespace {

struct EvalOptions {
  std::vector<std::string> inputs;
  std::vector<double> qualities = {0, 12.5, 25, 37.5, 50, 62.5, 75, 100};
  std::string model, anchors, plot, csv;
  std::vector<std::string> plot_curves = {"bpg-444", "bmshj2018-hyperprior", "vtm"};
  bool no_codecs = false, estimate = false;
  int threads = 0;
  Precision precision = Precision::kInteger;
  Tuning tuning = Tuning::kVisual;
  TalkOptions talk;
  DecodeOptions decode;
};

/// What the run needs and collects.
struct Evaluation {
  const EvalOptions& options;
  Codec& codec;
  const OpenCvApi* peers = nullptr;  ///< null: without other codecs
  ProgressLine progress;
  std::set<std::pair<int, int>> sizes;  ///< for which the codec has compiled its networks
  std::vector<Measurement> measurements;

  void Add(Measurement m) {
    if (options.talk.verbose && !options.talk.json) PrintStdout(MeasurementLine(m));
    measurements.push_back(std::move(m));
  }
};

Result<std::vector<std::string>> ExpandFolders(const std::vector<std::string>& inputs) {
  std::vector<std::string> files;
  for (const std::string& input : inputs) {
    std::error_code error;
    if (!std::filesystem::is_directory(input, error)) {
      files.push_back(input);
      continue;
    }
    AECOMP_ASSIGN_OR_RETURN(const auto found, ListImages({input}));
    if (found.empty()) return InputError(input + ": no images in this folder");
    files.insert(files.end(), found.begin(), found.end());
  }
  std::set<std::filesystem::path> seen;
  std::erase_if(files, [&](const std::string& file) {
    std::error_code error;
    const auto path = std::filesystem::canonical(file, error);
    const bool twice = !error && !seen.insert(path).second;
    if (twice) PrintError(file + ": note: was given before; it counts once");
    return twice;
  });
  return files;
}

Status EvaluateImage(Evaluation& evaluation, const std::string& file) {
  const EvalOptions& options = evaluation.options;
  std::vector<std::string> notes;
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, ReadFile(file, {.is_known = LooksLikeImage}));
  AECOMP_ASSIGN_OR_RETURN(Image decoded, DecodeImage(bytes, file, &notes, nullptr, options.decode));
  if (!IsOpaque(decoded)) notes.push_back("alpha left out");
  const Image image = WithoutAlpha(std::move(decoded));
  for (const std::string& note : notes) evaluation.progress.Message(file + ": note: " + note);
  if (evaluation.sizes.emplace(image.width, image.height).second) {  // compile outside the times that are reported
    AECOMP_RETURN_IF_ERROR(MeasureAecomp(evaluation.codec, image, file, options.qualities.front(), false).status());
  }
  for (const double quality : options.qualities) {
    AECOMP_ASSIGN_OR_RETURN(Measurement m, MeasureAecomp(evaluation.codec, image, file, quality, options.estimate));
    evaluation.Add(std::move(m));
  }
  if (evaluation.peers == nullptr) return {};
  if (image.bits == 16) evaluation.progress.Message(file + ": note: the other codecs get 8 bits per sample");
  const Image plain = To8Bits(image.Clone());
  for (const PeerCodec& peer : PeerCodecs()) {
    for (const int quality : peer.qualities) {
      AECOMP_ASSIGN_OR_RETURN(Measurement m, MeasurePeer(*evaluation.peers, peer, plain, file, quality));
      evaluation.Add(std::move(m));
    }
  }
  return {};
}

Status PrintAnswers(const EvalOptions& options, const std::vector<Measurement>& measurements, size_t images) {
  std::vector<RdCurve> curves = MeanCurves(measurements);
  std::vector<RdCurve> anchors(curves.begin() + 1, curves.end());
  for (RdCurve& anchor : anchors) anchor.name += " (OpenCV)";
  if (!options.anchors.empty()) {
    AECOMP_ASSIGN_OR_RETURN(auto published, ReadAnchors(options.anchors));
    anchors.insert(anchors.end(), published.begin(), published.end());
  }
  if (options.talk.json) {
    PrintStdout(EvalJsonLines(measurements, curves, anchors));
  } else {
    for (const RdCurve& curve : curves)
      PrintStdout(CurveTable(curve, images, options.estimate && &curve == &curves[0]));
    PrintStdout(BdRateTable(curves[0], anchors));
  }
  if (!options.csv.empty()) {
    const std::string csv = MeasurementsCsv(measurements);
    AECOMP_RETURN_IF_ERROR(
        WriteOutput(options.csv, {reinterpret_cast<const uint8_t*>(csv.data()), csv.size()}, {.overwrite = true}));
  }
  if (options.plot.empty()) return {};
  AECOMP_ASSIGN_OR_RETURN(const OpenCvApi* api, LoadOpenCv());
  for (const RdCurve& anchor : anchors) {
    if (std::count(options.plot_curves.begin(), options.plot_curves.end(), anchor.name) > 0) curves.push_back(anchor);
  }
  return WritePlot(*api, options.plot, curves);
}

Status Eval(const EvalOptions& options) {
  if (!options.plot.empty() && IsTerminal(options.plot)) {
    return UsageError(options.plot + ": is a terminal, which shows no plot; name a file with --plot");
  }
  UseThreads(options.threads);
  AECOMP_ASSIGN_OR_RETURN(const auto files, ExpandFolders(options.inputs));
  if (!options.anchors.empty()) AECOMP_RETURN_IF_ERROR(ReadAnchors(options.anchors).status());  // before the work
  ModelStore store(options.model, options.precision);
  ModelSource source(store);
  AECOMP_ASSIGN_OR_RETURN(Codec * codec, source.Get());
  codec->SetTuning(options.tuning);
  const bool show = !options.talk.quiet && isatty(STDERR_FILENO);
  Evaluation evaluation{options, *codec, nullptr, ProgressLine(show ? ProgressMode::kAlways : ProgressMode::kNever),
                        {},      {}};
  if (!options.no_codecs) {
    AECOMP_ASSIGN_OR_RETURN(evaluation.peers, LoadOpenCv());
  }
  size_t failed = 0;
  Status last;
  for (size_t i = 0; i < files.size(); ++i) {
    const size_t before = evaluation.measurements.size();
    evaluation.progress.Show(Format("%zu of %zu: %s", i + 1, files.size(), files[i].c_str()));
    last = Guarded(files[i], [&] { return EvaluateImage(evaluation, files[i]); });
    if (last.ok()) continue;
    evaluation.measurements.resize(before);  // means are over the same images at every quality
    evaluation.progress.Message(last.message());
    if (++failed == files.size() && failed == 1) return {last.code(), ""};
  }
  evaluation.progress.Finish();
  if (failed < files.size()) {
    AECOMP_RETURN_IF_ERROR(PrintAnswers(options, evaluation.measurements, files.size() - failed));
  }
  if (failed == 0) return {};
  return {StatusCode::kSomeFailed, Format("%zu of %zu files failed", failed, files.size())};
}

}  // namespace

void AddEval(const CommandLine& app, Command& command) {
  auto options = std::make_shared<EvalOptions>();
  const CommandLine sub = app.AddCommand("eval", "Measure rate, distortion and speed beside other codecs");
  sub.Add("input", options->inputs, "Images, or folders of images").Required().TypeName("FILE|DIR");
  sub.Add("--qualities", options->qualities, "Qualities, as in 10,30,50; default: 8 from 0 to 100")
      .CommaSeparated()
      .Check(CheckQuality)
      .TypeName("Q,...");
  AddDecodeOptions(sub, options->decode);
  sub.AddFlag("--no-codecs", options->no_codecs, "Without JPEG, WebP and JPEG 2000");
  sub.AddFlag("--estimate", options->estimate, "Real bits over the float model's own estimate, worst image").Hidden();
  sub.Add("--anchors", options->anchors, "Published curves (JSON) for BD-rate and plot").TypeName("FILE");
  sub.Add("--plot", options->plot, "Rate-distortion plot").TypeName("PNG");
  sub.Add("--plot-curves", options->plot_curves, "Published curves that the plot shows")
      .CommaSeparated()
      .ShowDefault()
      .TypeName("NAME,...")
      .Hidden();
  sub.Add("--csv", options->csv, "Every measurement").TypeName("FILE");
  AddModelOption(sub, options->model);
  AddThreadsOption(sub, options->threads);
  AddPrecisionOption(sub, options->precision);
  AddTuneOption(sub, options->tuning);
  AddTalkOptions(sub, options->talk);
  sub.OnChosen([options, &command] { command.run = [options] { return Eval(*options); }; });
}

}  // namespace aecomp
