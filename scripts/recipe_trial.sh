#!/bin/bash
# One trial of the protocol that train/EXPERIMENTS.md compares settings by: the same images in the same order, the same time,
# the same judge. Prints a row of its table: loss of the held-out images in real bytes, steps, images a second. Trials
# compare only on one machine with nothing else on it; give the best ones another SEED, then MINUTES=90.
#
#   scripts/recipe_trial.sh TRAIN_FOLDER VALIDATION_FOLDER NAME [options of aecomp train]
#       MINUTES=20, or STEPS=N for as many as a network makes in that time: then other work only delays a trial
#       TUNE=psnr, which the losses of EXPERIMENTS.md are of, or visual
#       SEED=1 INIT=none (or a model) AECOMP=build/release/aecomp OUT=folder to keep model and log
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,10p' "$0"; exit 2; }
train=$1 valid=$2 name=$3
shift 3
aecomp=${AECOMP:-$(dirname "$0")/../build/release/aecomp}
work=${OUT:-$(mktemp -d)}
[ -n "${OUT:-}" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work"

limit=(--time "${MINUTES:-20}m") length="${MINUTES:-20} min"
[ -z "${STEPS:-}" ] || limit=(--steps "$STEPS") length="$STEPS steps"
"$aecomp" train "$train" --val "$valid" --init "${INIT:-none}" --tune "${TUNE:-psnr}" -o "$work/trial.aecm" -f "${limit[@]}" --seed "${SEED:-1}" \
  --patience 0 --validate-steps 0 --quiet --progress never "$@"
python3 - "$work/trial.aecm.log.jsonl" "$name" "$length" "${SEED:-1}" <<'PYTHON'
import json, sys

lines = [json.loads(line) for line in open(sys.argv[1])]
validations = [line for line in lines if "validation_loss" in line]
steps = [line for line in lines if "images_per_second" in line]
last = validations[-1]
rows = ", ".join(f"{row['bpp']:.3f} bpp {row['psnr']:.2f} dB" for row in last["validation"])
print(f"| {sys.argv[2]} | {sys.argv[3]} | {sys.argv[4]} | {last['step']} | {steps[-1]['images_per_second']:.0f} "
      f"| {last['validation_loss']:.4f} | {rows} |")
PYTHON
