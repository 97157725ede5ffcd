#!/bin/bash
# Compresses a large folder with several jobs, on this machine, on many (GNU parallel) or as a Slurm array. In two steps:
#
#   scripts/parallel_compress.sh lists IMAGES LISTS COUNT        # makes the folder LISTS with COUNT lists of names
#   scripts/parallel_compress.sh run LISTS ARCHIVE [-- OPTION...]
#
#   scripts/parallel_compress.sh lists photos work 64 && scripts/parallel_compress.sh run work small -- -q 70
#   SSHLOGINS=host1,host2,: scripts/parallel_compress.sh run work small       # GNU parallel over ssh; : is this machine
#   sbatch --array=0-63 --cpus-per-task=8 scripts/parallel_compress.sh run work small
#
# ARCHIVE mirrors IMAGES. Images whose .aec exists are skipped, so that the same command goes on with what was stopped or
# failed. With several machines all paths, of this script too, must be the same on each (a shared file system). Without GNU
# parallel xargs -P does the same on this machine. The options go to aecomp compress.
#
# Environment: AECOMP=program, MODEL=file.aecm, JOBS=jobs a machine (default: a fourth of the cores; a job uses several).
# Exit code 0 if all is done, 1 if something failed, 2 for a wrong command.
#SBATCH --job-name=aecomp
set -euo pipefail
usage() { sed -n '2,/^#SBATCH/{/^#SBATCH/!s/^# \?//p}' "$0" >&2; exit 2; }
fail() { echo "parallel_compress: $*" >&2; exit 2; }

is_image=('(' -iname '*.png' -o -iname '*.apng' -o -iname '*.jp[gefx2c]' -o -iname '*.jpeg' -o -iname '*.jfif' -o -iname '*.jif'
  -o -iname '*.mpo' -o -iname '*.j2[kc]' -o -iname '*.webp' -o -iname '*.tif' -o -iname '*.tiff' -o -iname '*.bmp' -o -iname '*.dib'
  -o -iname '*.p[pgnba]m' -o -iname '*.ras' -o -iname '*.sr' ')') # as aecomp compress -r

# One list a task. Inputs that would share an output are found here: later they may be in different lists.
make_lists() {
  local images=$1 lists=$2 count=$3 twice
  [ -d "$images" ] || fail "$images: no such folder"
  [[ $count =~ ^[1-9][0-9]{0,3}$ ]] || fail "$count: the number of lists is 1 to 9999"
  mkdir -- "$lists" || exit 2
  ln -s -- "$(realpath -- "$images")" "$lists/images"
  # The C locale lets the patterns match every name, also one that is not UTF-8.
  (cd -- "$images" && LC_ALL=C find . -xtype f "${is_image[@]}" -print0) | LC_ALL=C sort -z >"$lists/all"
  [ -s "$lists/all" ] || { rm -r -- "$lists" && fail "$images: holds no images"; }
  twice=$(LC_ALL=C sed -z 's/\.[^./]*$//' "$lists/all" | LC_ALL=C sort -z | uniq -zd | tr '\0' '\n')
  printf '%s' "$twice" >"$lists/shared" # names without extension of images that would share an output
  [ -z "$twice" ] || echo "several images would share an output; run them with -- --keep-extension: $twice" >&2
  split -t '\0' -n "l/$count" -d -a 4 -- "$lists/all" "$lists/list." # whole names, neighbours together
  echo "$(tr -cd '\0' <"$lists/all" | wc -c) images in $count lists: tasks 0 to $((count - 1))"
}

# Names of one list in, a run of aecomp for each folder in it: what is in one folder stays together.
one_list() {
  local list=$1 archive=$2 folder='' name names=() status=0
  shift 2
  flush() {
    [ "${#names[@]}" -gt 0 ] || return 0
    printf '%s\0' "${names[@]}" |
      "$aecomp" compress --files-from - -O "$archive${folder#.}" --skip-existing "$@" || status=1
    names=()
  }
  cd -- "$(dirname -- "$list")/images"
  while IFS= read -r -d '' name; do
    [ "${name%/*}" = "$folder" ] || flush "$@"
    folder=${name%/*} names+=("$name")
  done <"$list"
  flush "$@"
  return "$status"
}

aecomp=${AECOMP:-aecomp}
[[ $aecomp != */* ]] || aecomp=$(realpath -- "$aecomp")
command=${1:-}
case $command in
  lists)
    [ $# -eq 4 ] || usage
    make_lists "${@:2}"
    ;;
  run | task)
    [ $# -ge 3 ] && [ "${4:---}" = -- ] || usage
    lists=$(realpath -- "$2") archive=$(realpath -m -- "$3") options=("${@:5}")
    ;;&
  run)
    [ ! -s "$lists/shared" ] || [[ " ${options[*]} " == *' --keep-extension '* ]] ||
      fail "several images would share an output; add -- --keep-extension, or part them: $(cat -- "$lists/shared")"
    [ -d "$lists/images" ] || fail "$2: holds no lists; make them with: $0 lists IMAGES $2 COUNT"
    [ -z "${MODEL:-}" ] || options+=(-m "$(realpath -- "$MODEL")")
    if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then
      list=$lists/list.$(printf %04d "$SLURM_ARRAY_TASK_ID")
      [ -e "$list" ] || fail "no list for task $SLURM_ARRAY_TASK_ID"
      one_list "$list" "$archive" -j "${SLURM_CPUS_PER_TASK:-0}" "${options[@]}"
      exit
    fi
    jobs=${JOBS:-$((($(nproc) + 3) / 4))}
    job=("$(realpath -- "$0")" task '{}' "$archive" -- -j "$((($(nproc) + jobs - 1) / jobs))" "${options[@]}")
    export AECOMP=$aecomp
    if [[ $(parallel --version 2>/dev/null) == GNU* ]]; then # moreutils has another program of that name
      printf '%s\0' "$lists"/list.???? |
        parallel -0 --will-cite -q -j "$jobs" ${SSHLOGINS:+-S "$SSHLOGINS" --env AECOMP} "${job[@]}" || exit 1
    else
      [ -z "${SSHLOGINS:-}" ] || fail "SSHLOGINS needs GNU parallel"
      printf '%s\0' "$lists"/list.???? | xargs -0 -P "$jobs" -I '{}' "${job[@]}" || exit 1
    fi
    ;;
  task) one_list "$lists" "$archive" "${options[@]}" ;;
  *) usage ;;
esac
