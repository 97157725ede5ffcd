#include "io/temporary.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

namespace aecomp {
namespace {

namespace fs = std::filesystem;

class TemporaryFile : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    char name[] = "/tmp/aecomp_temporary_test_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  size_t Entries() const { return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {})); }
  static std::string Content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void Put(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
  static void MakeOld(const std::string& path, int seconds) {
    const timespec times[] = {{std::time(nullptr) - seconds, 0}, {std::time(nullptr) - seconds, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }
  static void Write(const Temporary& file, const std::string& text) {
    ASSERT_EQ(write(file.fd(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  std::string folder_;
};

TEST_P(TemporaryFile, GetsTheNameWhenItIsPublished) {
  {
    Temporary file(Path("a"));
    ASSERT_EQ(file.Create(GetParam()), 0);
    EXPECT_GT(file.fd(), STDERR_FILENO);
    Write(file, "text");
    EXPECT_FALSE(fs::exists(Path("a")));
    EXPECT_EQ(file.Publish(false), 0);
  }
  EXPECT_EQ(Content(Path("a")), "text");
  EXPECT_EQ(Entries(), 1u);
}

TEST_P(TemporaryFile, ReplacesOnlyWhatItMay) {
  Put(Path("a"), "old");
  {
    Temporary file(Path("a"));
    ASSERT_EQ(file.Create(GetParam()), 0);
    EXPECT_EQ(file.Publish(false), EEXIST);
  }
  EXPECT_EQ(Content(Path("a")), "old");
  {
    Temporary file(Path("a"));
    ASSERT_EQ(file.Create(GetParam()), 0);
    Write(file, "new");
    EXPECT_EQ(file.Publish(true), 0);
  }
  EXPECT_EQ(Content(Path("a")), "new");
  EXPECT_EQ(Entries(), 1u);
}

TEST_P(TemporaryFile, IsGoneWithItsScope) {
  {
    Temporary file(Path("a"));
    ASSERT_EQ(file.Create(GetParam()), 0);
    EXPECT_EQ(Entries(), GetParam() ? 1u : 0u);
  }
  EXPECT_EQ(Entries(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Named, TemporaryFile, testing::Bool());

using Leftovers = TemporaryFile;

TEST_F(Leftovers, OfAKilledProcessAreRemoved) {
  const pid_t child = fork();
  if (child == 0) {
    Temporary file(Path("a"));
    if (file.Create(/*named=*/true) != 0) _exit(1);
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_EQ(Entries(), 1u);
  const std::string left = fs::directory_iterator(folder_)->path();
  fs::create_directory(Path("other"));
  fs::rename(left, Path("other/.aecomp-0000000000000001.tmp"));
  RemoveLeftovers(Path("other/a"));  // just written: it might be in work
  EXPECT_TRUE(fs::exists(Path("other/.aecomp-0000000000000001.tmp")));
  fs::rename(Path("other/.aecomp-0000000000000001.tmp"), left);
  MakeOld(left, 120);
  RemoveLeftovers(Path("a"));
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(Leftovers, AreUnlockedOldRegularFilesOfTheRightName) {
  const std::string locked = Path(".aecomp-0000000000000001.tmp"), longer = Path(".aecomp-00000000000000012.tmp");
  const std::string link = Path(".aecomp-0000000000000003.tmp"), folder = Path(".aecomp-0000000000000004.tmp");
  const std::string left = Path(".aecomp-00000000000000ff.tmp");
  for (const std::string& path : {locked, longer, left, Path("a")}) Put(path, "x"), MakeOld(path, 120);
  fs::create_symlink("a", link), MakeOld(link, 120);
  fs::create_directory(folder), MakeOld(folder, 120);
  const Descriptor lock = OpenFile(locked, O_RDONLY);
  ASSERT_EQ(flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  RemoveLeftovers(Path("b"));
  EXPECT_FALSE(fs::exists(left));
  for (const std::string& path : {locked, longer, link, folder, Path("a")}) EXPECT_TRUE(fs::exists(path)) << path;
}

// The file of a process that is stopped stays, however old it looks.
TEST_F(Leftovers, AreNotFilesInWork) {
  Temporary file(Path("a"));
  ASSERT_EQ(file.Create(/*named=*/true), 0);
  const std::string path = fs::directory_iterator(folder_)->path();
  MakeOld(path, 100000);
  RemoveLeftovers(Path("b"));
  EXPECT_TRUE(fs::exists(path));
}

}  // namespace
}  // namespace aecomp
