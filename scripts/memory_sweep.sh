#!/bin/bash
# How aecomp ends when memory is limited: `ulimit -v` from FIRST to LAST MB in steps of STEP; compress and decompress, one
# small picture, one of 2.4 megapixels, and four at once.
#
#   scripts/memory_sweep.sh [AECOMP]      FIRST=60 LAST=800 STEP=20 MODEL=file.aecm
#
# Prints a table of exit codes: 0 all done; 8 not enough memory; in a batch 1, when all that failed lacked memory; "-" when
# not even the libraries can be loaded, before the program begins. Anything else, a signal, a run of more than 60 s, an
# output that is not the whole right one, or another message than that of too little memory is marked with "!" and named
# below the table; then the exit code is 1. Needs no other program than the usual ones.
set -uo pipefail
aecomp=$(readlink -f "${1:-$(dirname "$0")/../build/release/aecomp}")
sample=$(cd "$(dirname "$0")/.." && pwd)/data/sample.png
first=${FIRST:-60} last=${LAST:-800} step=${STEP:-20} model=()
[ -z "${MODEL:-}" ] || model=(-m "$(readlink -f "$MODEL")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

stop() { echo "memory_sweep.sh: $*" >&2 && exit 2; }
run() { "$aecomp" "$@" "${model[@]}" --quiet || stop "without a limit this fails: aecomp $*"; }
run compress "$sample" -o small.aec
run decompress small.aec -o small.ppm
{ printf 'P6\n2000 1200\n255\n' && for _ in $(seq 25); do tail -c 294912 small.ppm; done; } | head -c 7200017 >large.ppm
mkdir pictures files back
cp small.ppm pictures/a.ppm && cp large.ppm pictures/b.ppm && cp large.ppm pictures/c.ppm && cp small.ppm pictures/d.ppm
run compress -r pictures -O files
run decompress files/*.aec --format ppm -O back

wrong=() runs=0
# limited MB NUMBER WANTED COMMAND...: sets cell.
limited() {
  local mb=$1 number=$2 wanted=$3 code fault='' whole=0 file
  shift 3
  rm -rf out
  runs=$((runs + 1))
  timeout 60 bash -c "ulimit -c 0 -v $((mb * 1000)) && exec \"\$@\"" - "$aecomp" "$@" "${model[@]}" -O out >log 2>errors </dev/null
  code=$?
  while read -r file; do
    if cmp -s "$file" "$wanted/${file##*/}"; then whole=$((whole + 1)); else fault="$file is not whole"; fi
  done < <(find out -type f 2>/dev/null)
  cell=$code
  case $code in
    0) [ "$whole" -eq "$number" ] || fault="exit 0, but $whole of $number outputs" ;;
    8) grep -q '^aecomp: .*not enough memory' errors || fault="exit 8 without its message" ;;
    1) [ "$number" -gt 1 ] && ! grep '^aecomp: ' errors | grep -qv 'not enough memory\|of [0-9]* files failed' || fault="exit 1: $(tail -1 errors)" ;;
    127) cell=- && grep -q 'error while loading shared libraries' errors && [ "$whole" -eq 0 ] || fault="exit 127: $(tail -1 errors)" ;;
    124) fault="no end within 60 s" ;;
    *) fault="exit $code: $(tail -1 errors)" ;;
  esac
  [ -z "$fault" ] || { cell="$cell!" && wrong+=("$mb MB: aecomp $*: $fault"); }
}
printf '%6s  %31s  %31s\n' '' compress decompress
printf '%6s  %9s %10s %10s  %9s %10s %10s\n' MB small large four small large four
for mb in $(seq "$first" "$step" "$last"); do
  printf '%6d ' "$mb"
  limited "$mb" 1 files compress pictures/a.ppm && printf ' %9s' "$cell"
  limited "$mb" 1 files compress pictures/b.ppm && printf ' %10s' "$cell"
  limited "$mb" 4 files compress pictures/*.ppm && printf ' %10s ' "$cell"
  limited "$mb" 1 back decompress files/a.aec --format ppm && printf ' %9s' "$cell"
  limited "$mb" 1 back decompress files/b.aec --format ppm && printf ' %10s' "$cell"
  limited "$mb" 4 back decompress files/*.aec --format ppm && printf ' %10s\n' "$cell"
done
for fault in ${wrong[@]+"${wrong[@]}"}; do echo "WRONG: $fault"; done
echo "$runs runs, ${#wrong[@]} wrong"
[ "${#wrong[@]}" -eq 0 ]
