#include "io/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "io/temporary.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<uint8_t>;

class File : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/aecomp_file_test_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  size_t Entries() const { return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {})); }
  Bytes Content(const std::string& name) const { return ReadFile(Path(name)).value(); }

  std::string folder_;
};

TEST_F(File, ComesBack) {
  const Bytes bytes = {0, 1, 2, 255};
  ASSERT_TRUE(WriteFileAtomically(Path("a"), bytes, false).ok());
  EXPECT_EQ(Content("a"), bytes);
  EXPECT_EQ(Entries(), 1u);
  const Bytes large(3'000'000, 7);
  ASSERT_TRUE(WriteFileAtomically(Path("a"), large, true).ok());
  EXPECT_EQ(Content("a"), large);
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(File, ReadingStopsWhereTheBeginningIsUnknown) {
  const auto starts_with_a = [](std::span<const uint8_t> start) { return start[0] == 'a'; };
  const ReadOptions options = {.max_bytes = 30'000'000, .is_known = starts_with_a};
  Bytes content(20'000'000, 'a');
  ASSERT_TRUE(WriteFileAtomically(Path("long"), content, false).ok());
  EXPECT_EQ(ReadFile(Path("long"), options).value(), content);
  content[0] = 'b';
  ASSERT_TRUE(WriteFileAtomically(Path("long"), content, true).ok());
  EXPECT_NE(ReadFile(Path("long"), options).status().message().find("begins like no kind of file"), std::string::npos);
  content.resize(kMaxUnknownBytes);  // short enough for its reader to say what is wrong with it
  ASSERT_TRUE(WriteFileAtomically(Path("short"), content, false).ok());
  EXPECT_EQ(ReadFile(Path("short"), options).value(), content);
  EXPECT_EQ(ReadFile("/dev/zero", options).status().code(), StatusCode::kInput);
  const int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  EXPECT_NE(ReadDescriptor(zeros, "zeros", options).status().message().find("zeros: begins like no kind of file"),
            std::string::npos);
  close(zeros);
}

TEST_F(File, ReadSaysWhatIsWrong) {
  const auto message = [](const std::string& path) {
    const Status status = ReadFile(path, 10).status();
    EXPECT_EQ(status.code(), StatusCode::kInput);
    EXPECT_TRUE(status.message().starts_with(path + ": ")) << status.message();
    return status.message();
  };
  EXPECT_NE(message(Path("none")).find("no such file"), std::string::npos);
  EXPECT_NE(message(folder_).find("is a folder"), std::string::npos);
  ASSERT_TRUE(WriteFileAtomically(Path("empty"), {}, false).ok());
  EXPECT_NE(message(Path("empty")).find("is empty"), std::string::npos);
  ASSERT_TRUE(WriteFileAtomically(Path("long"), Bytes(11), false).ok());
  EXPECT_NE(message(Path("long")).find("longer than the 10 bytes"), std::string::npos);
  EXPECT_NE(message("/dev/zero").find("longer than the 10 bytes"), std::string::npos);
  EXPECT_NE(message("/dev/null").find("is empty"), std::string::npos);
  if (geteuid() == 0) return;  // root reads everything
  fs::permissions(Path("long"), fs::perms::none);
  EXPECT_NE(message(Path("long")).find("permissions"), std::string::npos);
}

TEST_F(File, ReadsPipes) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  const Bytes bytes(200'000, 9);
  std::thread writer([&] { EXPECT_TRUE(WriteFileAtomically(Path("pipe"), bytes, false).ok()); });
  EXPECT_EQ(Content("pipe"), bytes);
  writer.join();
}

TEST_F(File, RefusesToReplace) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), Bytes{1}, false).ok());
  const Status status = WriteFileAtomically(Path("a"), Bytes{2}, false);
  EXPECT_EQ(status.code(), StatusCode::kWrite);
  EXPECT_NE(status.message().find("exists"), std::string::npos);
  EXPECT_EQ(Content("a"), Bytes{1});
  EXPECT_EQ(Entries(), 1u);
  fs::create_symlink("nowhere", Path("dangling"));
  EXPECT_EQ(WriteFileAtomically(Path("dangling"), Bytes{2}, false).code(), StatusCode::kWrite);
  EXPECT_TRUE(fs::is_symlink(Path("dangling")));
}

