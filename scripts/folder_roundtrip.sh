#!/bin/bash
# A folder of images to .aec and back, with a report of what it cost: bytes, bits a pixel, PSNR, bytes saved.
#
#   scripts/folder_roundtrip.sh IMAGES ARCHIVE RESTORED [-- OPTION...]
#   scripts/folder_roundtrip.sh photos small back -- -q 30
#
# ARCHIVE and RESTORED mirror IMAGES. The report is ARCHIVE/report.csv, a line a file (names written as in JSON: \n for a
# line end); its totals are printed. The options go to aecomp compress; -f and --skip-existing (to go on with a run that was
# stopped) to aecomp decompress as well. Skipped files have no figures. Environment: AECOMP=program, MODEL=file.aecm.
# Exit code 1 if some file failed, 2 if nothing could be done.
set -euo pipefail
[ $# -ge 3 ] && [ "${4:---}" = -- ] || { sed -n '2,/^set/{/^set/!s/^# \?//p}' "$0" >&2; exit 2; }
images=$1 archive=$2 restored=$3 options=("${@:5}") both=()
aecomp=${AECOMP:-aecomp}
[ -z "${MODEL:-}" ] || options+=(-m "$MODEL") both+=(-m "$MODEL")
for option in "${options[@]}"; do
  case $option in -f | --force | --skip-existing) both+=("$option") ;; esac
done

# between FROM TO: sets REPLY to what stands in $report between the two, or to nothing.
between() {
  REPLY=
  [[ $report != *"$1"* ]] || { REPLY=${report#*"$1"} && REPLY=${REPLY%%$2*}; }
}

# A JSON report in, a line of the table out. Quotes within a name have a backslash before them in JSON and are doubled in
# CSV; '","' can only be the end of a name. One that is not UTF-8 cannot be told in JSON: its size stays empty, and
# it is left out of the totals.
table() {
  local report line name
  echo 'input,output,status,width,height,aec_bytes,bpp,psnr,input_bytes'
  while IFS= read -r report; do
    between '{"input":"' '","output":"' && name=$REPLY line="\"${REPLY//\\\"/\"\"}\""
    between '","output":"' '","status":"' && line+=",\"${REPLY//\\\"/\"\"}\""
    between '","status":"' '"' && line+=,$REPLY
    for key in width height bytes bpp psnr; do between "\"$key\":" '[,}]' && line+=,$REPLY; done
    printf -v name %b "${name//\\\"/\"}"
    printf '%s,%s\n' "$line" "$(stat -L -c %s -- "$name" 2>/dev/null || true)"
  done
}

reports=$(mktemp)
trap 'rm -f "$reports"' EXIT
code=0
"$aecomp" compress -r "$images" -O "$archive" --verify --json "${options[@]}" >"$reports" || code=$?
[ -s "$reports" ] && [ "$code" -ne 130 ] || exit "$code" # interrupted, or there is nothing to report
table <"$reports" >"$archive/report.csv"
"$aecomp" decompress -r "$archive" -O "$restored" "${both[@]}" || code=$?
[ "$code" -ne 130 ] || exit 130

awk -F, '
  $NF == "" { next }
  $(NF - 6) == "ok" { pixels += $(NF - 5) * $(NF - 4); aec += $(NF - 3); input += $NF; ++n }
  $(NF - 6) == "ok" && $(NF - 1) + 0 > 0 { psnr += $(NF - 1); ++finite }
  END {
    if (n == 0) { print "no image was compressed"; exit }
    printf "%d images, %.1f megapixels: %d -> %d bytes, %.1f %% saved, %.3f bpp, mean PSNR %.2f dB\n", n, pixels / 1e6, \
      input, aec, (input ? 100 * (1 - aec / input) : 0), 8 * aec / pixels, (finite ? psnr / finite : 0)
  }' "$archive/report.csv"
echo "report: $archive/report.csv"
[ "$code" -eq 0 ] || exit 1
