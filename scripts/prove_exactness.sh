#!/bin/bash
# Shows that files mean the same on every CPU: images are compressed as on four generations of processors (oneDNN's
# instruction sets are limited one after the other), and every file is decompressed as on each of them, with one thread,
# in a batch, alone, regions of it, and where qemu-x86_64 is installed on an emulated CPU without AVX (which also limits
# this program's own loops). All must give the same pixels. Prints what was compared; fails at the first difference.
# Needs python3 to cut regions out of the whole.
#
#   scripts/prove_exactness.sh FOLDER [AECOMP]      COUNT=100 images, QUALITIES="10 40 70 100", EMULATED=2 images
set -euo pipefail
folder=${1:?usage: scripts/prove_exactness.sh FOLDER [AECOMP]}
aecomp=$(readlink -f "${2:-$(dirname "$0")/../build/release/aecomp}")
count=${COUNT:-100} emulated=${EMULATED:-2}
sets="SSE41 AVX2 AVX512_CORE AVX512_CORE_VNNI"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_WAIT_POLICY=passive
find -L "$(readlink -f "$folder")" -type f \( -iname '*.png' -o -iname '*.webp' -o -iname '*.jpg' -o -iname '*.ppm' \) | sort | head -n "$count" >"$work/images"
[ -s "$work/images" ] || { echo "$folder holds no images" >&2; exit 2; }
compared=0 files=0

pixels() { (cd "$1" && sha256sum -- *.ppm) >"$2"; }
# same WHAT: the pixels of $work/out are those of the reference.
same() {
  pixels "$work/out" "$work/sums"
  if ! cmp -s "$work/sums" "$work/reference"; then
    echo "DIFFERENT: $1"
    diff "$work/reference" "$work/sums" | head -5
    exit 1
  fi
  compared=$((compared + $(wc -l <"$work/sums")))
  rm -rf "$work/out"
}

# crop IN.ppm X Y WIDTH HEIGHT OUT.ppm
crop() {
  python3 - "$@" <<'PYTHON'
import sys

data = open(sys.argv[1], "rb").read()
kind, width, height, peak = data.split(maxsplit=4)[:4]  # as this program writes them, without comments
x, y, w, h = map(int, sys.argv[2:6])
bytes_per_pixel = {b"P5": 1, b"P6": 3}[kind]
row = int(width) * bytes_per_pixel
pixels = data[-row * int(height) :]
with open(sys.argv[6], "wb") as file:
    file.write(b"%s\n%d %d\n%s\n" % (kind, w, h, peak))
    for line in range(y, y + h):
        file.write(pixels[line * row + x * bytes_per_pixel : line * row + (x + w) * bytes_per_pixel])
PYTHON
}

# Regions inside of one tile of the largest file and across all of its borders.
check_regions() {
  local file name=$work/whole.ppm region x y w h rw rh
  file=$(find "$work/aec" -name '*.aec' -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f2-)
  "$aecomp" decompress --quiet "$file" --metadata none -o "$name" -f
  read -r w h < <(sed -n 2p "$name")
  for region in "0 0 $((w / 9 + 1)) $((h / 9 + 1))" "$((w / 3)) $((h / 3)) $((w / 2)) $((h / 2))" "$((w - 17)) $((h - 3)) 17 3"; do
    read -r x y rw rh <<<"$region"
    crop "$name" "$x" "$y" "$rw" "$rh" "$work/crop.ppm"
    "$aecomp" decompress --quiet "$file" --metadata none --region "$x,$y,$rw,$rh" -o "$work/region.ppm" -f
    cmp -s "$work/crop.ppm" "$work/region.ppm" || { echo "DIFFERENT: quality $1, region $region of $file"; exit 1; }
    regions=$((regions + 1))
  done
}

regions=0
for quality in ${QUALITIES:-10 40 70 100}; do
  for writer in $sets; do
    rm -rf "$work/aec"
    ONEDNN_MAX_CPU_ISA=$writer "$aecomp" compress --quiet --progress never --files-from "$work/images" -q "$quality" -O "$work/aec"
    files=$((files + $(find "$work/aec" -name '*.aec' | wc -l)))
    "$aecomp" decompress --quiet --progress never -r "$work/aec" -O "$work/out" --format ppm --metadata none
    pixels "$work/out" "$work/reference"
    rm -rf "$work/out"
    for reader in $sets; do
      ONEDNN_MAX_CPU_ISA=$reader "$aecomp" decompress --quiet --progress never -r "$work/aec" -O "$work/out" --format ppm --metadata none
      same "quality $quality, written with $writer, read with $reader"
    done
  done
  "$aecomp" decompress --quiet --progress never -j 1 -r "$work/aec" -O "$work/out" --format ppm --metadata none
  same "quality $quality, one thread"
  mkdir "$work/out"
  (cd "$work/aec" && for file in *.aec; do
    "$aecomp" decompress --quiet "$file" --metadata none -o "$work/out/${file%.aec}.ppm"
  done)
  same "quality $quality, each file alone"
  check_regions "$quality"
  if [ "$emulated" -gt 0 ] && command -v qemu-x86_64 >/dev/null; then
    mkdir "$work/out"
    (cd "$work/aec" && for file in $(find . -name '*.aec' -printf '%s %f\n' | sort -n | head -n "$emulated" | cut -d' ' -f2-); do
      qemu-x86_64 -cpu Nehalem "$aecomp" decompress --quiet "$file" --metadata none -o "$work/out/${file%.aec}.ppm"
    done)
    cp "$work/reference" "$work/all"
    (cd "$work/out" && for file in *.ppm; do grep -F "  $file" "$work/all"; done) >"$work/reference"
    same "quality $quality, on an emulated Nehalem"
  fi
done
echo "$files files written, $compared images and $regions regions read: all pixels equal"
