#!/bin/bash
# Training throughput of two processes with one thread each beside one process with two threads and the same whole batch, in turns:
# scripts/bench_mpi.sh [ROUNDS]   Needs a build with -DAECOMP_MPI=ON (its program in AECOMP, else build/mpi/aecomp) and mpirun.
# Bound to cores 0 and 1; prints images/s of every round and the ratio of the best ones. STEPS (40) says how long a round is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
aecomp=$(readlink -f "${AECOMP:-$here/../build/mpi/aecomp}") steps=${STEPS:-40}
ldd "$aecomp" | grep -q libmpi || { echo "bench_mpi.sh: $aecomp was built without MPI; configure with -DAECOMP_MPI=ON" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/images" && cp "$here/../data/sample.png" "$work/images/"
cd "$work"
common=(train images --patch 192 --steps "$steps" --quiet -f)

# rate LOG: images/s of the last report, which leaves the first steps out.
rate() {
  sed -n 's/.*"hours":\([^,]*\),"images_per_second":\([^,]*\),.*"step":\([0-9]*\).*/\3 \2/p' "$1" | tail -1 | awk '{ print $2 }'
}
one=0 two=0
for round in $(seq "${1:-3}"); do
  taskset -c 0,1 "$aecomp" "${common[@]}" --batch 6 -j 2 -o one.aecm
  taskset -c 0,1 mpirun -np 2 --oversubscribe --allow-run-as-root --bind-to none "$aecomp" "${common[@]}" --batch 3 -j 1 -o two.aecm
  a=$(rate one.aecm.log.jsonl) b=$(rate two.aecm.log.jsonl)
  echo "round $round: one process with two threads $a images/s, two processes with one thread $b"
  one=$(echo "$one $a" | awk '{ print ($1 > $2 ? $1 : $2) }') two=$(echo "$two $b" | awk '{ print ($1 > $2 ? $1 : $2) }')
done
awk -v a="$one" -v b="$two" 'BEGIN { printf "best of each: %.2f and %.2f images/s, %.2fx\n", a, b, b / a }'
