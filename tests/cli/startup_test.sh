# What answers from a header must not load OpenCV; there is one OpenMP runtime only.
. "$(dirname "$0")/lib.sh"
need_model
compress_sample a.aec

for arguments in "--version" "--help" "info a.aec"; do
  LD_DEBUG=files "$AECOMP" $arguments >"$LOGS/out" 2>"$LOGS/err" || fail "aecomp $arguments"
  if grep -q 'file=libopencv' "$LOGS/err"; then fail "aecomp $arguments loads OpenCV"; fi
done
small_image small.ppm 64 64
LD_DEBUG=files "$AECOMP" compress small.ppm -m "$MODEL" >"$LOGS/out" 2>"$LOGS/err" || fail "compress small.ppm"
if grep -q 'file=libopencv' "$LOGS/err"; then fail "a PPM needs OpenCV"; fi

LD_DEBUG=files "$AECOMP" eval "$SAMPLE" -m "$MODEL" --qualities 50 --peers jpeg --metrics psnr >"$LOGS/out" 2>"$LOGS/err" || fail "eval"
# TBB asks for libiomp5 by name; only what gets a link map is loaded.
grep -q 'file=libopencv' "$LOGS/err" || fail "cannot see what is loaded"
[ "$(grep -o 'file=lib\(gomp\|omp\|iomp5\)[a-z0-9.]* .*generating' "$LOGS/err" | sort -u | wc -l)" -eq 1 ] || fail "several OpenMP runtimes"
finish
