#!/bin/bash
# One run of aecomp over many images beside one run an image, and beside what network and entropy coder do alone.
#
#   scripts/bench_batch.sh PHOTOS [AECOMP]      COUNT=500 SINGLES=50 ROUNDS=3 MODEL=file.aecm QUALITY=50
#
# PHOTOS is a folder of images of the size in question (Kodak: 768x512); links with other names make COUNT of them, so that
# nothing is copied. The archive and the restored PNG (about 1.2 MB an image) go to a folder below TMPDIR. Measured, each
# as megapixels a second of wall time:
#
#   batch      one run over all COUNT images: reading, network, coder, writing, start-up and all
#   singles    SINGLES runs with one image each, one after the other; as a rate this is also that of COUNT runs
#   yardstick  network and coder alone: as many 'aecomp eval -j1' at the same time as there are cores, each on its share of
#              the photographs; their rates (clocked around coding in memory, without files) added up. Nothing is faster
#              than one image a core without any waiting, and all cores are as hot and as short of memory bandwidth as in
#              the batch. The first image of each process, which pays for the setting up, is left out. Against the
#              yardstick speaks that a core that computes PSNR and MS-SSIM meanwhile does not compete for memory.
#
# The three take turns ROUNDS times and the best of each counts. Ratios within one run mean something, rates do not: they are
# this machine's on this day. Stop other work first: the load at the start is printed.
set -euo pipefail
[ $# -ge 1 ] && [ -d "$1" ] || { sed -n '2,/^set/{/^set/!s/^# \?//p}' "$0" >&2; exit 2; }
photos=$(realpath -- "$1")
aecomp=$(realpath -- "${2:-$(dirname "$0")/../build/release/aecomp}")
count=${COUNT:-500} singles=${SINGLES:-50} rounds=${ROUNDS:-3} quality=${QUALITY:-50} cores=$(nproc)
[ "$singles" -le "$count" ] || singles=$count
model=()
[ -z "${MODEL:-}" ] || model=(-m "$(realpath -- "$MODEL")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

readarray -d '' -t files < <(find "$photos" -maxdepth 1 -type f \
  '(' -iname '*.png' -o -iname '*.jpg' -o -iname '*.jpeg' -o -iname '*.webp' -o -iname '*.p[pgn]m' ')' -print0 | sort -z)
[ "${#files[@]}" -ge "$cores" ] || { echo "$photos: at least $cores images are needed, one a core" >&2; exit 2; }
mkdir images shares
for ((i = 0; i < count; ++i)); do
  file=${files[i % ${#files[@]}]}
  ln -s "$file" "images/$(printf %05d "$i").${file##*.}"
done
printf '%s\0' images/* >all
readarray -d '' -t images <all
# Each core's share of the photographs: at least four, so that leaving out the first leaves something to measure.
for ((i = 0; i < ${#files[@]} || i < 4 * cores; ++i)); do
  file=${files[i % ${#files[@]}]}
  mkdir -p "shares/$((i % cores))" && ln -s "$file" "shares/$((i % cores))/$(printf %05d "$i").${file##*.}"
done

now() { date +%s.%N; }
# seconds COMMAND...: sets REPLY to the wall time it takes.
seconds() {
  local start
  start=$(now)
  "$@"
  REPLY=$(awk -v a="$start" -v b="$(now)" 'BEGIN { print b - a }')
}
# megapixels REPORTS: of all files in JSON reports.
megapixels() {
  awk 'match($0, /"width":[0-9]+/) { w = substr($0, RSTART + 8, RLENGTH - 8) }
       match($0, /"height":[0-9]+/) { n += w * substr($0, RSTART + 9, RLENGTH - 9) } END { print n / 1e6 }' "$1"
}

compress_batch() { "$aecomp" compress --files-from all -O archive -q "$quality" --json --quiet "${model[@]}" >reports; }
decompress_batch() { "$aecomp" decompress archive/* -O restored --json --quiet "${model[@]}" >reports; }
compress_singles() {
  local i
  for ((i = 0; i < singles; ++i)); do
    "$aecomp" compress "${images[i]}" -O one -q "$quality" --json --quiet "${model[@]}"
  done >reports
}
decompress_singles() {
  local file
  for file in one/*; do "$aecomp" decompress "$file" -O two --json --quiet "${model[@]}"; done >reports
}
# Lines 'compress|decompress MP/s': the sum over the cores.
yardstick() {
  local share pids=()
  for share in shares/*; do
    "$aecomp" eval "$share" --qualities "$quality" --no-codecs --metrics psnr -j1 --json --quiet "${model[@]}" >"$share.json" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
  awk 'function number(key) { match($0, "\"" key "\":[-+.0-9e]+"); return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) }
       FNR == 1 { if (e > 0) { es += p / e; ds += p / d } p = e = d = 0; next }  # the first image sets everything up
       /"type":"image"/ { p += number("width") * number("height") / 1e6; e += number("encode_seconds"); d += number("decode_seconds") }
       END { print "compress yardstick", es + p / e; print "decompress yardstick", ds + p / d }' shares/*.json
}
# measure COMMAND KIND FUNCTION: a line 'COMMAND KIND MP/s'.
measure() {
  seconds "$3"
  awk -v what="$1 $2" -v p="$(megapixels reports)" -v s="$REPLY" 'BEGIN { print what, p / s }'
}

echo "$(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'), $cores cores; load $(cut -d ' ' -f 1 /proc/loadavg); $("$aecomp" --version | head -1)"
echo "$count images of ${#files[@]} photographs, $singles single runs, -q $quality, best of $rounds rounds"
for ((round = 0; round < rounds; ++round)); do
  rm -rf archive restored one two
  yardstick
  measure compress batch compress_batch
  measure compress singles compress_singles
  measure decompress batch decompress_batch
  measure decompress singles decompress_singles
done | tee rates >&2

awk '
  $3 > best[$1, $2] { best[$1, $2] = $3 }
  function row(what,  b, y, s) {  # the names after the gap are local
    b = best[what, "batch"]; y = best[what, "yardstick"]; s = best[what, "singles"]
    printf "%-11s %9.2f %9.2f %9.2f %15.1f %% %15.2fx   %s\n", what, b, y, s, 100 * b / y, b / s, \
      (b >= 0.85 * y ? "met" : "missed") ", " (b >= 1.5 * s ? "met" : "missed")
  }
  END {
    print "MP/s            batch yardstick   singles   batch/yardstick    batch/singles   bars: 85 %, 1.5x"
    row("compress"); row("decompress")
  }' rates
