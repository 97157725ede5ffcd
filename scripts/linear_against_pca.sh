#!/bin/sh
# Trains a linear autoencoder (784-128-784 on gray tiles of 28x28) and compares it with principal components at the same
# quantisation step on held-out images. Fails when it is more than 0.3 dB below them.
#
#   scripts/linear_against_pca.sh TRAINING_FOLDER HELD_OUT_FOLDER [BUILD_FOLDER]
#
# TIME: of training (default 4m). It starts from principal components of random crops of the same images, so this shows
# what training, noise and rounding of weights make of them; NO_START=1 starts from random weights instead.
set -eu
[ $# -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
training=$1 held_out=$2
source=$(cd "$(dirname "$0")/.." && pwd)
build=${3:-$source/build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "${NO_START:-}" ]; then
  sed '/"principal_components"/d; s/"analysis": 0.1, "synthesis": 0.1/"analysis": 2, "synthesis": 2/' \
    "$source/data/arch/linear_tiles.json" >"$work/linear.json"
else
  cp "$source/data/arch/linear_tiles.json" "$work/linear.json"
fi
"$build/aecomp" train "$training" --val "$held_out" --arch "$work/linear.json" --init none --tune psnr --time "${TIME:-4m}" \
  -o "$work/linear.aecm"
"$build/tests/linear_pca_bench" "$work/linear.aecm" "$held_out" "$training"
