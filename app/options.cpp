#include "app/options.h"

#include <omp.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>

#include "model/base/threads.h"

namespace aecomp {

std::string CheckNotEmpty(const std::string& text) { return text.empty() ? "an empty name was given" : ""; }

void AddTalkOptions(CLI::App& command, TalkOptions& options) {
  command.add_flag("--json", options.json, "Print one JSON object a file on stdout");
  auto* quiet = command.add_flag("--quiet", options.quiet, "Print errors only");
  command.add_flag("-v,--verbose", options.verbose, "Print more")->excludes(quiet);
}

void AddModelOption(CLI::App& command, std::string& model) {
  command.add_option("-m,--model", model, "Model file instead of the built-in one")
      ->check(CheckNotEmpty)
      ->type_name("FILE");
}

void AddThreadsOption(CLI::App& command, int& threads) {
  command.add_option("-j,--threads", threads, "Threads to use, 0 for all; never changes the result")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
}

void AddBatchOptions(CLI::App& command, BatchOptions& options) {
  auto* inputs = command.add_option("input", options.inputs, "Files, or with -r folders; - is stdin");
  inputs->check(CheckNotEmpty)->type_name("FILE");
  auto* list = command.add_option("--files-from", options.files_from,
                                  "Read names of inputs from a file, one a line or ended by NUL; - is stdin");
  list->check(CheckNotEmpty)->type_name("FILE");
  command.add_flag("-r,--recursive", options.recursive, "Search folders; -O mirrors what is below them");
  auto* file = command.add_option("-o,--output", options.output, "Output file of a single input; - is stdout");
  file->check(CheckNotEmpty)->type_name("FILE");
  auto* folder = command.add_option("-O,--output-dir", options.output_dir, "Folder for the outputs, made if missing");
  folder->check(CheckNotEmpty)->type_name("DIR")->excludes(file);
  auto* force = command.add_flag("-f,--force", options.force, "Overwrite outputs; write to a terminal");
  command.add_flag("--skip-existing", options.skip_existing, "Leave inputs alone whose output exists")->excludes(force);
  command.add_flag("--fail-fast", options.fail_fast, "Stop a batch at the first file that fails");
  command.add_flag("--keep-time", options.keep_time, "Give outputs the time stamps of their inputs");
  AddModelOption(command, options.model);
  AddThreadsOption(command, options.threads);
  AddPrecisionOption(command, options.precision);
  AddProgressOption(command, options.progress);
  AddTalkOptions(command, options.talk);
}

void AddProgressOption(CLI::App& command, ProgressMode& mode) {
  const std::map<std::string, ProgressMode> modes = {
      {"auto", ProgressMode::kAuto}, {"always", ProgressMode::kAlways}, {"never", ProgressMode::kNever}};
  command.add_option("--progress", mode, "auto, always or never")
      ->transform(CLI::CheckedTransformer(modes))
      ->type_name("WHEN");
}

void AddPrecisionOption(CLI::App& command, Precision& precision) {
  const std::map<std::string, Precision> choices = {{"int8", Precision::kInteger}, {"f32", Precision::kFloat}};
  command.add_option("--precision", precision, "int8 or f32, of the deep paths of the networks")
      ->transform(CLI::CheckedTransformer(choices))
      ->type_name("WHAT");
}

void AddTuneOption(CLI::App& command, Tuning& tuning) {
  const std::map<std::string, Tuning> choices = {{"visual", Tuning::kVisual}, {"psnr", Tuning::kPsnr}};
  command.add_option("--tune", tuning, "What bits are spent on: visual (errors that eyes see) or psnr (squared error)")
      ->transform(CLI::CheckedTransformer(choices))
      ->default_str("visual")
      ->type_name("visual|psnr");
}

void AddAlphaOption(CLI::App& command, bool& keep) {
  const std::map<std::string, bool> choices = {{"keep", true}, {"drop", false}};
  command.add_option("--alpha", keep, "keep (losslessly) or drop")
      ->transform(CLI::CheckedTransformer(choices))
      ->type_name("WHAT");
}

void MetadataChoice::Apply(Metadata& metadata) const {
  const std::string list = "," + kinds + ",";
  const auto keeps = [&](const char* kind) {
    return kinds == "all" || list.find("," + std::string(kind) + ",") != std::string::npos;
  };
  if (!keeps("icc")) metadata.icc.clear();
  if (!keeps("exif")) metadata.exif.clear();
  if (!keeps("xmp")) metadata.xmp.clear();
  if (!keeps("text")) metadata.png_text.clear();
  if (!keeps("icc")) DropPngColour(metadata);
  if (!keeps("resolution")) DropResolution(metadata);
}

void AddMetadataOption(CLI::App& command, MetadataChoice& choice) {
  const auto check = [](const std::string& text) {
    if (text == "all" || text == "none") return std::string();
    std::stringstream list(text + ",");
    for (std::string kind; std::getline(list, kind, ',');) {
      if (kind != "icc" && kind != "exif" && kind != "xmp" && kind != "text" && kind != "resolution") {
        return "'" + kind + "' is none of icc, exif, xmp, text, resolution";
      }
    }
    return std::string();
  };
  command.add_option("--metadata", choice.kinds, "all, none, or some of icc,exif,xmp,text,resolution")
      ->check(check)
      ->capture_default_str()
      ->type_name("LIST");
}

int ThreadCount(int threads) { return UsableThreads(threads); }

void UseThreads(int threads) {
  const int count = ThreadCount(threads);
  omp_set_num_threads(count);
  KeepWaitsShort(count);
}

std::string CheckQuality(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool ok = end != text.c_str() && *end == '\0' && value >= 0 && value <= 100;  // false for nan
  return ok ? "" : text + " is not a number from 0 to 100";
}

Result<double> ParseHours(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  const double hours = unit == "s" ? 1.0 / 3600 : unit == "m" ? 1.0 / 60 : unit == "h" ? 1 : unit == "d" ? 24 : 0;
  if (end == text.c_str() || hours == 0 || !std::isfinite(value) || value <= 0) {
    return UsageError("--time " + text + ": not a duration; write 90m, 2h or 1.5d");
  }
  return value * hours;
}

Result<ChannelsHeightWidth> ParseInputShape(const std::string& text) {
  ChannelsHeightWidth shape;
  const char* at = text.data();
  const char* const end = at + text.size();
  bool ok = true;
  for (int* field : {&shape.channels, &shape.height, &shape.width}) {
    if (field != &shape.channels) ok = ok && at != end && *at++ == 'x';
    if (!ok) break;
    const auto [next, error] = std::from_chars(at, end, *field);
    ok = error == std::errc() && *field > 0 && *field <= 65536;
    at = next;
  }
  if (!ok || at != end) return UsageError("--input " + text + ": not channels x height x width, as in 3x256x256");
  return shape;
}

}  // namespace aecomp
