#include "app/progress.h"

#include <unistd.h>

#include <cstdio>

#include "app/report.h"

namespace aecomp {

ProgressLine::ProgressLine(ProgressMode mode)
    : in_place_(mode == ProgressMode::kAlways || (mode == ProgressMode::kAuto && isatty(STDERR_FILENO))),
      silent_(mode == ProgressMode::kNever) {}

void ProgressLine::Show(const std::string& text) {
  if (silent_) return;
  if (in_place_) {
    const std::string erase(shown_ > text.size() ? shown_ - text.size() : 0, ' ');
    std::fprintf(stderr, "\r%s%s", text.c_str(), erase.c_str());
    shown_ = text.size();
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::seconds(30);
  std::fprintf(stderr, "%s\n", text.c_str());
}

void ProgressLine::Clear() {
  if (shown_ > 0) std::fprintf(stderr, "\r%s\r", std::string(shown_, ' ').c_str());
  shown_ = 0;
}

void ProgressLine::Message(const std::string& text) {
  Finish();
  PrintError(text);
}

void ProgressLine::Finish() {
  if (shown_ > 0) std::fputc('\n', stderr);
  shown_ = 0;
}

std::string HumanDuration(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole < 60) return Format("%ld s", whole);
  if (whole < 3600) return Format("%ld min %02ld s", whole / 60, whole % 60);
  return Format("%ld h %02ld min", whole / 3600, whole % 3600 / 60);
}

}  // namespace aecomp
