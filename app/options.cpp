#include "app/options.h"

#include <omp.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>

#include "model/base/threads.h"

namespace aecomp {

void AddTalkOptions(const CommandLine& command, TalkOptions& options) {
  command.AddFlag("--json", options.json, "Print one JSON object a file on stdout");
  const Option quiet = command.AddFlag("--quiet", options.quiet, "Print errors only");
  command.AddFlag("-v,--verbose", options.verbose, "Print more").Excludes(quiet);
}

void AddModelOption(const CommandLine& command, std::string& model) {
  command.Add("-m,--model", model, "Model file instead of the built-in one").TypeName("FILE");
}

void AddThreadsOption(const CommandLine& command, int& threads, const std::string& effect) {
  command.Add("-j,--threads", threads, "Threads to use, 0 for all; " + effect).Range(0, 1024).TypeName("N");
}

void AddBatchOptions(const CommandLine& command, BatchOptions& options) {
  const Option inputs = command.Add("input", options.inputs, "Files, or with -r folders; - is stdin");
  inputs.TypeName("FILE");
  const Option list = command.Add("--files-from", options.files_from,
                                  "Read names of inputs from a file, one a line or ended by NUL; - is stdin");
  list.TypeName("FILE");
  command.AddFlag("-r,--recursive", options.recursive, "Search folders; -O mirrors what is below them");
  const Option file = command.Add("-o,--output", options.output, "Output file of a single input; - is stdout");
  file.TypeName("FILE");
  const Option folder = command.Add("-O,--output-dir", options.output_dir, "Folder for the outputs, made if missing");
  folder.TypeName("DIR").Excludes(file);
  const Option force = command.AddFlag("-f,--force", options.force, "Overwrite outputs; write to a terminal");
  command.AddFlag("--skip-existing", options.skip_existing, "Leave inputs alone whose output exists").Excludes(force);
  command.AddFlag("--fail-fast", options.fail_fast, "Stop a batch at the first file that fails");
  command.AddFlag("--keep-time", options.keep_time, "Give outputs the time stamps of their inputs");
  AddModelOption(command, options.model);
  AddThreadsOption(command, options.threads);
  AddPrecisionOption(command, options.precision);
  AddProgressOption(command, options.progress);
  AddTalkOptions(command, options.talk);
}

void AddProgressOption(const CommandLine& command, ProgressMode& mode) {
  const std::map<std::string, ProgressMode> modes = {
      {"auto", ProgressMode::kAuto}, {"always", ProgressMode::kAlways}, {"never", ProgressMode::kNever}};
  command.AddChoice("--progress", mode, "auto, always or never", modes).TypeName("WHEN");
}

void AddPrecisionOption(const CommandLine& command, Precision& precision) {
  const std::map<std::string, Precision> choices = {{"int8", Precision::kInteger}, {"f32", Precision::kFloat}};
  command.AddChoice("--precision", precision, "int8 or f32, of the deep paths of the networks", choices)
      .TypeName("WHAT");
}

void AddTuneOption(const CommandLine& command, Tuning& tuning) {
  const std::map<std::string, Tuning> choices = {{"visual", Tuning::kVisual}, {"psnr", Tuning::kPsnr}};
  command
      .AddChoice("--tune", tuning, "What bits are spent on: visual (errors that eyes see) or psnr (squared error)",
                 choices)
      .ShowDefault("visual")
      .TypeName("visual|psnr");
}

void AddFilterOption(const CommandLine& command, FilterChoice& filter) {
  const std::map<std::string, FilterChoice> choices = {
      {"auto", FilterChoice::kAuto}, {"on", FilterChoice::kOn}, {"off", FilterChoice::kOff}};
  command
      .AddChoice("--filter", filter, "Fit a filter to the picture, where that gains: on, off, or auto (by --effort)",
                 choices)
      .ShowDefault("auto")
      .TypeName("auto|on|off");
}

void AddAlphaOption(const CommandLine& command, bool& keep) {
  const std::map<std::string, bool> choices = {{"keep", true}, {"drop", false}};
  command.AddChoice("--alpha", keep, "keep (losslessly) or drop", choices).TypeName("WHAT");
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

void AddMetadataOption(const CommandLine& command, MetadataChoice& choice) {
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
  command.Add("--metadata", choice.kinds, "all, none, or some of icc,exif,xmp,text,resolution")
      .Check(check)
      .ShowDefault()
      .TypeName("LIST");
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
