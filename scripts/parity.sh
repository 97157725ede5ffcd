#!/usr/bin/env bash
# Outputs and every gradient of the C++ layers against PyTorch on the CPU, for every architecture of data/arch: a table,
# and exit code 1 when one differs by more than 1e-4 of its largest element. Needs a build and python3-torch; exits with
# 77 and says so where PyTorch is missing.
# usage: scripts/parity.sh [ARCH.json...]     BUILD=build/release PYTHON=python3
set -euo pipefail
cd "$(dirname "$0")/.."
dump=${NETWORK_DUMP:-${BUILD:-build/release}/tests/network_dump}
for python in ${PYTHON:-python3 /usr/bin/python3}; do
  "$python" -c 'import torch' 2>/dev/null && break
  python=
done
if [ -z "$python" ]; then
  echo "SKIPPED: PyTorch is missing, so the layers were compared with nothing; apt-get install python3-torch" >&2
  exit 77
fi
[ -x "$dump" ] || { echo "scripts/parity.sh: $dump is missing; build it first: cmake --build --preset release" >&2 && exit 2; }
[ $# -gt 0 ] || set -- data/arch/*.json
exec "$python" train/torch/parity.py "$dump" "$@"
