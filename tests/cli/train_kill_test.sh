# A training run that is killed again and again ends in the same bytes as one that is not.
. "$(dirname "$0")/lib.sh"
mkdir images
for i in 1 2 3 4 5 6 7 8 9; do small_image "images/p$i.ppm" $((60 + 4 * i)) $((100 - 4 * i)); done
options="--arch $SOURCE/data/arch/tiny.json --init none --patch 64 --batch 2 --threads 1 --steps 60 --validate-steps 9 --checkpoint-steps 4"

# Of a whole run, in processor time: the machine may be busy with other things.
TIMEFORMAT='%U %S'
{ time "$AECOMP" train images $options --quiet -f -o timed.aecm >"$LOGS/out" 2>"$LOGS/err"; } 2>times
ticks=$(awk '{ print int(100 * ($1 + $2)) }' times)
expect 0 "$AECOMP" train images $options -o whole.aecm
expect_equal whole.aecm timed.aecm
expect_stderr 'BD-rate\|nothing better'
expect_file whole.aecm.log.png

# run_for TICKS OPTION...: kill -9 after so many hundredths of a second. What stands on the disk is whole at every moment.
killed=0
run_for() {
  local limit=$1 used
  shift
  "$AECOMP" train images "$@" --quiet -o parts.aecm >"$LOGS/out" 2>"$LOGS/err" &
  local pid=$!
  while used=$(awk '{ print $14 + $15 }' "/proc/$pid/stat" 2>/dev/null) && [ "${used:-0}" -lt "$limit" ]; do sleep 0.01; done
  kill -9 "$pid" 2>/dev/null && killed=$((killed + 1))
  wait "$pid" 2>/dev/null
  [ ! -e parts.aecm ] || expect 0 "$AECOMP" info parts.aecm
}
for _ in $(seq 10); do  # at random moments of the first quarter of a whole run, so that it does not end before
  moment=$((RANDOM * ticks / 131072))
  if [ -e parts.aecm.checkpoint ]; then
    run_for "$moment" --resume --threads 1 --checkpoint-steps 4
  else
    run_for "$moment" $options -f
  fi
done
# Killed each time before anything was saved: begun anew.
[ -e parts.aecm.checkpoint ] || expect 0 "$AECOMP" train images $options -f -o parts.aecm
expect 0 "$AECOMP" train images --resume --threads 1 -o parts.aecm
[ "$killed" -gt 3 ] || fail "only $killed runs were killed"
expect_equal whole.aecm parts.aecm

# Each step stands once in the log, in order.
sed -n 's/.*"loss".*"step":\([0-9]*\).*/\1/p' parts.aecm.log.jsonl >steps
sort -nu steps | cmp -s - steps || fail "the log repeats steps: $(tr '\n' ' ' <steps)"
finish
