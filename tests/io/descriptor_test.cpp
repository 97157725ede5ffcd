#include "io/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "io/file.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

/// Runs `body` in a child with stdin, stdout and stderr closed; returns its exit code.
template <class Body>
int WithoutStandardStreams(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    for (const int fd : {0, 1, 2}) close(fd);
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(OpenFile, TakesNoStandardDescriptor) {
  EXPECT_EQ(WithoutStandardStreams([] {
              const Descriptor first = OpenFile("/dev/null", O_RDONLY), second = OpenFile("/dev/null", O_WRONLY);
              const bool free = fcntl(0, F_GETFD) == -1 && fcntl(1, F_GETFD) == -1 && fcntl(2, F_GETFD) == -1;
              return first.get() > 2 && second.get() > 2 && free ? 0 : 1;
            }),
            0);
  EXPECT_FALSE(OpenFile("/no/such/file", O_RDONLY).ok());
  EXPECT_EQ(errno, ENOENT);
}

TEST(DescriptorNamedBy, KnowsTheNames) {
  const Descriptor file = OpenFile("/dev/null", O_WRONLY);
  const std::string number = std::to_string(file.get()), pid = std::to_string(getpid());
  for (const std::string& path : {"/dev/fd/" + number, "/proc/self/fd/" + number, "/proc/" + pid + "/fd/" + number,
                                  "/proc/thread-self/fd/" + number, "/dev/fd/../fd/" + number}) {
    const auto named = DescriptorNamedBy(path);
    ASSERT_TRUE(named) << path;
    EXPECT_EQ(named->number, file.get());
    EXPECT_TRUE(named->own) << path;
  }
  EXPECT_EQ(DescriptorNamedBy("/dev/stdout")->number, STDOUT_FILENO);
  for (const char* path :
       {"", ".", "/", "/dev/null", "/proc/self/fd", "/proc/self/fd/", "/proc/self/fd/x", "/proc/self/maps", "stdout"}) {
    EXPECT_FALSE(DescriptorNamedBy(path)) << path;
  }
}

TEST(DescriptorNamedBy, FollowsLinks) {
  const fs::path folder = fs::temp_directory_path() / ("aecomp_descriptor_" + std::to_string(getpid()));
  fs::create_directory(folder);
  fs::create_symlink("/dev/stdout", folder / "first");
  fs::create_symlink("first", folder / "second");
  fs::create_symlink("loop", folder / "loop");
  fs::create_symlink("missing", folder / "dangling");
  EXPECT_EQ(DescriptorNamedBy(folder / "second")->number, STDOUT_FILENO);
  for (const char* name : {"loop", "dangling", "missing"}) EXPECT_FALSE(DescriptorNamedBy(folder / name)) << name;
  EXPECT_FALSE(IsWrittenInto(folder / "missing"));
  EXPECT_FALSE(IsWrittenInto(folder));
  EXPECT_TRUE(IsWrittenInto("/dev/null"));
  fs::remove_all(folder);
}

TEST(DescriptorNamedBy, SeesAnotherProcess) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte;
    close(ends[1]);
    _exit(static_cast<int>(read(ends[0], &byte, 1)));
  }
  const auto named = DescriptorNamedBy("/proc/" + std::to_string(child) + "/fd/" + std::to_string(ends[0]));
  ASSERT_TRUE(named);
  EXPECT_FALSE(named->own);
  close(ends[0]), close(ends[1]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
}

// What a file held before the position of the descriptor stays, and so does the file itself.
TEST(OpenStream, GoesOnWhereTheDescriptorStands) {
  const std::string path = fs::temp_directory_path() / ("aecomp_stream_" + std::to_string(getpid()));
  Descriptor file = OpenFile(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  ASSERT_TRUE(file.ok());
  const std::vector<uint8_t> head = {1, 2}, body = {3, 4, 5};
  ASSERT_EQ(WriteAll(file.get(), head), 0);
  ASSERT_TRUE(WriteFileAtomically("/dev/fd/" + std::to_string(file.get()), body, /*overwrite=*/false).ok());
  ASSERT_EQ(WriteAll(file.get(), head), 0);
  struct stat by_name, by_number;
  ASSERT_EQ(stat(path.c_str(), &by_name), 0);
  ASSERT_EQ(fstat(file.get(), &by_number), 0);
  EXPECT_EQ(by_name.st_ino, by_number.st_ino);
  EXPECT_EQ(ReadFile(path).value(), (std::vector<uint8_t>{1, 2, 3, 4, 5, 1, 2}));
  fs::remove(path);
}

}  // namespace
}  // namespace aecomp
