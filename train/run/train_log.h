// The JSON Lines log of a training run, and its picture.
#pragma once

#include <cstdint>
#include <fstream>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "io/status.h"

namespace aecomp {

/// A line for the start of every run ("start"), reports ("loss", "bpp", "psnr", "lr", ...: means since the report
/// before), and validations ("validation", "validation_loss"); all have "step".
class TrainLog {
 public:
  /// A new file. kWrite when it cannot be made.
  Status Start(const std::string& path);
  /// The file as it was at `step`: what a run that was killed wrote after its last checkpoint is cut off, and what was
  /// half written. Also of a log that is being written.
  Status Resume(const std::string& path, int64_t step);

  void Write(const nlohmann::json& line);

  /// Loss, bits per pixel, PSNR and learning rate over steps, as PNG.
  Status WritePlot(const std::string& path) const;

 private:
  Status Open(std::ios::openmode mode);

  std::string path_;
  std::ofstream file_;
};

}  // namespace aecomp
