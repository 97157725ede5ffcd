#!/bin/bash
# Times whole processes on one photograph, in one run: aecomp beside AVIF, WebP and JPEG XL tools, best of RUNS each. The
# others get the lowest quality at which their PSNR is not below that of aecomp.
#
#   scripts/bench_speed.sh PHOTO [AECOMP]      RUNS=3 MEGAPIXELS=2 QUALITY=50 MODEL=file.aecm THREADS=N
#
# Ratios within one run mean something, times do not: they are this machine's on this day. Stop other work first. Peers
# that are not installed are left out (Debian: libavif-bin webp libjxl-tools).
set -euo pipefail
photo=${1:?usage: scripts/bench_speed.sh PHOTO [AECOMP]}
aecomp=$(readlink -f "${2:-$(dirname "$0")/../build/release/aecomp}")
runs=${RUNS:-3} megapixels=${MEGAPIXELS:-2} threads=${THREADS:-$(nproc)}
quality=${QUALITY:-50} model=${MODEL:+-m $(readlink -f "$MODEL")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

photo=$(readlink -f "$photo")
cd "$work"

# make_large IN.ppm OUT.ppm: mirrored side by side until it is large enough, then cut. Scaling would make it smooth.
make_large() {
  python3 - "$1" "$2" "$megapixels" <<'PYTHON'
import sys

def read(path):
    data = open(path, "rb").read()
    fields, at = [], 0
    while len(fields) < 4:
        while data[at : at + 1].isspace():
            at += 1
        start = at
        while not data[at : at + 1].isspace():
            at += 1
        fields.append(data[start:at])
    if fields[0] != b"P6":
        sys.exit("not a colour photograph")
    width, height = int(fields[1]), int(fields[2])
    pixels = data[at + 1 :]
    return width, height, [pixels[3 * width * y : 3 * width * (y + 1)] for y in range(height)]

def mirrored(row):
    return b"".join(row[i : i + 3] for i in range(len(row) - 3, -1, -3))

width, height, rows = read(sys.argv[1])
want_width = round((float(sys.argv[3]) * 1e6 * 3 / 2) ** 0.5)
want_height = round(want_width * 2 / 3)
while width < want_width:
    rows = [row + mirrored(row) for row in rows]
    width *= 2
while height < want_height:
    rows += rows[::-1]
    height *= 2
with open(sys.argv[2], "wb") as file:
    file.write(b"P6\n%d %d\n255\n" % (want_width, want_height))
    file.write(b"".join(row[: 3 * want_width] for row in rows[:want_height]))
PYTHON
}
has() { command -v "$1" >/dev/null; }
has cwebp && has dwebp || { echo "needs cwebp and dwebp (package webp) to convert the photograph"; exit 1; }
cwebp -quiet -lossless -z 0 "$photo" -o photo.webp && dwebp -quiet photo.webp -ppm -o original.ppm
make_large original.ppm photo.ppm
cwebp -quiet -lossless -z 0 photo.ppm -o photo.webp && dwebp -quiet photo.webp -o photo.png
read -r width height < <(sed -n 2p photo.ppm)

# psnr FILE.ppm: against the photograph, in dB.
psnr() {
  python3 - photo.ppm "$1" <<'PYTHON'
import math, sys

a, b = (open(path, "rb").read().split(b"\n255\n", 1)[1] for path in sys.argv[1:])
assert len(a) == len(b)
squares = sum((x - y) * (x - y) for x, y in zip(a, b))
print("%.2f" % (10 * math.log10(255**2 * len(a) / squares) if squares else 99))
PYTHON
}
names=() commands=() outputs=() reached=()
add() { names+=("$1") outputs+=("$2") commands+=("$3") reached+=("$4"); }

encode="$aecomp compress photo.png -f --quiet -q $quality -o a.aec -j $threads $model"
$encode && $aecomp decompress a.aec -f --quiet -o a.ppm $model
target=$(psnr a.ppm)
add "aecomp compress -q $quality" a.aec "$encode" "$target"
add "aecomp decompress, ppm" a.ppm "$aecomp decompress a.aec -f --quiet -o a.ppm -j $threads $model" ""
add "aecomp decompress, png" a.png "$aecomp decompress a.aec -f --quiet -o a.png -j $threads $model" ""

# equal WORST BEST ENCODE TO_PPM OUTPUT: adds the encoder with the worst setting, @ in ENCODE, that reaches the target.
# TO_PPM makes p.ppm of the OUTPUT.
equal() {
  local worst=$1 best=$2 at got encode=$3
  while [ "$worst" -ne "$best" ]; do
    [ "$best" -gt "$worst" ] && at=$(((worst + best) / 2)) || at=$(((worst + best + 1) / 2))
    ${encode//@/$at} >log 2>&1 && eval "$4" >log 2>&1
    got=$(psnr p.ppm)
    if awk "BEGIN { exit !($got >= $target) }"; then
      best=$at
    elif [ "$best" -gt "$worst" ]; then
      worst=$((at + 1))
    else
      worst=$((at - 1))
    fi
  done
  ${encode//@/$best} >log 2>&1 && eval "$4" >log 2>&1
  add "${encode//@/$best}" "$5" "${encode//@/$best}" "$(psnr p.ppm)"
  names[-1]=${names[-1]/ photo.png/}
}
if has avifenc; then
  equal 63 0 "avifenc -s 6 -j $threads --min @ --max @ photo.png a.avif" \
    "avifdec a.avif p.png && cwebp -quiet -lossless -z 0 p.png -o p.webp && dwebp -quiet p.webp -ppm -o p.ppm" a.avif
  add "avifdec -j $threads, y4m" avif.y4m "avifdec -j $threads a.avif avif.y4m" ""
  add "avifdec -j $threads, png" avif.png "avifdec -j $threads a.avif avif.png" ""
fi
equal 0 100 "cwebp -quiet -mt -q @ photo.png -o a.webp" "dwebp -quiet a.webp -ppm -o p.ppm" a.webp
add "dwebp -mt, ppm" webp.ppm "dwebp -quiet -mt a.webp -ppm -o webp.ppm" ""
if has cjxl; then
  equal 1 99 "cjxl --quiet --num_threads=$threads -q @ photo.png a.jxl" "djxl a.jxl p.ppm" a.jxl
  add "djxl --num_threads=$threads, ppm" jxl.ppm "djxl --quiet --num_threads=$threads a.jxl jxl.ppm" ""
fi

# Best of the runs, in microseconds; the runs go round all commands, so that a disturbance meets all of them.
best=()
for run in $(seq "$runs"); do
  for i in "${!commands[@]}"; do
    start=${EPOCHREALTIME/[.,]/}
    ${commands[i]} >log 2>&1 || { echo "failed: ${commands[i]}"; cat log; exit 1; }
    elapsed=$((${EPOCHREALTIME/[.,]/} - start))
    [ "$run" -gt 1 ] && [ "${best[i]}" -le "$elapsed" ] || best[i]=$elapsed
  done
done

grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //' || true
echo "$(nproc) cores, $threads threads, load $(cut -d' ' -f1 /proc/loadavg); ${width}x${height}, best of $runs, whole processes"
printf '%-50s %9s %8s %8s %9s %12s\n' command bytes 'PSNR dB' MP/s time vs\ aecomp
for i in "${!commands[@]}"; do
  own=1
  [ -z "${reached[i]}" ] || own=0  # an encoder
  awk -v n="${names[i]}" -v b="$(stat -c %s "${outputs[i]}")" -v d="${reached[i]}" -v t="${best[i]}" -v o="${best[own]}" \
    -v p=$((width * height)) \
    'BEGIN { printf "%-50s %9d %8s %8.2f %7.3f s %11.2fx\n", n, b, d, p / t, t / 1e6, t / o }'
done
