// The JSON Lines log of a training run, and its picture.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "io/descriptor.h"
#include "io/status.h"

namespace aecomp {

/// A line for the start of every run ("start"), reports ("loss", "bpp", "psnr", "lr", ...: means since the report
/// before), and validations ("validation", "validation_loss"); all have "step".
class TrainLog {
 public:
  /// A new file, or what is there if that is written into (IsWrittenInto): /dev/stdout, a FIFO, a device. kWrite when
  /// it cannot be made.
  Status Start(const std::string& path);
  /// The file as it was at `step`: what a run that was killed wrote after its last checkpoint is cut off, and what was
  /// half written. Also of a log that is being written. A stream only goes on.
  Status Resume(const std::string& path, int64_t step);

  /// kWrite for the first line that cannot be written; later ones are tried without a word.
  [[nodiscard]] Status Write(const nlohmann::json& line);

  /// Loss, bits per pixel, PSNR and learning rate over steps, as PNG.
  Status WritePlot(const std::string& path) const;

 private:
  Status Open(const std::string& path, int flags);
  std::vector<nlohmann::json> Lines() const;

  std::string path_;
  Descriptor file_{-1};
  bool is_stream_ = false, failed_ = false;
  std::string written_;  ///< to a stream, which cannot be read back
};

}  // namespace aecomp
