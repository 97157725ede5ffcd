// aecomp eval: rate, distortion and speed of the model on given images, beside other codecs.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "app/command.h"
#include "app/decode_options.h"
#include "app/eval/eval_json.h"
#include "app/eval/eval_output.h"
#include "app/eval/evaluation.h"
#include "app/interrupt.h"
#include "app/models/model_source.h"
#include "app/options.h"
#include "app/output_check.h"
#include "app/progress.h"
#include "app/report.h"
#include "app/report/report_builder.h"
#include "app/streams.h"
#include "io/convert.h"
#include "io/descriptor.h"
#include "io/file.h"
#include "io/formats/image_io.h"
#include "io/formats/image_kinds.h"
#include "train/data/dataset.h"

namespace aecomp {
namespace {

/// Of results of peers, over which the oldest go.
constexpr uint64_t kMostCached = uint64_t{2} << 30;

struct EvalOptions {
  std::vector<std::string> inputs;
  std::vector<double> qualities = {0, 12.5, 25, 37.5, 50, 62.5, 75, 100};
  std::vector<std::string> peers, commands, metrics;
  std::string model, anchors, plot, csv, report;
  double report_quality = 50;
  std::vector<std::string> plot_curves = {"bpg-444", "bmshj2018-hyperprior", "vtm"};
  bool no_codecs = false, no_cache = false, estimate = false, force = false;
  int threads = 0;
  Precision precision = Precision::kInteger;
  Tuning tuning = Tuning::kVisual;
  FilterChoice filter = FilterChoice::kAuto;
  ProgressMode progress = ProgressMode::kAuto;
  TalkOptions talk;
  DecodeOptions decode;
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

PictureSource SourceOf(const std::string& file, const DecodeOptions& decode) {
  return {file, [file, decode](std::vector<std::string>* notes) -> Result<Image> {
            AECOMP_ASSIGN_OR_RETURN(const auto bytes, ReadFile(file, {.is_known = LooksLikeImage}));
            AECOMP_ASSIGN_OR_RETURN(Image image, DecodeImage(bytes, file, notes, nullptr, decode));
            if (notes != nullptr && !IsOpaque(image)) notes->push_back("alpha left out");
            return WithoutAlpha(std::move(image));
          }};
}

/// The peers that were asked for. Messages about those that are not there go to `progress`; false in `complete` when
/// one that was named is missing.
Result<std::vector<Peer>> ChoosePeers(const EvalOptions& options, ProgressLine& progress, bool& complete) {
  std::vector<Peer> peers;
  for (const std::string& command : options.commands) {
    AECOMP_ASSIGN_OR_RETURN(Peer peer, ParsePeerCommand(command));
    peers.push_back(std::move(peer));
  }
  if (!options.no_codecs) {
    AECOMP_ASSIGN_OR_RETURN(FoundPeers found, FindPeers(options.peers));
    for (const std::string& problem : found.problems) progress.Message(problem);
    for (const std::string& note : found.notes) {
      if (!options.talk.quiet) progress.Message("note: " + note);
    }
    complete = found.problems.empty();
    std::move(found.peers.begin(), found.peers.end(), std::back_inserter(peers));
  }
  std::set<std::string> names;
  for (const Peer& peer : peers) {
    if (!names.insert(peer.name).second)
      return UsageError(peer.name + ": two codecs have this name; give --command another");
  }
  return peers;
}

/// What the program knows when everything is measured.
struct Answers {
  std::vector<RdCurve> curves, anchors;  ///< curves: aecomp first; anchors: the others and published ones
  Comparisons comparisons;
};

Result<Answers> MakeAnswers(const EvalOptions& options, const EvaluationResult& result) {
  Answers answers;
  answers.curves = MeanCurves(result.measurements);
  answers.anchors.assign(answers.curves.begin() + 1, answers.curves.end());
  if (!options.anchors.empty()) {
    AECOMP_ASSIGN_OR_RETURN(auto published, ReadAnchors(options.anchors));
    answers.anchors.insert(answers.anchors.end(), published.begin(), published.end());
  }
  answers.comparisons = CompareAll(answers.curves[0], answers.anchors, result.measurements, result.metrics);
  return answers;
}

Status PrintAnswers(const EvalOptions& options, const EvaluationResult& result, const Answers& answers) {
  std::vector<RdCurve> curves = answers.curves;
  if (options.talk.json) {
    PrintStdout(EvalJsonLines(result.peers, result.measurements, curves, answers.comparisons));
  } else {
    PrintStdout(PeerTable(result.peers));
    for (const RdCurve& curve : curves) {
      const bool estimate = options.estimate && &curve == &curves[0];
      PrintStdout(CurveTable(curve, result.pictures.size(), result.metrics, estimate));
    }
    PrintStdout(ComparisonTables(curves[0].name, answers.comparisons));
  }
  if (!options.csv.empty()) {
    const std::string csv = MeasurementsCsv(result.measurements);
    AECOMP_RETURN_IF_ERROR(
        WriteOutput(options.csv, {reinterpret_cast<const uint8_t*>(csv.data()), csv.size()}, {.overwrite = true}));
  }
  if (options.plot.empty()) return {};
  AECOMP_ASSIGN_OR_RETURN(const OpenCvApi* api, LoadOpenCv());
  for (const RdCurve& anchor : answers.anchors) {
    if (std::count(options.plot_curves.begin(), options.plot_curves.end(), anchor.name) > 0) curves.push_back(anchor);
  }
  return WritePlot(*api, options.plot, curves);
}

Status WriteReport(const EvalOptions& options, const EvaluationPlan& work, const EvaluationResult& result,
                   const Answers& answers, Codec& codec, const EvaluationTalk& talk) {
  ReportPlan plan;
  plan.title = "aecomp beside other codecs";
  plan.lead = Format("%zu image%s, model %s, pictures compared at the bytes of -q %g.", result.pictures.size(),
                     result.pictures.size() == 1 ? "" : "s", options.model.empty() ? "built in" : options.model.c_str(),
                     options.report_quality);
  plan.quality = options.report_quality, plan.threads = work.threads;
  plan.curves = {answers.curves[0]};
  plan.curves.insert(plan.curves.end(), answers.anchors.begin(), answers.anchors.end());
  plan.comparisons = answers.comparisons;
  AECOMP_ASSIGN_OR_RETURN(const Page page, BuildPage(plan, result, codec, work.cache, talk));
  const std::string html = PageHtml(page);
  AECOMP_RETURN_IF_ERROR(
      WriteOutput(options.report, {reinterpret_cast<const uint8_t*>(html.data()), html.size()}, {.overwrite = true}));
  if (!options.talk.quiet) talk.message(options.report + ": " + HumanBytes(html.size()) + ", open it in a browser");
  return {};
}

Status FinalStatus(const EvaluationResult& result, size_t pictures, bool complete) {
  if (result.interrupted) return {StatusCode::kInterrupted, "interrupted; what is done is kept for the next run"};
  if (result.failed_pictures == pictures && pictures == 1) return result.last_failure;
  if (result.failed_pictures > 0) {
    return {StatusCode::kSomeFailed, Format("%zu of %zu files failed", result.failed_pictures, pictures)};
  }
  if (result.left_out || !complete) return {StatusCode::kSomeFailed, "some codecs or measures were left out"};
  return {};
}

/// Before the work. files: the images.
Status CheckOutputs(const EvalOptions& options, const std::vector<std::string>& files) {
  const std::string extension = std::filesystem::path(options.plot).extension();
  if (!extension.empty() && !IsWrittenInto(options.plot) && !SameFormat(extension, ".png")) {
    return UsageError(options.plot + ": a plot is a PNG; name a file that ends in .png");
  }
  OutputCheck check(options.force);
  for (const std::string& file : files) check.AddInput(file);
  check.AddInput(options.model), check.AddInput(options.anchors);
  for (const std::string& output : {options.csv, options.plot, options.report}) {
    AECOMP_RETURN_IF_ERROR(check.AddOutput(output));
  }
  return {};
}

Status Eval(const EvalOptions& options) {
  if (!options.plot.empty() && IsTerminal(options.plot)) {
    return UsageError(options.plot + ": is a terminal, which shows no plot; name a file with --plot");
  }
  if (!options.report.empty() && IsTerminal(options.report)) {
    return UsageError(options.report + ": is a terminal, which shows no page; name a file with --report");
  }
  EvaluationPlan plan;
  AECOMP_ASSIGN_OR_RETURN(plan.metrics, ChooseMetrics(options.metrics));
  AECOMP_ASSIGN_OR_RETURN(const auto files, ExpandFolders(options.inputs));
  AECOMP_RETURN_IF_ERROR(CheckOutputs(options, files));
  for (const std::string& file : files) plan.pictures.push_back(SourceOf(file, options.decode));
  if (!options.anchors.empty()) AECOMP_RETURN_IF_ERROR(ReadAnchors(options.anchors).status());  // before the work
  ModelStore store(options.model, options.precision);
  ModelSource source(store);
  InterruptSetsFlag();
  plan.threads = ThreadCount(options.threads);
  UseThreads(plan.threads);
  AECOMP_ASSIGN_OR_RETURN(Codec * codec, source.Get());
  codec->SetTuning(options.tuning);
  codec->SetFilter(options.filter != FilterChoice::kOff);
  const bool hidden = options.talk.quiet || (options.progress == ProgressMode::kAuto && !isatty(STDERR_FILENO));
  ProgressLine progress(hidden ? ProgressMode::kNever : options.progress);
  bool complete = true;
  AECOMP_ASSIGN_OR_RETURN(plan.peers, ChoosePeers(options, progress, complete));
  plan.qualities = options.qualities, plan.estimate = options.estimate;
  if (!options.no_cache) plan.cache = ResultCache::OfUser();
  EvaluationTalk talk;
  talk.progress = [&](const std::string& text) { progress.Show(text); };
  talk.message = [&](const std::string& text) { progress.Message(text); };
  talk.interrupted = Interrupted;
  if (options.talk.verbose && !options.talk.json) {
    talk.measured = [&](const Measurement& m) { PrintStdout(MeasurementLine(m, plan.metrics)); };
  }
  const EvaluationResult result = Evaluate(plan, *codec, talk);
  progress.Finish();
  if (!result.measurements.empty()) {
    AECOMP_ASSIGN_OR_RETURN(const Answers answers, MakeAnswers(options, result));
    AECOMP_RETURN_IF_ERROR(PrintAnswers(options, result, answers));
    if (!options.report.empty() && !result.interrupted) {
      AECOMP_RETURN_IF_ERROR(WriteReport(options, plan, result, answers, *codec, talk));
      progress.Finish();
    }
  }
  plan.cache.Shrink(kMostCached);
  return FinalStatus(result, files.size(), complete);
}

void AddPeerOptions(const CommandLine& sub, EvalOptions& options) {
  const Option none = sub.AddFlag("--no-codecs", options.no_codecs, "Without other codecs, unless --command names one");
  sub.Add("--peers", options.peers,
          "Other codecs, of avif,jxl,webp,jpeg,jpeg2000: programs on the PATH, or OpenCV's; default: all there are")
      .CommaSeparated()
      .Excludes(none)
      .TypeName("NAME,...");
  sub.Add("--command", options.commands,
          "Another codec: its name, commands that encode and decode PNG, qualities; no shell is used")
      .OneAtATime()
      .TypeName("'NAME: ENCODER {in} {out} {q}; DECODER {in} {out}; 10,30,50'");
  sub.Add("--metrics", options.metrics,
          "Measures beside PSNR, of ms_ssim,smooth_edges,butteraugli,ssimulacra2; default: all there are")
      .CommaSeparated()
      .TypeName("NAME,...");
  sub.AddFlag("--no-cache", options.no_cache, "Measure other codecs anew, and keep nothing for the next run");
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
  AddPeerOptions(sub, *options);
  sub.AddFlag("--estimate", options->estimate, "Real bits over the float model's own estimate, worst image").Hidden();
  sub.Add("--anchors", options->anchors, "Published curves (JSON) for BD-rate and plot").TypeName("FILE");
  sub.Add("--plot", options->plot, "Rate-distortion plot").TypeName("PNG");
  sub.Add("--plot-curves", options->plot_curves, "Published curves that the plot shows")
      .CommaSeparated()
      .ShowDefault()
      .TypeName("NAME,...")
      .Hidden();
  sub.Add("--csv", options->csv, "Every measurement").TypeName("FILE");
  sub.Add("--report", options->report, "A page for browsers: curves, tables, pictures at equal bytes").TypeName("HTML");
  sub.Add("--report-quality", options->report_quality, "Quality of aecomp in the page's pictures")
      .Check(CheckQuality)
      .ShowDefault()
      .TypeName("Q");
  sub.AddFlag("-f,--force", options->force, "Overwrite outputs");
  AddModelOption(sub, options->model);
  AddThreadsOption(sub, options->threads);
  AddPrecisionOption(sub, options->precision);
  AddTuneOption(sub, options->tuning);
  AddFilterOption(sub, options->filter);
  AddProgressOption(sub, options->progress);
  AddTalkOptions(sub, options->talk);
  sub.OnChosen([options, &command] { command.run = [options] { return Eval(*options); }; });
}

}  // namespace aecomp
