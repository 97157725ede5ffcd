#include "app/eval/child_process.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <stdexcept>

#include "app/eval/result_cache.h"
#include "app/eval/worker_pool.h"

namespace aecomp {
namespace {

TEST(RunChild, GivesOutputAndCode) {
  const ChildOutput output = RunChild({"sh", "-c", "echo out; echo err >&2; exit 7"}).value();
  EXPECT_EQ(output.out, "out\n");
  EXPECT_EQ(output.err, "err\n");
  EXPECT_EQ(output.exit_code, 7);
  EXPECT_EQ(RunChild({"printf", "%s", "$HOME; *"}).value().out, "$HOME; *") << "no shell";
  EXPECT_EQ(RunChild({"cat"}).value().out, "") << "stdin is empty";
  EXPECT_EQ(RunChild({"sh", "-c", "echo $OMP_NUM_THREADS"}).value().out, "1\n");
}

TEST(RunChild, SaysWhatWentWrong) {
  EXPECT_NE(RunChild({"no-such-program-here"}).status().message().find("cannot be started"), std::string::npos);
  EXPECT_NE(RunChild({"sh", "-c", "kill -9 $$"}).status().message().find("ended by signal 9"), std::string::npos);
  EXPECT_EQ(RunChildOrFail({"sh", "-c", "echo first >&2; echo last >&2; exit 3"}).status().message(),
            "sh: exit code 3: last");
  EXPECT_FALSE(RunChild({}).ok());
}

TEST(RunChild, EndsWhatTakesTooLong) {
  const auto start = std::chrono::steady_clock::now();
  const auto slow = RunChild({"sh", "-c", "sleep 100 & sleep 100"}, {.timeout_seconds = 0.2});
  EXPECT_NE(slow.status().message().find("not done after"), std::string::npos);
  const auto stopped = RunChild({"sleep", "100"}, {.interrupted = [] { return true; }});
  EXPECT_EQ(stopped.status().code(), StatusCode::kInterrupted);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST(RunChild, KeepsAFloodShort) {
  const ChildOutput output = RunChild({"head", "-c", "3000000", "/dev/zero"}).value();
  EXPECT_EQ(output.out.size(), 65536u);
  EXPECT_EQ(output.exit_code, 0);
}

TEST(TemporaryFolder, IsGoneAtTheEnd) {
  std::string path;
  {
    const TemporaryFolder folder = TemporaryFolder::Create().value();
    path = folder.File("");
    EXPECT_TRUE(std::filesystem::is_directory(path));
    EXPECT_EQ(RunChild({"touch", folder.File("a")}).value().exit_code, 0);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ResultCache, KeepsAndForgets) {
  const TemporaryFolder folder = TemporaryFolder::Create().value();
  const ResultCache cache(folder.File("cache")), none;
  EXPECT_FALSE(cache.Read("ab01"));
  cache.Write("ab01", "first"), cache.Write("cd02", "second"), none.Write("ab01", "nothing");
  const auto known = cache.Read("ab01");
  ASSERT_TRUE(known);
  EXPECT_EQ(std::string(known->begin(), known->end()), "first");
  EXPECT_FALSE(none.Read("ab01"));
  std::filesystem::last_write_time(folder.File("cache/ab/ab01"),
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  cache.Shrink(100);
  EXPECT_TRUE(cache.Read("ab01"));
  cache.Shrink(7);
  EXPECT_FALSE(cache.Read("ab01")) << "the oldest goes first";
  EXPECT_TRUE(cache.Read("cd02"));
  ResultCache("/proc/nowhere").Write("ab01", "lost without a word");
}

TEST(RunJobs, DoesAllOnceAndStops) {
  std::vector<std::atomic<int>> calls(100);
  RunJobs(calls.size(), 3, [&](size_t i) { ++calls[i]; });
  for (const auto& count : calls) EXPECT_EQ(count, 1);
  std::atomic<int> done = 0;
  RunJobs(
      100, 2, [&](size_t) { ++done; }, [&] { return done >= 5; });
  EXPECT_LT(done, 10);
  EXPECT_THROW(RunJobs(3, 2, [](size_t) { throw std::runtime_error("x"); }), std::runtime_error);
}

}  // namespace
}  // namespace aecomp
