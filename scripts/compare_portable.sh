#!/bin/bash
# Compares the portable decoder with `aecomp decompress`: 100 pictures, each compressed in six ways, sample by sample.
#
#   scripts/compare_portable.sh [-n PICTURES] [-w OPTIONS]... [FOLDER]...
#
# FOLDER: of pictures; not given: $AECOMP_TEST_DATA. OPTIONS: of `aecomp compress`, in place of the six ways. The pictures
# are the first of each folder by name, one of every folder in turn.
# AECOMP is the program (build/release/aecomp), PORTABLE the portable decoder ($AECOMP's folder/aecomp-portable). Where they
# are installed the same runs on emulated arm64 (Debian: g++-aarch64-linux-gnu, qemu-user), in WebAssembly in Node
# (emscripten, nodejs) and, once more, in headless Chromium (chromium-driver, python3-selenium). DECODERS: which of native,
# arm64, node and chromium; not given: all. Exit 1 where a sample differs.
set -euo pipefail
SOURCE=$(cd "$(dirname "$0")/.." && pwd)
AECOMP=${AECOMP:-$SOURCE/build/release/aecomp}
PORTABLE=${PORTABLE:-$(dirname "$AECOMP")/aecomp-portable}
MODEL=${MODEL:-$SOURCE/data/release.aecm}
number=100 ways=()
while getopts n:w: option; do
  case $option in n) number=$OPTARG ;; w) ways+=("$OPTARG") ;; *) sed -n '2,13s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;; esac
done
shift $((OPTIND - 1))
[ ${#ways[@]} -gt 0 ] || ways=('-q 5' '-q 35' '-q 65' '-q 95' '--lossless' '--max-error 2')
data=${AECOMP_TEST_DATA:-$SOURCE/../shared/data}
[ $# -gt 0 ] || set -- "$data/kodak" "$data/valid" "$data/pngsuite"
[ -x "$PORTABLE" ] || { echo "compare_portable.sh: no program $PORTABLE: cmake --build --preset release --target aecomp-portable" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
decode_native() { "$PORTABLE" "$1" "$MODEL" "$2"; }
decode_arm64() { qemu-aarch64 "$work/arm64" "$1" "$MODEL" "$2"; }
decode_node() { node "$SOURCE/tests/web/decode.mjs" "$work/web" "$MODEL" "$1" "$2"; }
# usable NAME PACKAGES COMMAND...: whether this decoder is wanted and can be had.
usable() {
  [[ " ${DECODERS:-$1} " == *" $1 "* ]] || return 1
  [ "$(command -v "${@:3}" | wc -l)" -eq $(($# - 2)) ] && return
  echo "SKIPPED: $1 (Debian packages $2)"
  return 1
}
decoders=() chromium=
usable native none true && decoders+=(native)
if usable arm64 'g++-aarch64-linux-gnu and qemu-user' aarch64-linux-gnu-g++ qemu-aarch64; then
  aarch64-linux-gnu-g++ -O3 -std=c++17 -static -I"$SOURCE" "$SOURCE"/model/portable/*.cpp -o "$work/arm64"
  decoders+=(arm64)
fi
usable node 'emscripten and nodejs' em++ node && decoders+=(node)
usable chromium 'emscripten, chromium-driver and python3-selenium' em++ chromedriver && chromium=yes
case " ${decoders[*]} $chromium " in *node* | *yes*) MODEL=$MODEL "$SOURCE/scripts/web.sh" "$work/web" ;; esac

# The first of every folder, then the second of every folder, and so on.
mapfile -t pictures < <(for folder in "$@"; do
  find -L "$folder" -type f \( -name '*.png' -o -name '*.jpg' -o -name '*.webp' \) | sort | awk -v folder="$folder" '{ print NR "\t" folder "\t" $0 }'
done | sort -s -n -k 1,1 | cut -f 3 | head -n "$number")
[ ${#pictures[@]} -gt 0 ] || { echo "compare_portable.sh: no pictures in $*" >&2; exit 2; }
for folder in "$@"; do echo "$folder: $(printf '%s\n' "${pictures[@]}" | grep -c "^$folder/") pictures"; done
compared=0 different=0 passed=0 files=0
for picture in "${pictures[@]}"; do
  for way in "${ways[@]}"; do
    files=$((files + 1))
    file=$work/a
    [ -z "$chromium" ] || file=$work/web/$files
    "$AECOMP" compress "$picture" $way -m "$MODEL" -o "$file.aec" -f --quiet 2>/dev/null || { passed=$((passed + 1)) && continue; }
    "$AECOMP" decompress "$file.aec" -m "$MODEL" -o "$file.pam" -f --quiet 2>/dev/null
    for decoder in "${decoders[@]}"; do
      compared=$((compared + 1))
      decode_$decoder "$file.aec" "$work/b.pam" && cmp -s "$file.pam" "$work/b.pam" && continue
      different=$((different + 1))
      echo "DIFFERENT: $picture with $way by $decoder"
    done
    # Chromium is told what the samples are, not the samples: what it decodes has no header.
    [ -z "$chromium" ] || { LC_ALL=C sed '1,/^ENDHDR$/d' "$file.pam" | sha256sum | cut -c 1-64 >"$file.sha256" && rm "$file.pam"; }
  done
done
if [ -n "$chromium" ]; then
  decoders+=(chromium)
  /usr/bin/python3 "$SOURCE/tests/web/decode_in_chromium.py" "$work/web" >"$work/log" || { [ $? -eq 1 ] || exit 2; }
  grep '^DIFFERENT' "$work/log" || true
  compared=$((compared + $(grep -c . "$work/log"))) different=$((different + $(grep -c '^DIFFERENT' "$work/log" || true)))
fi
echo "${#pictures[@]} pictures, ${#ways[@]} ways, decoders ${decoders[*]}: $compared comparisons, $different different; $passed files could not be compressed"
exit $((different > 0))
