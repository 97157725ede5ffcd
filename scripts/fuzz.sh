#!/bin/bash
# Fuzzes what reads bytes from outside: builds the fuzzers of tests/fuzz and runs each for some time.
#
#   scripts/fuzz.sh 5            each for 5 minutes, one after the other
#   scripts/fuzz.sh -j 2 20s     each for 20 seconds, two at a time
#   scripts/fuzz.sh 5 png image  these two only
#
# What was learned is kept in $AECOMP_FUZZ_CORPUS (default: build/fuzz/corpus), so that the next run goes on from there.
# An input that fails is left in the folder failed/TARGET beside the corpora. Exit 1 when there is one. See
# tests/fuzz/README.md for what to do with it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

usage() { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2 && exit 2; }

jobs=1
while getopts j: option; do
  case $option in j) jobs=$OPTARG ;; *) usage ;; esac
done
shift $((OPTIND - 1))
[ $# -ge 1 ] && [[ $1 =~ ^[0-9]+s?$ ]] && [[ $jobs =~ ^[1-9][0-9]*$ ]] || usage
case $1 in *s) seconds=${1%s} ;; *) seconds=$((60 * $1)) ;; esac
shift

need_packages $AECOMP_BUILD_PACKAGES $AECOMP_FUZZ_PACKAGES
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz
programs=build/fuzz/fuzzers
[ $# -gt 0 ] || set -- $(basename -s .cpp tests/fuzz/targets/*/*.cpp)
for target in "$@"; do
  [ -x "$programs/fuzz_$target" ] || { echo "fuzz.sh: no target $target; they are the files of tests/fuzz/targets" >&2; exit 2; }
done

export CORPUS=${AECOMP_FUZZ_CORPUS:-$PWD/build/fuzz/corpus} SECONDS_EACH=$seconds
rm -rf build/fuzz/seeds
"$programs/fuzz_seeds" build/fuzz/seeds

# run_target TARGET: one fuzzer, its log beside the corpora, one line about it on stdout.
run_target() {
  local target=$1 longest=100000 corpus=$CORPUS/$1 failed=$CORPUS/failed/$1 log=$CORPUS/logs/$1.log status=0 runs covered dictionary=
  mkdir -p "$corpus" "$failed" "$CORPUS/logs"
  [[ $target == *model ]] && longest=300000  # bytes: as long as its seed, and somewhat more
  [ -f "tests/fuzz/dictionaries/$target.dict" ] && dictionary=-dict=tests/fuzz/dictionaries/$target.dict
  # Memory: 700 MB at once and 1500 MB in all, of which AddressSanitizer takes some for itself.
  ASAN_OPTIONS=quarantine_size_mb=32:allocator_may_return_null=0 OMP_WAIT_POLICY=passive \
    "build/fuzz/fuzzers/fuzz_$target" -max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=1500 \
    -malloc_limit_mb=700 -max_len=$longest -print_final_stats=1 -artifact_prefix="$failed/" $dictionary \
    "$corpus" "build/fuzz/seeds/$target" $(ls -d "tests/fuzz/regressions/$target" 2>/dev/null) >"$log" 2>&1 || status=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  covered=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | sed 's/cov: //')
  printf '%-14s %10s runs  %6s places covered  %5s inputs kept  %s\n' "$target" "${runs:-?}" "${covered:-?}" \
    "$(ls "$corpus" | wc -l)" "$([ $status -eq 0 ] && echo sound || echo "FAILED, see $log")"
  return $((status != 0))
}
export -f run_target

status=0
printf '%s\n' "$@" | xargs -P "$jobs" -I{} bash -c 'run_target {}' || status=1
exit $status
