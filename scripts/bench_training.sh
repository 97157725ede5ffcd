#!/usr/bin/env bash
# Training steps of aecomp against PyTorch on the same architecture, batch and patch, alternating in one run.
# Then aecomp in bfloat16 against itself in f32, where the CPU has it.
# Needs python3-torch and libopenblas0-openmp for PyTorch.
# usage: scripts/bench_training.sh [ROUNDS=3] [ARCH=data/arch/prototype.json]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3} arch=${2:-data/arch/prototype.json}
build=${BUILD:-build/release}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(nproc)}
for _ in $(seq "$rounds"); do
  echo "aecomp   $("$build/tests/train_bench" "$arch" 5 192 20)"
  if fast=$("$build/tests/train_bench" "$arch" 5 192 20 bf16 2>/dev/null); then echo "bfloat16 $fast"; fi
  echo "PyTorch  $(${PYTHON:-/usr/bin/python3} train/torch/torch_twin.py bench "$arch" --batch 5 --patch 192 --steps 20)"
done | tee /dev/stderr | awk '
  $1 == "aecomp"  && $2 > a { a = $2 }
  $1 == "bfloat16" && $2 > b { b = $2 }
  $1 == "PyTorch" && $2 > p { p = $2 }
  END {
    printf "best of each: aecomp %.2f, PyTorch %.2f images/s: %.2fx\n", a, p, a / p
    if (b) printf "aecomp in bfloat16 %.2f images/s: %.2fx\n", b, b / a
  }'
