# Damaged .aec files with right checksums through every door: the program, C and Python, gdk-pixbuf, WebAssembly. Each
# ends with an error of one line or a picture, none with a crash.
. "$(dirname "$0")/lib.sh"
PYTHON=/usr/bin/python3 GOLDEN=$SOURCE/tests/golden BUILD=$(dirname "$AECOMP")
"$PYTHON" -c 'import numpy' 2>/dev/null || skip "$PYTHON has no NumPy (Debian package python3-numpy)"
MAKE=$SOURCE/tests/formats/hostile_aec.py MODEL=$GOLDEN/golden.aecm
mkdir bad
expect 0 "$PYTHON" "$MAKE" make "$GOLDEN"/{pixel,rgb-low,gray-deep,map,exact,near-base,tiles,filter}.aec bad || finish
count=$(ls bad | wc -l)

# The program: an exit code that the guide names, at most one line of error.
for file in bad/*.aec; do
  COMMANDS=$((COMMANDS + 1))
  timeout 60 "$AECOMP" decompress "$file" -m "$MODEL" --max-pixels 4194304 --max-side 40 -f -o out.png >"$LOGS/out" 2>"$LOGS/err"
  code=$?
  case $code in 0 | 3 | 4 | 5 | 8) ;; *) fail "exit code $code: $file" ;; esac
  [ $code -eq 0 ] || [ "$(grep -vc ': note: ' "$LOGS/err")" -eq 1 ] || fail "not one line of error: $file"
done
echo "the program: $count files"

if [ -f "$BUILD/libaecomp.so.0" ] && ! grep -q '^CMAKE_CXX_FLAGS:.*-fsanitize' "$BUILD/CMakeCache.txt" 2>/dev/null; then
  export AECOMP_LIBRARY=$BUILD/libaecomp.so.0 PYTHONPATH=$SOURCE/model/api/python PYTHONDONTWRITEBYTECODE=1
  expect 0 timeout 300 "$PYTHON" "$MAKE" python "$MODEL" bad && echo "C and Python: $(cat "$LOGS/out")"
else
  echo "SKIPPED: C and Python (no library $BUILD/libaecomp.so.0, or a sanitizer in it)"
fi

query=$(command -v gdk-pixbuf-query-loaders || ls /usr/lib/*/gdk-pixbuf-2.0/gdk-pixbuf-query-loaders 2>/dev/null | head -1)
if [ -f "$BUILD/libpixbufloader-aec.so" ] && [ -n "$query" ] && command -v gdk-pixbuf-thumbnailer update-mime-database >/dev/null; then
  mkdir -p share/mime/packages && cp "$SOURCE/app/desktop/aecomp.xml" share/mime/packages/
  update-mime-database share/mime 2>"$LOGS/err"
  "$query" "$BUILD/libpixbufloader-aec.so" >loaders.cache 2>"$LOGS/err"
  tried=0
  for file in bad/*[05].aec; do  # a fifth of them: every one is a process
    COMMANDS=$((COMMANDS + 1)) tried=$((tried + 1))
    XDG_DATA_DIRS=$WORK/share:/usr/share GDK_PIXBUF_MODULE_FILE=$WORK/loaders.cache timeout 60 gdk-pixbuf-thumbnailer -s 40 "$file" out.png >"$LOGS/out" 2>"$LOGS/err"
    code=$?
    [ $code -le 1 ] || fail "gdk-pixbuf ends with $code: $file"
  done
  echo "gdk-pixbuf: $tried files"
else
  echo "SKIPPED: gdk-pixbuf (Debian packages libgdk-pixbuf-2.0-dev, libgdk-pixbuf2.0-bin, shared-mime-info)"
fi

WEB=${AECOMP_WEB:-$SOURCE/build/web}  # of scripts/web.sh
if [ -f "$WEB/aecomp.wasm" ] && command -v node >/dev/null; then
  expect 0 timeout 300 node "$SOURCE/tests/web/decode_all.mjs" "$WEB" "$MODEL" bad && echo "WebAssembly: $(cat "$LOGS/out")"
else
  echo "SKIPPED: WebAssembly (scripts/web.sh, and the Debian package nodejs)"
fi
finish
