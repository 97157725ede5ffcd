// Reports about each file: a line on stderr, a JSON object on stdout.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/options.h"
#include "io/status.h"

namespace aecomp {

struct FileReport {
  std::string input, output;
  Status status;
  bool skipped = false;  ///< left alone: its output exists
  int width = 0, height = 0;
  uint64_t bytes = 0;  ///< of the .aec
  std::optional<double> quality, psnr;
  double seconds = 0;
  std::string model;                  ///< its id in hex; empty where the .aec needs none
  std::vector<std::string> layers;    ///< of the .aec: "network", "residual"
  uint64_t residual_bytes = 0;        ///< of the residual layer, where there is one
  std::optional<uint32_t> max_error;  ///< that layer's: of any sample
  std::vector<std::string> notes;     ///< what was converted or left out

  double Bpp() const;
};

/// Replaces control characters, which names may have, by question marks: a line stays one line, a terminal unharmed.
std::string OneLine(std::string text);

/// One line on stderr for a message of the program itself: "aecomp: ...".
void PrintError(const std::string& message);

/// Prints errors always, the line of a finished file unless quiet, and JSON when asked for.
void PrintReport(const FileReport& report, const TalkOptions& talk);

/// "14.2 kB"
std::string HumanBytes(uint64_t bytes);
/// Printf into a string.
[[gnu::format(printf, 1, 2)]] std::string Format(const char* format, ...);

}  // namespace aecomp
