// Options that several subcommands share.
#pragma once

#include <string>
#include <vector>

#include "app/command_line.h"
#include "io/formats/metadata.h"
#include "io/status.h"
#include "model/codec/codec.h"

namespace aecomp {

enum class ProgressMode { kAuto, kAlways, kNever };  ///< kAuto: in place only when stderr is a terminal

/// How much the program prints, and where.
struct TalkOptions {
  bool json = false;     ///< JSON Lines on stdout
  bool quiet = false;    ///< errors only
  bool verbose = false;  ///< notes as well
};

/// The options that `compress` and `decompress` share.
struct BatchOptions {
  std::vector<std::string> inputs;  ///< "-" is stdin
  std::string files_from;           ///< a file with more of them; "-" is stdin
  bool recursive = false;           ///< folders are searched
  std::string output;               ///< for one input; "-" is stdout
  std::string output_dir;           ///< for any number of inputs
  std::string model;                ///< empty: the built-in one
  bool force = false;
  bool skip_existing = false;
  bool fail_fast = false;
  bool keep_time = false;
  bool keep_extension = false;  ///< a.png.aec, not a.aec
  int threads = 0;              ///< 0: all
  Precision precision = Precision::kInteger;
  ProgressMode progress = ProgressMode::kAuto;
  TalkOptions talk;
};

void AddTalkOptions(const CommandLine& command, TalkOptions& options);
void AddModelOption(const CommandLine& command, std::string& model);
/// effect: what the number changes, for the help.
void AddThreadsOption(const CommandLine& command, int& threads, const std::string& effect = "never changes the result");
void AddProgressOption(const CommandLine& command, ProgressMode& mode);
void AddAlphaOption(const CommandLine& command, bool& keep);
void AddPrecisionOption(const CommandLine& command, Precision& precision);
void AddTuneOption(const CommandLine& command, Tuning& tuning);

/// Whether a filter is fitted to pictures. kAuto: as the effort says.
enum class FilterChoice { kAuto, kOn, kOff };
void AddFilterOption(const CommandLine& command, FilterChoice& filter);

void AddBatchOptions(const CommandLine& command, BatchOptions& options);

/// `threads`, or the number of processors for 0.
int ThreadCount(int threads);
/// Makes `threads` (0: all) the size of the OpenMP teams, which oneDNN uses too, of the calling thread.
void UseThreads(int threads);

/// Which metadata are carried: "all", "none", or some of icc, exif, xmp, text, resolution with commas between.
struct MetadataChoice {
  std::string kinds = "all";

  /// Empties the others.
  void Apply(Metadata& metadata) const;
};
void AddMetadataOption(const CommandLine& command, MetadataChoice& choice);

/// A check of options: what is wrong with a quality, if anything.
std::string CheckQuality(const std::string& text);

/// "90m", "2h", "1.5d", "30s" in hours.
Result<double> ParseHours(const std::string& text);

/// "3x256x256": channels, height, width, all positive.
struct ChannelsHeightWidth {
  int channels = 0, height = 0, width = 0;
};
Result<ChannelsHeightWidth> ParseInputShape(const std::string& text);

}  // namespace aecomp
