#!/bin/bash
# Decodes every .aec of an archive without writing pictures, and lists the files that are damaged or cannot be decoded.
#
#   scripts/verify_archive.sh ARCHIVE [BAD_LIST=bad.list]
#   scripts/verify_archive.sh small bad.list || xargs -0 ls -l <bad.list
#
# What is wrong with each is said on stderr; BAD_LIST gets the names, each ended by NUL, and is empty when all is well.
# Files that memory does not suffice for are named on stderr and counted apart: nothing is known of them.
# Environment: AECOMP=program, MODEL=file.aecm for files whose model aecomp does not find by itself.
# Exit code 0 if all files are good, 1 if some are bad, 2 if nothing could be checked, 3 if none is bad but some could
# not be checked.
set -euo pipefail
[ $# -ge 1 ] && [ $# -le 2 ] || { sed -n '2,/^set/{/^set/!s/^# \?//p}' "$0" >&2; exit 2; }
archive=$1 bad_list=${2:-bad.list} options=() aecomp=${AECOMP:-aecomp}
[ -z "${MODEL:-}" ] || options+=(-m "$MODEL")
[ -e "$archive" ] || { echo "$archive: no such folder" >&2; exit 2; }
command -v "$aecomp" >/dev/null || { echo "$aecomp: no such program" >&2; exit 2; }
case $archive in -*) archive=./$archive ;; esac # for find, a name and no option

all=$(mktemp)
trap 'rm -f "$all"' EXIT
find -H "$archive" -xtype f -iname '*.aec' -print0 >"$all" || { echo "$archive: cannot be searched as a whole" >&2; exit 2; }

# verdict FILE REPORT: good, bad or unknown. Without a report, as after a run that was killed, the file is tried alone.
verdict() {
  local report=$2 code=0
  [ -n "$report" ] || report=$("$aecomp" info --verify --json "${options[@]}" -- "$1") || code=$?
  case $report in
    *'"verified":true'*) echo good && return ;;
    *'"exit_code":8'*) echo unknown && return ;;
  esac
  case $code in 8 | 126 | 127 | 130 | 137) echo unknown ;; *) echo bad ;; esac # no memory, no program, stopped, killed
}

checked=0 bad=0 unknown=0
{ exec 3>"$bad_list"; } 2>/dev/null || { echo "$bad_list: cannot be written" >&2; exit 2; }
# Some files a run, so that a list of any length fits on its command line. Reports come in the order of the files.
while readarray -d '' -n 200 -t files && [ "${#files[@]}" -gt 0 ]; do
  readarray -t reports < <("$aecomp" info --verify --json "${options[@]}" -- "${files[@]}")
  for i in "${!files[@]}"; do
    case $(verdict "${files[i]}" "${reports[i]:-}") in
      good) checked=$((checked + 1)) ;;
      bad) checked=$((checked + 1)) bad=$((bad + 1)) && printf '%s\0' "${files[i]}" >&3 ;;
      *) unknown=$((unknown + 1)) && echo "not checked: ${files[i]}" >&2 ;;
    esac
  done
done <"$all"

[ $((checked + unknown)) -gt 0 ] || { echo "$archive: holds no .aec files" >&2; exit 2; }
echo "$checked files checked, $bad bad"
[ "$unknown" -eq 0 ] || echo "$unknown files could not be checked; try again with more memory"
[ "$bad" -eq 0 ] || { echo "names of the bad files: $bad_list"; exit 1; }
[ "$unknown" -eq 0 ] || exit 3
