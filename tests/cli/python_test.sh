# The Python package on the library's C interface: the program's files and pixels, Pillow, threads, errors.
. "$(dirname "$0")/lib.sh"
PYTHON=/usr/bin/python3
for module in numpy PIL; do
  "$PYTHON" -c "import $module" 2>/dev/null || skip "$PYTHON has no $module (Debian packages python3-numpy and python3-pil)"
done
LIBRARY=$(dirname "$AECOMP")/libaecomp.so.0
[ -f "$LIBRARY" ] || skip "no library $LIBRARY"
if grep -q '^CMAKE_CXX_FLAGS:.*-fsanitize' "$(dirname "$AECOMP")/CMakeCache.txt" 2>/dev/null; then skip "the library has a sanitizer in it, and Python has not"; fi
need_model
small_image small.ppm 90 70
export AECOMP_LIBRARY=$LIBRARY PYTHONPATH=$SOURCE/model/api/python PYTHONDONTWRITEBYTECODE=1
expect 0 "$PYTHON" "$SOURCE/tests/library/python_test.py" "$AECOMP" "$MODEL" small.ppm "${AECOMP_REPETITIONS:-64}"
cat "$LOGS/out"
# Without the library: a text that says what to do.
expect 1 env AECOMP_LIBRARY=/missing.so "$PYTHON" -c 'import aecomp'
expect_stderr 'AECOMP_LIBRARY'
finish
