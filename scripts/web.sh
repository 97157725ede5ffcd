#!/bin/bash
# Builds the decoder for browsers: build/web holds a page that shows .aec files, and aec-images.js for pages of one's own.
#
#   scripts/web.sh [FOLDER]     FOLDER: where it goes, else build/web
#
# Needs em++ (Debian package emscripten). MODEL is the model that lies beside the page (data/release.aecm).
# Try it with `python3 -m http.server -d build/web` and a browser on http://localhost:8000/.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build/web} model=${MODEL:-data/release.aecm}
most_bytes=150000  # of the decoder
command -v em++ >/dev/null || { echo "web.sh: no em++: install the Debian package emscripten" >&2; exit 2; }
[ -f "$model" ] || { echo "web.sh: no model $model: name one in MODEL" >&2; exit 2; }
mkdir -p "$folder"
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT

# Speed for what runs for every pixel, few bytes for the rest. Without exceptions, memory that does not suffice ends the
# module, which decoder.js turns into an error.
for source in model/portable/*.cpp app/web/glue.cpp; do
  name=$(basename "$source" .cpp)
  case $name in
    main) continue ;;
    blocks | coarse | convolution | entropy | network_run | residual_* | synthesis | tile) optimise=-O2 ;;
    filter) optimise=-Os ;;  # vector code too, but once
    *) optimise=-Oz ;;
  esac
  em++ -std=c++17 $optimise -msimd128 -fno-exceptions -fno-rtti -Wall -Wextra -I. -c "$source" -o "$objects/$name.o"
done
# No JavaScript of Emscripten's is needed: decoder.js gives the module the little that it asks for.
em++ -Oz "$objects"/*.o -sSTANDALONE_WASM --no-entry -sMALLOC=emmalloc -sALLOW_MEMORY_GROWTH -sMAXIMUM_MEMORY=4GB \
  -sINITIAL_MEMORY=32MB -sFILESYSTEM=0 -sERROR_ON_UNDEFINED_SYMBOLS=0 -sWARN_ON_UNDEFINED_SYMBOLS=0 \
  -o "$folder/aecomp.wasm"
cp app/web/*.html app/web/*.css app/web/*.js "$folder/"
cp "$model" "$folder/release.aecm"
size=$(stat -c %s "$folder/aecomp.wasm")
echo "$folder: aecomp.wasm of $size bytes, the model beside it of $(stat -c %s "$folder/release.aecm")"
[ "$size" -le $most_bytes ] || { echo "web.sh: aecomp.wasm is larger than $most_bytes bytes" >&2; exit 1; }
