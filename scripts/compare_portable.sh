#!/bin/bash
# Compares the portable decoder with `aecomp decompress`: 100 pictures at 4 qualities, sample by sample.
#
#   scripts/compare_portable.sh [-n PICTURES] [FOLDER]...      folders of pictures; not given: $AECOMP_TEST_DATA
#
# AECOMP is the program (build/release/aecomp), PORTABLE the portable decoder ($AECOMP's folder/aecomp-portable); where the
# cross compiler and qemu-aarch64 are installed (Debian: g++-aarch64-linux-gnu, qemu-user) the same runs on emulated arm64.
# Exit 1 where a sample differs.
set -euo pipefail
SOURCE=$(cd "$(dirname "$0")/.." && pwd)
AECOMP=${AECOMP:-$SOURCE/build/release/aecomp}
PORTABLE=${PORTABLE:-$(dirname "$AECOMP")/aecomp-portable}
MODEL=${MODEL:-$SOURCE/data/release.aecm}
number=100
while getopts n: option; do
  case $option in n) number=$OPTARG ;; *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;; esac
done
shift $((OPTIND - 1))
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
mapfile -t pictures < <(find "$@" -type f \( -name '*.png' -o -name '*.jpg' -o -name '*.webp' \) | sort | head -n "$number")
[ ${#pictures[@]} -gt 0 ] || { echo "compare_portable.sh: no pictures in $*" >&2; exit 2; }
compared=0 different=0 passed=0
for picture in "${pictures[@]}"; do
  for quality in 5 35 65 95; do
    "$AECOMP" compress "$picture" -q $quality -m "$MODEL" -o "$work/a.aec" -f --quiet 2>/dev/null || { passed=$((passed + 1)) && continue; }
    "$AECOMP" decompress "$work/a.aec" -m "$MODEL" -o "$work/a.pam" -f --quiet 2>/dev/null
    for decoder in "${decoders[@]}"; do
      compared=$((compared + 1))
      $decoder "$work/a.aec" "$MODEL" "$work/b.pam" && cmp -s "$work/a.pam" "$work/b.pam" && continue
      different=$((different + 1))
      echo "DIFFERENT: $picture at quality $quality by ${decoder%% *}"
    done
  done
done
echo "${#pictures[@]} pictures, 4 qualities, ${#decoders[@]} decoders: $compared comparisons, $different different; $passed files could not be compressed"
exit $((different > 0))
