#!/bin/bash
# Compresses only the images above a size, beside themselves, and leaves everything else alone.
#
#   scripts/compress_large.sh FOLDER [SIZE=1M] [-- OPTION...]
#   scripts/compress_large.sh photos 2.5M -- -q 70 --keep-time
#
# SIZE is in bytes, or with K, M, G (powers of 1000) or Ki, Mi, Gi. FOLDER is searched with all that is below it. The originals
# stay; images whose .aec exists are skipped, so that the script can be run again. The options go to aecomp compress.
# Environment: AECOMP=program, MODEL=file.aecm. Exit codes are those of aecomp: 1 if some file failed.
set -euo pipefail
usage() { sed -n '2,/^set/{/^set/!s/^# \?//p}' "$0" >&2; exit 2; }
[ $# -ge 1 ] && [ -d "$1" ] || usage
folder=$1 size=1M
shift
if [ $# -gt 0 ] && [ "$1" != -- ]; then size=$1 && shift; fi
[ "${1:---}" = -- ] || usage
options=("${@:2}")
[ -z "${MODEL:-}" ] || options+=(-m "$MODEL")
bytes=$(numfmt --from=auto -- "$size") || usage
case $folder in -*) folder=./$folder ;; esac # for find, a name and no option

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
is_image=('(' -iname '*.png' -o -iname '*.apng' -o -iname '*.jp[gefx2c]' -o -iname '*.jpeg' -o -iname '*.jfif' -o -iname '*.jif'
  -o -iname '*.mpo' -o -iname '*.j2[kc]' -o -iname '*.webp' -o -iname '*.tif' -o -iname '*.tiff' -o -iname '*.bmp' -o -iname '*.dib'
  -o -iname '*.p[pgnba]m' -o -iname '*.ras' -o -iname '*.sr' ')') # as aecomp compress -r
# The C locale lets the patterns match every name, also one that is not UTF-8.
# Of a link to a file, the file's size counts.
is_large=('(' -type f -size "+${bytes}c" -o -type l -xtype f -exec bash -c '(($(stat -L -c %s -- "$1") > $2))' _ '{}' "$bytes" ';' ')')
LC_ALL=C find -H "$folder" "${is_image[@]}" "${is_large[@]}" -print0 | LC_ALL=C sort -z >"$work/list"
if [ ! -s "$work/list" ]; then
  echo "no image above $bytes bytes in $folder"
  exit 0
fi

code=0
"${AECOMP:-aecomp}" compress --files-from "$work/list" --skip-existing --json "${options[@]}" >"$work/reports" || code=$?
# Reports come in the order of the list.
xargs -0 stat -L -c %s -- <"$work/list" | paste -d ' ' - "$work/reports" | awk '
  !/"status":"ok"/ { next }
  { match($0, /"bytes":[0-9]+/); after += substr($0, RSTART + 8, RLENGTH - 8); before += $1; ++n }
  END { printf "%d images compressed: %d -> %d bytes\n", n, before, after }'
exit "$code"
