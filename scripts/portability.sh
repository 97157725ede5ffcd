#!/bin/bash
# Tries the program and the portable decoder on what is not the usual: clang, a processor without AVX, arm64, WebAssembly,
# oneDNN 3. Says what was done and what was left out, and why; exit 1 where something failed.
#
#   scripts/portability.sh [PART]...     PART: portable, old, clang, onednn3, web; none: all
#
# AECOMP is the program (build/release/aecomp). JOBS: how many compilers run at a time (all cores). CXX_CLANG: a clang++
# (clang++, clang++-14). ONEDNN3: a folder with the headers of oneDNN 3.
set -uo pipefail
cd "$(dirname "$0")/.."
SOURCE=$PWD
AECOMP=$(readlink -f "${AECOMP:-build/release/aecomp}")
golden=$SOURCE/tests/golden
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_WAIT_POLICY=passive
failed=0

say() { echo "$1: $2"; }
fail() { say "$1" "FAILED: $2" && failed=1; }

# decoded NAME OUT COMMAND...: whether this command writes what the program decodes a golden file to.
same_pixels() {
  local part=$1 name count=0
  shift
  for name in rgb-low rgb-high tiles pixel deep map gray gray-deep map-gray-deep; do
    "$AECOMP" decompress "$golden/$name.aec" -m "$golden/golden.aecm" -o "$work/want.pam" -f --quiet &&
      "$@" "$golden/$name.aec" "$work/got.pam" && cmp -s "$work/want.pam" "$work/got.pam" || { fail "$part" "$name.aec"; continue; }
    count=$((count + 1))
  done
  say "$part" "$count golden files equal"
}
portable() { "${runner[@]}" "$decoder" "$1" "$golden/golden.aecm" "$2"; }
program() { "${runner[@]}" "$decoder" decompress "$1" -m "$golden/golden.aecm" -o "$2" -f --quiet; }

part_portable() {
  local sources=("$SOURCE"/model/portable/*.cpp) compiler
  for compiler in g++ "${CXX_CLANG:-clang++}" clang++-14; do
    command -v "$compiler" >/dev/null || { say "portable, $compiler" "SKIPPED: not installed" && continue; }
    "$compiler" -O3 -std=c++17 -Wall -Wextra -Wpedantic -Wshadow -Werror -I. "${sources[@]}" -o "$work/portable" ||
      { fail "portable, $compiler" "does not build" && continue; }
    runner=() decoder=$work/portable
    same_pixels "portable, $compiler" portable
    command -v qemu-x86_64 >/dev/null || { say "portable, $compiler, Nehalem" "SKIPPED: no qemu-x86_64 (qemu-user)" && continue; }
    runner=(qemu-x86_64 -cpu Nehalem)
    same_pixels "portable, $compiler, Nehalem" portable
  done
  if ! command -v aarch64-linux-gnu-g++ qemu-aarch64 >/dev/null; then
    say "portable, arm64" "SKIPPED: Debian packages g++-aarch64-linux-gnu and qemu-user" && return
  fi
  aarch64-linux-gnu-g++ -O3 -std=c++17 -static -I. "${sources[@]}" -o "$work/arm64" || { fail "portable, arm64" "does not build" && return; }
  runner=(qemu-aarch64) decoder=$work/arm64
  same_pixels "portable, arm64" portable
}

part_old() {
  command -v qemu-x86_64 >/dev/null || { say "the program, Nehalem" "SKIPPED: Debian package qemu-user" && return; }
  runner=(qemu-x86_64 -cpu Nehalem) decoder=$AECOMP
  same_pixels "the program, Nehalem" program
}

part_clang() {
  local clang=${CXX_CLANG:-clang++}
  command -v "$clang" >/dev/null || clang=clang++-14
  command -v "$clang" >/dev/null || { say "clang" "SKIPPED: Debian packages clang, libomp-dev" && return; }
  cmake --preset release -B build/clang -DCMAKE_CXX_COMPILER="$clang" -DAECOMP_TESTS=OFF >"$work/log" 2>&1 &&
    cmake --build build/clang --target aecomp ${JOBS:+-j "$JOBS"} >"$work/log" 2>&1 ||
    { grep -E 'error|warning' "$work/log" | head -5; fail "clang" "does not build without warnings"; return; }
  say "clang" "$("$clang" --version | head -1): builds without warnings"
  runner=() decoder=$SOURCE/build/clang/aecomp
  same_pixels "the program, clang" program
}

# Only headers: no library of version 3 is linked.
part_onednn3() {
  local folder=${ONEDNN3:-}
  if [ -z "$folder" ] || ! grep -q 'DNNL_VERSION_MAJOR 3' -r "$folder" --include='dnnl_version.h'; then
    say "oneDNN 3" "SKIPPED: no headers; name their folder in ONEDNN3" && return
  fi
  local source count=0
  for source in $(grep -rlE 'onednn\.h"|dnnl' model train app --include='*.cpp'); do
    g++ -std=c++20 -fopenmp -fsyntax-only -Wall -Wextra -Werror -I. -isystem "$folder" -DAECOMP_VERSION='"0"' \
      -DAECOMP_OPENCV_VERSION='"0"' "$source" && count=$((count + 1)) || fail "oneDNN 3" "$source"
  done
  say "oneDNN 3" "$count files compile against its headers"
}

part_web() {
  command -v em++ node >/dev/null || { say "WebAssembly" "SKIPPED: Debian packages emscripten and nodejs" && return; }
  scripts/web.sh "$work/web" || { fail "WebAssembly" "does not build" && return; }
  web() { node tests/web/decode.mjs "$work/web" "$golden/golden.aecm" "$1" "$2"; }
  same_pixels "WebAssembly, node" web
}

[ -x "$AECOMP" ] || { echo "portability.sh: no program ${AECOMP:-build/release/aecomp}; build it, or name it in AECOMP" >&2; exit 2; }
[ $# -gt 0 ] || set -- portable old clang onednn3 web
for part in "$@"; do
  declare -F "part_$part" >/dev/null || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
  "part_$part"
done
exit $failed
