# Sourced by every *_test.sh with the path of aecomp as $1.
set -u
AECOMP=$(readlink -f "$1")
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SAMPLE=$SOURCE/data/sample.png
WORK=$(mktemp -d)
LOGS=$(mktemp -d)  # beside WORK, so that nothing of ours is taken for a leftover
FAILURES=0
COMMANDS=0
# No model that somebody installed.
export XDG_DATA_HOME=$LOGS/data
unset AECOMP_MODEL_PATH
trap 'chmod -R u+rwX "$WORK"; rm -rf "$WORK" "$LOGS"' EXIT
cd "$WORK" || exit 1

fail() {
  echo "FAILED: $*"
  sed 's/^/  stdout: /' "$LOGS/out" | head -5
  sed 's/^/  stderr: /' "$LOGS/err" | head -5
  FAILURES=$((FAILURES + 1))
}

finish() {
  [ "$FAILURES" -eq 0 ] || { echo "$FAILURES checks failed"; exit 1; }
  echo "all checks passed: $COMMANDS commands"
  exit 0
}

skip() {
  echo "SKIPPED: $*"
  exit 77
}

# expect CODE COMMAND...: the command ends with this code. Its output is in $LOGS/out and $LOGS/err.
expect() {
  local want=$1 got
  shift
  COMMANDS=$((COMMANDS + 1))
  "$@" >"$LOGS/out" 2>"$LOGS/err" </dev/null
  got=$?
  [ "$got" -eq "$want" ] || { fail "exit code $got instead of $want: $*"; return 1; }
}

# expect_refusal CODE PATTERN COMMAND...: this exit code, exactly one line on stderr that matches, nothing on stdout and no
# file left that was not there before.
expect_refusal() {
  local code=$1 pattern=$2 before
  shift 2
  before=$(find . | sort)
  expect "$code" "$@" || return
  [ "$(wc -l <"$LOGS/err")" -eq 1 ] || fail "not exactly one line on stderr: $*"
  grep -q "^aecomp: .*$pattern" "$LOGS/err" || fail "stderr does not match '$pattern': $*"
  [ ! -s "$LOGS/out" ] || fail "something on stdout: $*"
  [ "$(find . | sort)" = "$before" ] || fail "files left behind by: $* ($(find . -newer "$LOGS/err" | head -3))"
}

expect_stdout() { grep -q -- "$1" "$LOGS/out" || fail "stdout does not match '$1'"; }
expect_stderr() { grep -q -- "$1" "$LOGS/err" || fail "stderr does not match '$1'"; }
expect_file() { [ -s "$1" ] || fail "no file $1"; }
expect_no_file() { [ ! -e "$1" ] || fail "there is a file $1"; }
expect_equal() { cmp -s "$1" "$2" || fail "$1 and $2 differ"; }

# train_tiny SEED OUTPUT: a model of a few steps on the sample image.
train_tiny() {
  mkdir -p "$LOGS/train" && cp "$SAMPLE" "$LOGS/train/"
  "$AECOMP" train "$LOGS/train" --arch "$SOURCE/data/arch/tiny.json" --init none --steps 2 --batch 2 --patch 128 \
    --seed "$1" --log "$LOGS/train.jsonl" -f -o "$2" >"$LOGS/out" 2>"$LOGS/err"
}

# Sets MODEL to a tiny model, made once a build of the program.
need_model() {
  local cache
  cache=$(dirname "$AECOMP")/cli_test_model.aecm
  (
    flock 9
    [ "$cache" -nt "$AECOMP" ] || { train_tiny 1 "$LOGS/model" && mv "$LOGS/model" "$cache"; }
  ) 9>"$cache.lock"
  [ -s "$cache" ] || { fail "cannot train a model for the tests"; finish; }
  MODEL=$WORK/model.aecm
  cp "$cache" "$MODEL"
}

# compress_sample OUTPUT [OPTION...]
compress_sample() {
  local output=$1
  shift
  expect 0 "$AECOMP" compress "$SAMPLE" -m "$MODEL" -o "$output" "$@"
}

# flip FILE OFFSET: changes one byte.
flip() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
  printf "\\x$(printf %02x $((byte ^ 0x55)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

size_of() { stat -c %s "$1"; }

# small_image FILE WIDTH HEIGHT: a smooth PPM that differs everywhere.
small_image() {
  {
    printf 'P6\n%d %d\n255\n' "$2" "$3"
    awk -v w="$2" -v h="$3" 'BEGIN { for (y = 0; y < h; y++) for (x = 0; x < w; x++)
      printf "%02x%02x%02x\n", (x * 255 / w) % 256, (y * 255 / h) % 256, (x + 2 * y) % 256 }' | hex_to_bytes
  } >"$1"
}

# Hex digits to bytes with what every system has.
hex_to_bytes() { while read -r hex; do printf "\\x${hex:0:2}\\x${hex:2:2}\\x${hex:4:2}"; done; }

# psnr_of IMAGE QUALITY: what eval says, in hundredths of a dB.
psnr_of() {
  "$AECOMP" eval "$1" --qualities "$2" --no-codecs --metrics psnr --json -m "$MODEL" --quiet 2>"$LOGS/err" |
    sed -n 's/.*"type":"mean".*"psnr":\([0-9]*\)\.\([0-9][0-9]\).*/\1\2/p'
}
