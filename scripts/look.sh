#!/bin/bash
# Shows how pictures look: curves over photographs, smooth drawn pictures, sheets of crops; beside AVIF, JPEG XL, WebP, JPEG.
#
#   scripts/look.sh curves FOLDER|FILE... [options]   bytes at equal PSNR, MS-SSIM, Butteraugli, as BD-rates
#   scripts/look.sh skies [options]                   twelve drawn skies: bytes, errors where they are smooth, lattices in them
#   scripts/look.sh sheet OUT.png CROP... [options]   crops at equal bytes side by side; CROP is NAME=FILE@X,Y[,WxH]
#   scripts/look.sh SUBCOMMAND --help                 all options
#
# Any programs can be compared: --variant 'NAME: path/to/aecomp compress -q {q} {in} -o {out}', as often as wanted. Results are
# remembered in AECOMP_LOOK_CACHE (~/.cache/aecomp/look), so that a second variant costs only itself.
# In the environment: AECOMP, the program that is measured without --variant (build/release/aecomp); PYTHON (/usr/bin/python3).
# Debian: python3-numpy python3-pil butteraugli libavif-bin libjxl-tools webp.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-/usr/bin/python3}
"$python" -c 'import numpy, PIL' 2>/dev/null || {
  echo "look.sh: $python has no NumPy or no Pillow; apt-get install python3-numpy python3-pil" >&2
  exit 1
}
export AECOMP=${AECOMP:-$here/../build/release/aecomp}
case ${1:-} in
  curves | skies | sheet) exec "$python" "$here/look/look.py" "$@" ;;
  *) sed -n '2,14s/^# \?//p' "$0" >&2; exit 2 ;;
esac
