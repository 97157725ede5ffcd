#!/bin/bash
# Installs what is missing, builds with warnings as errors, and checks everything. The last thing printed is the summary
# of ctest, whose exit code this script has.
#
#   scripts/test.sh           format; with AddressSanitizer and UndefinedBehaviorSanitizer the unit tests of io and model
#                             and each fuzzer for 20 seconds; then the release build and every test
#   scripts/test.sh --quick   format, the release build and every test
#   scripts/test.sh --mpi     first training by several processes, with a program of its own, then as --quick
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

case ${1:-} in
  '' | --quick | --mpi) ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
need_packages $AECOMP_TEST_PACKAGES
cores=$(nproc)

# sanitized TEST FILTER: a test program of the sanitized build, in as many parts at a time as there are cores.
sanitized() {
  local status=0
  seq 0 $((cores - 1)) | GTEST_TOTAL_SHARDS=$cores ASAN_OPTIONS=detect_leaks=0 OMP_WAIT_POLICY=passive OMP_NUM_THREADS=2 \
    xargs -P "$cores" -I{} env GTEST_SHARD_INDEX={} "build/fuzz/tests/$1" --gtest_brief=1 --gtest_filter="$2" || status=1
  return $status
}

echo "== format"
git ls-files '*.h' '*.cpp' | xargs -r clang-format --dry-run -Werror

if [ "${1:-}" = --mpi ]; then
  echo "== training by several processes"
  need_packages $AECOMP_MPI_PACKAGES
  cmake --preset release -B build/mpi -DAECOMP_MPI=ON >/dev/null
  cmake --build build/mpi --target aecomp
  bash tests/cli/mpi_test.sh build/mpi/aecomp
fi

if [ -z "${1:-}" ]; then
  # One sanitized build for both: the fuzzers', with clang.
  need_packages $AECOMP_FUZZ_PACKAGES
  echo "== build with sanitizers"
  cmake --preset fuzz >/dev/null
  cmake --build --preset fuzz --target fuzzers io_test model_test
  # The two libraries that read foreign bytes. Comparisons of layers with their slow twins are left out: they compute a
  # lot and read nothing. AlignedMemory.NotAllIsKept expects addresses that a sanitizer does not give again.
  echo "== unit tests with sanitizers"
  sanitized io_test '*'
  sanitized model_test '-*EachLayer*:*Gradient*:AlignedMemory.NotAllIsKept'
  echo "== fuzzers, 20 s each"
  scripts/fuzz.sh -j "$cores" 20s
fi

echo "== build"
cmake --preset release -DAECOMP_TESTS=ON >/dev/null
cmake --build --preset release
echo "== tests"
exec ctest --preset release -j "$cores" --progress --no-tests=error
