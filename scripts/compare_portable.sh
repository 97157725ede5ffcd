#!/bin/bash
# Compares the portable decoder with `aecomp decompress`: 100 pictures, each compressed in six ways, sample by sample.
#
#   scripts/compare_portable.sh [-n PICTURES] [-w OPTIONS]... [FOLDER]...
#
# FOLDER: of pictures; not given: $AECOMP_TEST_DATA. OPTIONS: of `aecomp compress`, in place of the six ways.
# AECOMP is the program (build/release/aecomp), PORTABLE the portable decoder ($AECOMP's folder/aecomp-portable); where the
# cross compiler and qemu-aarch64 are installed (Debian: g++-aarch64-linux-gnu, qemu-user) the same runs on emulated arm64.
# Exit 1 where a sample differs.
set -euo pipefail
SOURCE=$(cd "$(dirname "$0")/.." && pwd)
AECOMP=${AECOMP:-$SOURCE/build/release/aecomp}
PORTABLE=${PORTABLE:-$(dirname "$AECOMP")/aecomp-portable}
MODEL=${MODEL:-$SOURCE/data/release.aecm}
number=100 ways=()
while getopts n:w: option; do
  case $option in n) number=$OPTARG ;; w) ways+=("$OPTARG") ;; *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;; esac
done
shift $((OPTIND - 1))
[ ${#ways[@]} -gt 0 ] || ways=('-q 5' '-q 35' '-q 65' '-q 95' '--lossless' '--max-error 2')
data=${AECOMP_TEST_DATA:-$SOURCE/../shared/data}
[ $# -gt 0 ] || set -- "$data/kodak" "$data/valid" "$data/pngsuite"
[ -x "$PORTABLE" ] || { echo "compare_portable.sh: no program $PORTABLE: cmake --build --preset release --target aecomp-portable" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
decoders=("$PORTABLE")
if command -v aarch64-linux-gnu-g++ qemu-aarch64 >/dev/null; then
  aarch64-linux-gnu-g++ -O3 -std=c++17 -static -I"$SOURCE" "$SOURCE"/model/portable/*.cpp -o "$work/arm64"
  decoders+=("qemu-aarch64 $work/arm64")
else
  echo "SKIPPED: arm64 (Debian packages g++-aarch64-linux-gnu and qemu-user)"
fi

# Some of every folder, in the order of their names.
mapfile -t pictures < <(find -L "$@" -type f \( -name '*.png' -o -name '*.jpg' -o -name '*.webp' \) | sort | head -n "$number")
[ ${#pictures[@]} -gt 0 ] || { echo "compare_portable.sh: no pictures in $*" >&2; exit 2; }
compared=0 different=0 passed=0
for picture in "${pictures[@]}"; do
  for way in "${ways[@]}"; do
    "$AECOMP" compress "$picture" $way -m "$MODEL" -o "$work/a.aec" -f --quiet 2>/dev/null || { passed=$((passed + 1)) && continue; }
    "$AECOMP" decompress "$work/a.aec" -m "$MODEL" -o "$work/a.pam" -f --quiet 2>/dev/null
    for decoder in "${decoders[@]}"; do
      compared=$((compared + 1))
      $decoder "$work/a.aec" "$MODEL" "$work/b.pam" && cmp -s "$work/a.pam" "$work/b.pam" && continue
      different=$((different + 1))
      echo "DIFFERENT: $picture with $way by ${decoder%% *}"
    done
  done
done
echo "${#pictures[@]} pictures, ${#ways[@]} ways, ${#decoders[@]} decoders: $compared comparisons, $different different; $passed files could not be compressed"
exit $((different > 0))
