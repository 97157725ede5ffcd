#!/bin/bash
# A model for one kind of image, from making the images to the table:
#   scripts/domain_example.sh microscopy|text [MINUTES [options of aecomp train]]
# Generates images to train on and others to measure on, fine-tunes the built-in model for MINUTES (30) and compares both models with AVIF
# (for text with lossless WebP too) at equal PSNR. Run again, it keeps what is there. In the environment: AECOMP, the program
# (build/release/aecomp); OUT, a folder for everything (domain-example); THREADS (all); TUNE (psnr, as the table compares at equal PSNR); PYTHON (/usr/bin/python3), with NumPy and Pillow.
# Debian: python3-numpy python3-pil libavif-bin webp, and for text the fonts that scripts/domains/text_pages.py names.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
domain=${1:-} minutes=${2:-30} options=("${@:3}")
aecomp=${AECOMP:-$here/../build/release/aecomp} python=${PYTHON:-/usr/bin/python3}
out=${OUT:-domain-example}/$domain

case $domain in
  microscopy) make=("$here/domains/microscopy.py") other=() compare=() ;;
  text) make=("$here/domains/text_pages.py") other=(--held-out) compare=(--lossless "$aecomp") ;;
  *) sed -n '2,7s/^# //p' "$0" >&2; exit 2 ;;
esac
for tool in "$aecomp" "$python" avifenc avifdec cwebp; do
  command -v "$tool" >/dev/null || { echo "domain_example.sh: $tool is missing; see the top of this script" >&2; exit 1; }
done

mkdir -p "$out"
[ -d "$out/heldout" ] || { "$python" "${make[@]}" "$out/heldout.part" --count 10 --seed 4 "${other[@]}"; mv "$out/heldout.part" "$out/heldout"; }
[ -d "$out/train" ] || { "$python" "${make[@]}" "$out/train.part" --count 120 --seed 1; mv "$out/train.part" "$out/train"; }
[ -e "$out/tuned.aecm" ] || "$aecomp" train "$out/train" --time "${minutes}m" --tune "${TUNE:-psnr}" -o "$out/tuned.aecm" -j "${THREADS:-0}" "${options[@]}"
eval=("$aecomp" eval "$out/heldout" --no-codecs -f -j "${THREADS:-0}")
[ -s "$out/released.csv" ] || "${eval[@]}" --csv "$out/released.csv" >"$out/released.txt"
[ "$out/tuned.csv" -nt "$out/tuned.aecm" ] || "${eval[@]}" -m "$out/tuned.aecm" --csv "$out/tuned.csv" >"$out/tuned.txt"
"$python" "$here/domains/compare.py" "$out/heldout" --released "$out/released.csv" --tuned "$out/tuned.csv" "${compare[@]}" | tee "$out/table.txt"
