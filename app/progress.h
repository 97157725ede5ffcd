// The progress line of a long run: rewritten in place on a terminal, a line now and then elsewhere.
#pragma once

#include <chrono>
#include <string>

#include "app/options.h"

namespace aecomp {

class ProgressLine {
 public:
  explicit ProgressLine(ProgressMode mode);
  ~ProgressLine() { Finish(); }

  /// Shows `text` (one line without its end) in place of the one before, or, where lines stay, every 30 s.
  void Show(const std::string& text);
  /// Takes the line off the terminal, so that others can be printed.
  void Clear();
  /// Prints a line that stays.
  void Message(const std::string& text);
  /// Ends a line that is being rewritten: the last state stays.
  void Finish();

 private:
  bool in_place_, silent_;
  size_t shown_ = 0;  ///< characters of the line on the terminal
  std::chrono::steady_clock::time_point next_{};
};

/// "2 h 05 min", "48 s"
std::string HumanDuration(double seconds);

}  // namespace aecomp
