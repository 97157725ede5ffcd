# Every single allocation of `info` of a small file fails once, and every 97th of compress and decompress, of PNG and of
# JPEG: no signal, no hang, exit 0 or exit 8. STEP=1: all of them, which takes an hour.
. "$(dirname "$0")/lib.sh"
need_model
preload=$(dirname "$AECOMP")/tests/libfailing_allocations.so
[ -e "$preload" ] || { echo "SKIPPED: $preload was not built"; exit 77; }
[ "$(uname -s)" = Linux ] || { echo "SKIPPED: needs glibc"; exit 77; }

# each STEP OUTPUT COMMAND...: all runs of a command, whose output is OUTPUT.
each() {
  local step=$1 output=$2
  shift 2
  expect 0 timeout 500 env LD_PRELOAD="$preload" FAIL_STEP="${STEP:-$step}" FAIL_OUTPUT="$output" OMP_NUM_THREADS=1 "$@"
  echo "$2: $(tail -n 1 "$LOGS/out")"
}

/usr/bin/python3 - <<'P' || skip "needs python3-pil"
from PIL import Image
picture = Image.new("RGB", (24, 20))
picture.putdata([(x * 9, y * 11, x * y % 256) for y in range(20) for x in range(24)])
picture.save("a.png")
P
expect 0 "$AECOMP" compress a.png -m "$MODEL" -o a.aec
expect 0 "$AECOMP" decompress a.aec -m "$MODEL" -o a.jpg
each 1 none "$AECOMP" info a.aec -m "$MODEL"
each 97 back.png "$AECOMP" decompress a.aec -m "$MODEL" -o back.png --quiet
each 97 b.aec "$AECOMP" compress a.png -m "$MODEL" -o b.aec --quiet
each 197 c.aec "$AECOMP" compress a.jpg -m "$MODEL" -o c.aec --quiet
finish