// Of many writers who may not replace, one wins, and its bytes are whole.
TEST_F(File, OneOfManyWritersWins) {
  for (int round = 0; round < 20; ++round) {
    const std::string name = std::to_string(round);
    std::atomic<int> won{0};
    std::vector<std::thread> writers;
    for (uint8_t i = 1; i <= 8; ++i) {
      writers.emplace_back([&, i] { won += WriteFileAtomically(Path(name), Bytes(1000, i), false).ok(); });
    }
    for (auto& writer : writers) writer.join();
    EXPECT_EQ(won, 1);
    const Bytes content = Content(name);
    EXPECT_EQ(content, Bytes(1000, content[0]));
  }
  EXPECT_EQ(Entries(), 20u);
}

TEST_F(File, KeepsModeAndLink) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), Bytes{1}, false).ok());
  fs::permissions(Path("a"), fs::perms(0640));
  fs::create_symlink("a", Path("link"));
  ASSERT_TRUE(WriteFileAtomically(Path("link"), Bytes{2}, true).ok());
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Content("a"), Bytes{2});
  EXPECT_EQ(fs::status(Path("a")).permissions(), fs::perms(0640));
}

TEST_F(File, WritesToWhatIsNoRegularFile) {
  EXPECT_TRUE(WriteFileAtomically("/dev/null", Bytes(1000), false).ok());
  const Status full = WriteFileAtomically("/dev/full", Bytes(1000), true);
  EXPECT_EQ(full.code(), StatusCode::kWrite);
  EXPECT_NE(full.message().find("No space left"), std::string::npos);
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(File, WriteErrorsLeaveNothing) {
  EXPECT_EQ(WriteFileAtomically(folder_, Bytes{1}, true).code(), StatusCode::kWrite);
  const Status missing = WriteFileAtomically(Path("no/such/a"), Bytes{1}, true);
  EXPECT_EQ(missing.code(), StatusCode::kWrite);
  EXPECT_NE(missing.message().find("make the folder"), std::string::npos);
  EXPECT_EQ(WriteFileAtomically("", Bytes{1}, true).code(), StatusCode::kWrite);
  EXPECT_EQ(WriteFileAtomically(Path(std::string(300, 'x')), Bytes{1}, true).code(), StatusCode::kWrite);
  EXPECT_EQ(Entries(), 0u);
}

/// Runs `body` in a child whose files may have 1000 bytes; returns its exit status.
template <class Body>
int InLimitedChild(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit = {1000, 1000};
    std::signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(99);
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(File, AnAbortedWriteKeepsTheOldFileAndNoPart) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), Bytes{1}, false).ok());
  const int code = InLimitedChild([&] { return WriteFileAtomically(Path("a"), Bytes(5000), true).exit_code(); });
  EXPECT_EQ(code, static_cast<int>(StatusCode::kWrite));
  EXPECT_EQ(Content("a"), Bytes{1});
  EXPECT_EQ(Entries(), 1u);
}

void UnlinkAndExit(int) {
  UnlinkTemporaries();
  _exit(130);
}

TEST_F(File, ASignalLeavesNoTemporary) {
  const int code = InLimitedChild([&] {
    std::signal(SIGXFSZ, UnlinkAndExit);  // arrives while the temporary is being written
    return WriteFileAtomically(Path("a"), Bytes(5000), false).exit_code();
  });
  EXPECT_EQ(code, 130);
  EXPECT_EQ(Entries(), 0u);
}

TEST_F(File, ThreadsThatWriteWhileTheProcessEndsLeaveNoTemporary) {
  for (int i = 0; i < 300; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      for (int t = 0; t < 3; ++t) {
        std::thread([this, t] {
          while (true) (void)WriteFileAtomically(Path(std::to_string(t)), Bytes(100), true);
        }).detach();
      }
      usleep(static_cast<useconds_t>(500 + 7 * i));
      UnlinkAndExit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 130);
  }
  EXPECT_LE(Entries(), 3u);  // whole files
}

}  // namespace
}  // namespace aecomp
