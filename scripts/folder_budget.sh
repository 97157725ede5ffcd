#!/bin/bash
# Compresses a folder with the highest quality, the same for all images, at which the .aec files together stay below a budget.
#
#   scripts/folder_budget.sh IMAGES ARCHIVE BYTES [-- OPTION...]
#   scripts/folder_budget.sh photos small 700M -- --keep-time
#
# BYTES may have a K, M, G (powers of 1000) or Ki, Mi, Gi; it is compared with the sum of the sizes of the files. ARCHIVE must
# not exist; it mirrors IMAGES. The options go to aecomp compress. Environment: AECOMP=program, MODEL=file.aecm.
# Exit code 1 if some file failed (the others are there), 2 if the budget is out of reach or the command is wrong.
#
# Method: the logarithm of the total is nearly a straight line over the quality. The first pass over the folder is at quality
# 50, the second where a line of the usual slope meets the budget, each further one where the line through the nearest
# totals on both sides does. It ends when the total is at most 3 % below the budget, or when the two sides are less than
# a step of the quantiser (100/112) apart. That takes two to four passes, eight at most; up to two copies of the archive exist
# meanwhile.
set -euo pipefail
usage() { sed -n '2,/^set/{/^set/!s/^# \?//p}' "$0" >&2; exit 2; }
[ $# -ge 3 ] && [ "${4:---}" = -- ] || usage
images=$1 archive=$2 options=("${@:5}")
[ -z "${MODEL:-}" ] || options+=(-m "$MODEL")
budget=$(numfmt --from=auto -- "$3") || usage
if [ -e "$archive" ] || [ -L "$archive" ]; then
  echo "$archive: exists; name a new folder" >&2
  exit 2
fi
mkdir -p "$(dirname -- "$archive")"
work=$(mktemp -d -- "$archive.XXXXXX") # beside the result, which is renamed into place
trap 'rm -rf -- "$work"' EXIT

# compress QUALITY: sets total. What fails, fails in every pass alike.
compress() {
  code=0
  "${AECOMP:-aecomp}" compress -r "$images" -O "$work/pass" -q "$1" --json --quiet "${options[@]}" >"$work/reports" || code=$?
  [ "$code" -le 1 ] || exit "$code"
  total=$(awk 'match($0, /"bytes":[0-9]+/) { n += substr($0, RSTART + 8, RLENGTH - 8) } END { printf "%d", n }' "$work/reports")
  echo "quality $1: $total bytes" >&2
  [ "$total" -gt 0 ] || exit 1
}

# next: where to try next, or nothing when there is no better place. low and high are 'quality total', or empty.
next() {
  awk -v budget="$budget" -v low="$low" -v high="$high" 'BEGIN {
    usual = 0.032; aim = log(0.985 * budget) # aims at the middle of what is good enough
    split(low, l, " "); split(high, h, " ")
    if (low != "" && (l[2] >= 0.97 * budget || l[1] >= 100)) exit
    if (high != "" && h[1] <= 0) exit
    if (low != "" && high != "") {
      gap = h[1] - l[1]
      if (gap < 100 / 112) exit
      q = l[1] + gap * (aim - log(l[2])) / (log(h[2]) - log(l[2]))
      q = q < l[1] + gap / 8 ? l[1] + gap / 8 : q > h[1] - gap / 8 ? h[1] - gap / 8 : q # never slower than that
    } else if (low != "") {
      q = l[1] + (aim - log(l[2])) / usual
    } else {
      q = h[1] - (log(h[2]) - aim) / usual
    }
    printf "%.2f", (q < 0 ? 0 : q > 100 ? 100 : q)
  }'
}

quality=50 low='' high=''
for pass in {1..8}; do
  compress "$quality"
  if [ "$total" -le "$budget" ]; then
    low="$quality $total" kept_code=$code
    rm -rf -- "$work/best" && mv -- "$work/pass" "$work/best"
  else
    high="$quality $total"
    rm -rf -- "$work/pass"
  fi
  quality=$(next)
  [ -n "$quality" ] || break
  [ "$pass" -lt 7 ] || [ -n "$low" ] || quality=0 # rather the smallest than none
done
if [ -z "$low" ]; then
  echo "$images: $budget bytes are out of reach: the lowest quality takes $total" >&2
  exit 2
fi
mv -T -- "$work/best" "$archive"
echo "$archive: quality ${low% *}, ${low#* } of $budget bytes"
exit "$kept_code"
