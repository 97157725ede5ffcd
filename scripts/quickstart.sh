#!/bin/bash
# From a fresh clone to a picture that was compressed and restored: installs what is missing, builds, runs.
# Everything it makes is in build/release and out.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_packages $AECOMP_BUILD_PACKAGES
echo "building (build/release)"
{ cmake --preset release -DAECOMP_TESTS=OFF -DAECOMP_WERROR=OFF &&
  cmake --build --preset release --target aecomp; } >build.log 2>&1 || { tail -30 build.log; exit 1; }
mkdir -p out && mv build.log out/

aecomp=build/release/aecomp
if [ -z "$("$aecomp" model list 2>/dev/null | grep built-in)" ]; then
  echo "this clone has no released model (data/release.aecm); make one with"
  echo "  $aecomp train FOLDER --arch data/arch/release.json --init none -o data/release.aecm"
  exit 1
fi
echo "compressing and restoring data/sample.png"
"$aecomp" compress data/sample.png -o out/sample.aec -f
"$aecomp" decompress out/sample.aec -o out/sample.png -f
ls -l data/sample.png out/sample.aec out/sample.png | awk '{ printf "  %-20s %8d bytes\n", $NF, $5 }'
"$aecomp" eval data/sample.png --qualities 20,50,80 --no-codecs --quiet
echo "look at out/sample.png; the program is $aecomp"
echo "to put it in place: cmake --build --preset release && cmake --install build/release"
