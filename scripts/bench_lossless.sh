#!/bin/bash
# Files without loss and with bounded errors beside other programs: the tables of compression in one run.
#
#   scripts/bench_lossless.sh [DATA] [AECOMP]      MOST=1000
#
# DATA (../shared/data) has the folders kodak and valid. Printed are bytes and their ratio to aecomp's:
#
#   photographs  aecomp --lossless, cwebp -lossless -m 6, cjxl -d 0 -e 7, PNG of aecomp's at level 9, CharLS (JPEG-LS)
#   graphics     the same, of pages, code, a diagram, a screen, palettes, dithering that scripts/lossless/draw.py draws
#   16 bits      aecomp --lossless, cjxl, CharLS, PNG, of pictures as from sensors that the same script makes
#   max error    aecomp --max-error E and CharLS with NEAR = E, of the photographs
#   speed        megapixels a second of the layer alone, one thread, both ways: residual_bench, where it was built
#
# MOST: how many photographs of each folder at most. CharLS is measured where its header is installed (libcharls-dev). Every
# file of aecomp is written with --verify, so that no figure is that of a wrong file. Rates are this machine's on this day.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=$(realpath -- "${1:-$here/../../shared/data}")
aecomp=$(realpath -- "${2:-$here/../build/release/aecomp}")
bench=$(dirname "$aecomp")/tests/residual_bench
most=${MOST:-1000}
for program in cwebp cjxl; do
  command -v "$program" >/dev/null || { echo "$program is missing (Debian packages webp and libjxl-tools)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
charls=
if g++ -std=c++17 -O2 "$here/lossless/charls_size.cpp" -lcharls -o charls_size 2>/dev/null; then charls=./charls_size; fi

bytes() { stat -c %s -- "$1"; }
# sizes FILE: bytes of aecomp, cwebp, cjxl, PNG, CharLS; - where a program cannot read the file.
sizes() {
  local file=$1 webp=- charls_bytes=- deep=no
  "$aecomp" compress --quiet -f --lossless --verify "$file" -o a.aec
  "$aecomp" decompress --quiet -f a.aec --png-level 9 -o a.png
  "$aecomp" decompress --quiet -f a.aec -o a.ppm
  case $file in *.p[gp]m) deep=yes ;; esac
  if [ $deep = no ]; then cwebp -quiet -lossless -m 6 a.png -o a.webp && webp=$(bytes a.webp); fi
  cjxl --quiet -d 0 -e 7 a.png a.jxl 2>/dev/null
  [ -z "$charls" ] || charls_bytes=$("$charls" 0 a.ppm)
  echo "$(bytes a.aec) $webp $(bytes a.jxl) $(bytes a.png) $charls_bytes"
}
# table NAME FILE...: a line of sums, and the ratio of aecomp's bytes to the others'.
table() {
  local name=$1 file
  shift
  for file in "$@"; do sizes "$file"; done | awk -v name="$name" -v count=$# '
    { for (i = 1; i <= 5; ++i) if ($i == "-") missing[i] = 1; else sum[i] += $i }
    function ratio(i) { return missing[i] || !sum[i] ? "      -" : sprintf("%7.3f", sum[1] / sum[i]) }
    END { printf "%-16s %4d %12d %s %s %s %s\n", name, count, sum[1], ratio(2), ratio(3), ratio(4), ratio(5) }'
}
grep -m1 'model name' /proc/cpuinfo
echo "load at the start: $(cut -d' ' -f1-3 /proc/loadavg)"

kodak=() valid=()
[ ! -d "$data/kodak" ] || readarray -t kodak < <(find "$data/kodak" -type f | sort | head -n "$most")
[ ! -d "$data/valid" ] || readarray -t valid < <(find "$data/valid" -type f | sort | head -n "$most")
[ "${#valid[@]}" -gt 0 ] || { echo "$data/valid has no images" >&2; exit 2; }
for file in "${valid[@]:0:6}"; do "$aecomp" compress --quiet -f --lossless "$file" -o v.aec && "$aecomp" decompress --quiet -f v.aec -o "v$(basename "$file").png"; done
/usr/bin/python3 "$here/lossless/draw.py" . v*.png

echo
printf '%-16s %4s %12s %7s %7s %7s %7s\n' "lossless: sums" files "aecomp bytes" /webp /jxl /png9 /charls
[ "${#kodak[@]}" -eq 0 ] || table Kodak "${kodak[@]}"
table valid "${valid[@]}"
for file in graphics/*.png; do table "$(basename "$file" .png)" "$file"; done
table graphics graphics/*.png
for kind in gray16 rgb16 rgb12; do table "16 bits: $kind" deep/$kind-*; done

echo
printf '%-16s %4s %12s %12s %7s\n' "max error" files "aecomp bytes" "CharLS bytes" ratio
for error in 1 2 4; do
  for file in "${kodak[@]}" "${valid[@]}"; do
    "$aecomp" compress --quiet -f --max-error $error --verify "$file" -o a.aec
    "$aecomp" compress --quiet -f --lossless "$file" -o l.aec
    "$aecomp" decompress --quiet -f l.aec -o a.ppm
    if [ -n "$charls" ]; then echo "$(bytes a.aec) $("$charls" $error a.ppm)"; else echo "$(bytes a.aec) 0"; fi
  done | awk -v error=$error '{ a += $1; b += $2 } END {
    printf "%-16d %4d %12d %12d %7s\n", error, NR, a, b, b ? sprintf("%7.3f", a / b) : "-" }'
done

echo
if [ -x "$bench" ]; then
  for file in "${valid[@]}"; do "$aecomp" compress --quiet -f --lossless "$file" -o l.aec && "$aecomp" decompress --quiet -f l.aec -o "s$(basename "$file").ppm"; done
  "$bench" s*.ppm
else
  echo "speed: build the target residual_bench first"
fi
