# Signals at random times, in batches both ways: every output that is there is whole, and no temporary file is left.
#   bash tests/cli/signals_test.sh build/release/aecomp [TIMES=2]: each signal, each way
. "$(dirname "$0")/lib.sh"
times=${2:-2}
need_model
compress_sample good.aec
expect 0 "$AECOMP" decompress good.aec -m "$MODEL" -o good.ppm
mkdir images archive
for i in $(seq 100 139); do ln -s "$SAMPLE" "images/$i.png" && ln -s ../good.aec "archive/$i.aec"; done

wrong=0 left=0 ended=0 completed=0
# once SIGNAL GOOD COMMAND...
once() {
  local signal=$1 good=$2 pid code file
  shift 2
  rm -rf out && mkdir out
  COMMANDS=$((COMMANDS + 1))
  "$@" >"$LOGS/out" 2>"$LOGS/err" &
  pid=$!
  sleep "$(printf '0.%04d' $((RANDOM % 9000 + 100)))"
  kill -"$signal" "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  code=$?
  case $code in
    130) ended=$((ended + 1)) ;;
    0) completed=$((completed + 1)) ;;
    # Before the program has installed its handlers it dies as any program does.
    *) [ "$code" -eq $((128 + $(kill -l "$signal"))) ] && [ -z "$(ls -A out)" ] && ended=$((ended + 1)) || fail "SIG$signal ends with $code" ;;
  esac
  for file in out/*; do
    [ ! -e "$file" ] || cmp -s "$file" "$good" || { wrong=$((wrong + 1)) && fail "SIG$signal: $file is wrong"; }
  done
  [ -z "$(ls -A out | grep '^\.')" ] || { left=$((left + 1)) && fail "SIG$signal: left behind: $(ls -A out | grep '^\.')"; }
}
for signal in HUP QUIT TERM INT; do
  for _ in $(seq "$times"); do
    once "$signal" good.aec "$AECOMP" compress images/*.png -m "$MODEL" -O out
    once "$signal" good.ppm "$AECOMP" decompress archive/*.aec -m "$MODEL" -O out --format ppm
  done
done
echo "$((ended + completed)) runs: $ended were ended, $completed were done before; $wrong wrong files, $left temporary files left"

# nohup: SIGHUP is ignored, and stays so.
rm -rf out
(
  trap '' HUP
  "$AECOMP" compress images/*.png -m "$MODEL" -O out 2>"$LOGS/err" &
  sleep 0.15
  kill -HUP $!
  wait $!
) || fail "SIGHUP ends a run that ignores it"
[ "$(find out -name '*.aec' | wc -l)" -eq 40 ] || fail "a run that ignores SIGHUP is not whole"

# A training run saves what it has.
mkdir train && cp "$SAMPLE" train/
for signal in HUP QUIT TERM INT; do
  COMMANDS=$((COMMANDS + 1))
  "$AECOMP" train train --arch "$SOURCE/data/arch/tiny.json" --init none --steps 1000000 --batch 1 --patch 64 --validate-steps 0 \
    -f -o "$signal.aecm" >"$LOGS/out" 2>"$LOGS/err" &
  pid=$!
  for _ in $(seq 600); do [ -e "$signal.aecm.log.png" ] && break || sleep 0.1; done
  sleep 1
  kill -"$signal" "$pid"
  wait "$pid"
  code=$?
  [ "$code" -eq 130 ] || fail "SIG$signal ends training with $code"
  grep -q 'interrupted at step [1-9][0-9]*; saved' "$LOGS/err" || fail "SIG$signal does not save a training run"
  expect_file "$signal.aecm"
done
[ -z "$(find . -name '.aecomp-*')" ] || fail "temporary files left: $(find . -name '.aecomp-*')"
finish
