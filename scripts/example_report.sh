#!/bin/bash
# Makes data/example_report.html: five pictures that this project draws, beside AVIF, JPEG XL, WebP and JPEG.
#
#   scripts/example_report.sh [OUT.html]
#
# In the environment: AECOMP, the program (build/release/aecomp); PYTHON (/usr/bin/python3).
# Debian: python3-numpy python3-pil libavif-bin libjxl-tools webp butteraugli.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath -m -- "${1:-$here/../data/example_report.html}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$here/../data/sample.png" "$folder/"
PYTHONDONTWRITEBYTECODE=1 "${PYTHON:-/usr/bin/python3}" - "$here/look" "$folder" <<'P'
import sys
from PIL import Image
sys.path.insert(0, sys.argv[1])
import skies
# Parts of 320x240 pixels around what is hard in each picture keep the page small.
parts = {"dusk": (0, 144), "mast": (192, 0), "bokeh": (96, 72), "moon": (192, 20)}
for name, pixels, _ in skies.draw():
    if name in parts:
        left, top = parts[name]
        Image.fromarray(pixels).crop((left, top, left + 320, top + 240)).save(f"{sys.argv[2]}/{name}.png")
P
cd "$folder"
"${AECOMP:-$here/../build/release/aecomp}" eval ./*.png --peers avif,jxl,webp,jpeg --report report.html >&2
cp report.html "$out"
