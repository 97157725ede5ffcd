// Every input that a fuzzer ever failed on, and every seed, through the function that the fuzzers call.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "io/file.h"
#include "tests/fuzz/isolated.h"
#include "tests/fuzz/mutators/aec.h"
#include "tests/fuzz/mutators/png.h"
#include "tests/fuzz/mutators/safetensors.h"

namespace aecomp::fuzz {
namespace {

namespace fs = std::filesystem;

void ExpectWithinLimits(const Outcome& outcome, View input, const std::string& name) {
  EXPECT_TRUE(outcome.ended) << name << ": " << outcome.failure;
  if (input.size() >= kSmallInput) return;
  EXPECT_LE(outcome.seconds, kMostSeconds) << name;
  EXPECT_LE(outcome.megabytes, kMostMegabytes) << name;
}

std::vector<fs::path> FilesIn(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

class Replay : public testing::TestWithParam<Target> {};

TEST_P(Replay, WhatOnceFailed) {
  const fs::path folder = fs::path(AECOMP_SOURCE_DIR) / "tests/fuzz/regressions" / GetParam().name;
  for (const fs::path& path : FilesIn(folder)) {
    const auto bytes = ReadFile(path);
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    ExpectWithinLimits(RunIsolated(GetParam(), bytes.value()), bytes.value(), path);
  }
}

/// The process that makes seeds uses OpenMP, so it is another one: see RunIsolated.
std::vector<Bytes> SeedsOf(const Target& target) {
  const fs::path folder = fs::path(testing::TempDir()) / ("aecomp-seeds-" + std::to_string(getpid()));
  const auto write = [&] {
    int number = 100;  // names in the order of the seeds
    for (const Bytes& seed : target.seeds()) {
      if (!WriteFileAtomically(folder / std::to_string(number++), seed, /*overwrite=*/true).ok()) _exit(1);
    }
    _exit(0);
  };
  fs::create_directories(folder);
  EXPECT_EXIT(write(), testing::ExitedWithCode(0), "");
  std::vector<Bytes> seeds;
  for (const fs::path& path : FilesIn(folder)) seeds.push_back(ReadFile(path).value());
  fs::remove_all(folder);
  return seeds;
}

TEST_P(Replay, SeedsAreSound) {
  const std::vector<Bytes> seeds = SeedsOf(GetParam());
  EXPECT_FALSE(seeds.empty());
  for (size_t i = 0; i < seeds.size(); ++i) {
    const Outcome outcome = RunIsolated(GetParam(), seeds[i]);
    ExpectWithinLimits(outcome, seeds[i], "seed " + std::to_string(i));
    EXPECT_TRUE(outcome.accepted) << "seed " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Replay, testing::ValuesIn(AllTargets()),
                         [](const auto& test) { return std::string(test.param.name); });

/// One bit of a byte, and now and then a byte more or less.
Bytes Flipped(const Bytes& bytes, size_t most) {
  static Random random(1);
  Bytes changed = bytes;
  if (random() % 4 == 0) changed.push_back(static_cast<uint8_t>(random()));
  if (random() % 4 == 0 && !changed.empty()) changed.pop_back();
  if (!changed.empty()) changed[random() % changed.size()] ^= static_cast<uint8_t>(1u << random() % 8);
  changed.resize(std::min(changed.size(), most));
  return changed;
}

/// Of `count` mutations of a seed, how many the target still takes as sound.
int Accepted(const Target& target, const Bytes& seed, int count) {
  Random random(1);
  int accepted = 0;
  for (int i = 0; i < count; ++i) accepted += target.accepts(target.mutate(seed, random, Flipped));
  return accepted;
}

// Without mended checksums a flipped bit is always refused: see the tests of the container and of PNG.
TEST(Mutators, ContainersStaySound) { EXPECT_GT(Accepted(ContainerTarget(), AecSeeds().back(), 400), 200); }
TEST(Mutators, PngChunksStaySound) { EXPECT_GT(Accepted(PngTarget(), PngSeeds().front(), 400), 40); }
TEST(Mutators, WeightsStaySound) {
  EXPECT_GT(Accepted(SafetensorsTarget(), SafetensorsTarget().seeds().front(), 400), 100);
}

}  // namespace
}  // namespace aecomp::fuzz
