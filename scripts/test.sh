#!/bin/bash
# Installs what is missing, builds with warnings as errors, checks the format, runs every test. The last thing printed is
# the summary of ctest, whose exit code this script has.
#
#   scripts/test.sh           the release build
#   scripts/test.sh --asan    first the unit tests of io and model, and what fuzzing ever found, under AddressSanitizer and
#                             UndefinedBehaviorSanitizer
#   scripts/test.sh --mpi     first training by several processes, with a program of its own
#
#   scripts/test.sh --fuzz    first each fuzzer for 20 seconds
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_packages $AECOMP_TEST_PACKAGES

echo "== format"
git ls-files '*.h' '*.cpp' | xargs -r clang-format --dry-run -Werror

if [ "${1:-}" = --asan ]; then
  echo "== asan and ubsan: io, model"
  cmake --preset asan >/dev/null
  cmake --build --preset asan --target io_test model_test fuzz_replay_test
  for test in io_test model_test fuzz_replay_test; do
    ASAN_OPTIONS=detect_leaks=0 "build/asan/tests/$test" --gtest_brief=1
  done
fi

if [ "${1:-}" = --mpi ]; then
  echo "== training by several processes"
  need_packages $AECOMP_MPI_PACKAGES
  cmake --preset release -B build/mpi -DAECOMP_MPI=ON >/dev/null
  cmake --build build/mpi --target aecomp
  bash tests/cli/mpi_test.sh build/mpi/aecomp
fi

if [ "${1:-}" = --fuzz ]; then
  echo "== fuzzers, 20 s each"
  scripts/fuzz.sh -j "$(nproc)" 20s
fi

echo "== build"
cmake --preset release -DAECOMP_TESTS=ON >/dev/null
cmake --build --preset release
echo "== tests"
exec ctest --preset release --progress --no-tests=error
