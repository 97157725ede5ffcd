// fuzz_seeds FOLDER: writes what the fuzzers begin with, FOLDER/TARGET/NUMBER.
#include <cstdio>
#include <filesystem>

#include "io/file.h"
#include "tests/fuzz/target.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
    return 2;
  }
  for (const aecomp::fuzz::Target& target : aecomp::fuzz::AllTargets()) {
    const std::filesystem::path folder = std::filesystem::path(argv[1]) / target.name;
    std::filesystem::create_directories(folder);
    int number = 0;
    for (const aecomp::fuzz::Bytes& seed : target.seeds()) {
      const std::string path = folder / std::to_string(number++);
      const aecomp::Status status = aecomp::WriteFileAtomically(path, seed, /*overwrite=*/true);
      if (status.ok()) continue;
      std::fprintf(stderr, "fuzz_seeds: %s\n", status.message().c_str());
      return 1;
    }
  }
  return 0;
}
