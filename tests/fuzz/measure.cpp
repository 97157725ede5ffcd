// fuzz_measure TARGET FILE...: each file in a process of its own. Prints the slowest, the one that takes most memory,
// and all that fail or take more than a small file may. Exit 1 when there is one of these.
#include <cstring>

#include "io/file.h"
#include "tests/fuzz/isolated.h"

namespace aecomp::fuzz {
namespace {

const Target* Find(const std::vector<Target>& targets, const char* name) {
  for (const Target& target : targets) {
    if (std::strcmp(target.name, name) == 0) return &target;
  }
  return nullptr;
}

std::string Describe(const Outcome& outcome) {
  char text[200];
  std::snprintf(text, sizeof text, "%.2f s, %.0f MB%s%s", outcome.seconds, outcome.megabytes,
                outcome.failure.empty() ? "" : ", ", outcome.failure.c_str());
  return text;
}

int Measure(const Target& target, std::span<char*> files) {
  Outcome slowest, largest;
  std::string slow, large;
  int accepted = 0, failed = 0;
  for (const char* path : files) {
    const auto bytes = ReadFile(path);
    if (!bytes.ok()) continue;  // an empty file, such as fuzzers write
    const Outcome outcome = RunIsolated(target, bytes.value());
    accepted += outcome.accepted;
    if (outcome.seconds > slowest.seconds) slowest = outcome, slow = path;
    if (outcome.megabytes > largest.megabytes) largest = outcome, large = path;
    const bool small = bytes.value().size() < kSmallInput;
    const bool beyond = small && (outcome.seconds > kMostSeconds || outcome.megabytes > kMostMegabytes);
    if (outcome.ended && !beyond) continue;
    ++failed;
    std::printf("FAILED %s: %s\n", path, Describe(outcome).c_str());
  }
  std::printf("%s: %zu files, %d sound, %d failed\n", target.name, files.size(), accepted, failed);
  std::printf("  slowest %s: %s\n  largest %s: %s\n", slow.c_str(), Describe(slowest).c_str(), large.c_str(),
              Describe(largest).c_str());
  return failed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace aecomp::fuzz

int main(int argc, char** argv) {
  const auto targets = aecomp::fuzz::AllTargets();
  const auto* target = argc < 3 ? nullptr : aecomp::fuzz::Find(targets, argv[1]);
  if (target == nullptr) {
    std::fprintf(stderr, "usage: fuzz_measure TARGET FILE...; targets are the files of tests/fuzz/targets\n");
    return 2;
  }
  return aecomp::fuzz::Measure(*target, std::span(argv, static_cast<size_t>(argc)).subspan(2));
}
