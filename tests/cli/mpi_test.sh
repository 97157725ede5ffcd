# Training by several processes: the same steps as one with the whole batch, one writer, an end for all when one fails.
. "$(dirname "$0")/lib.sh"
mkdir images && cp "$SAMPLE" images/
tiny="--arch $SOURCE/data/arch/tiny.json --init none --patch 64 --quiet -j 1"
factorized="--arch $SOURCE/data/arch/conv_small.json --init none --patch 64 --quiet -j 1"
tiles="--arch $SOURCE/data/arch/linear_tiles.json --init none --patch 56 --quiet -j 1"
two="mpirun -np 2 --oversubscribe --allow-run-as-root --bind-to none"
if ! ldd "$AECOMP" | grep -q libmpi; then
  expect_refusal 2 'without MPI.*AECOMP_MPI' env OMPI_COMM_WORLD_SIZE=2 "$AECOMP" train images $tiny --steps 1 -o m.aecm
  finish
fi
command -v mpirun >/dev/null || skip "no mpirun"

# last KEY LOG: that value in the last line that has a loss.
last() { grep '"loss"' "$2" | tail -1 | sed "s/.*\"$1\":\([^,}]*\).*/\1/"; }
# near A B TOLERANCE, relative
near() { awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(a != "" && b != "" && d <= t * a) }'; }
# same NAME STEPS TOLERANCE OPTION...: one process with six crops and two with three end with the same figures.
same() {
  local name=$1 steps=$2 tolerance=$3 key a b
  shift 3
  expect 0 "$AECOMP" train images "$@" --batch 6 --steps "$steps" -o "one$name.aecm"
  expect 0 $two "$AECOMP" train images "$@" --batch 3 --steps "$steps" -o "two$name.aecm"
  for key in loss bpp norm; do
    a=$(last $key "one$name.aecm.log.jsonl") b=$(last $key "two$name.aecm.log.jsonl")
    near "$a" "$b" "$tolerance" || fail "$name: $key after $steps steps: $a in one process, $b in two"
  done
  [ "$(grep -c '"loss"' "two$name.aecm.log.jsonl")" -eq 1 ] || fail "$name: not one line in the log: two processes write"
}

# One step compares gradients, more of them what is done with those.
for steps in 1 2 15; do
  same $steps $steps "$([ $steps -eq 1 ] && echo 0.00002 || echo 0.002)" $tiny
done
expect 0 "$AECOMP" train images $tiny --batch 3 --steps 1 -o half.aecm
near "$(last norm one1.aecm.log.jsonl)" "$(last norm half.aecm.log.jsonl)" 0.002 && fail "half of the batch has the same gradient: this test sees nothing"
same noise 2 0.002 $tiny --noise 20
same factorized 1 0.00002 $factorized
same factorized15 15 0.002 $factorized
same tiles 2 0.002 $tiles

# Sizes that nobody gave are alike in all of them; the log says how many there are.
expect 0 $two "$AECOMP" train images --arch "$SOURCE/data/arch/conv_small.json" --init none -j 1 --steps 1 -o auto.aecm
expect_stderr 'steps of 12 crops of 192x192 pixels, shared by 2 processes'
[ "$(grep -c 'use it: ' "$LOGS/err")" -eq 1 ] || fail "not one of the processes talks"
grep -q '"processes":2' auto.aecm.log.jsonl || fail "the log does not name the processes"

# What only the first one measures stops all of them, where it stops one process.
mkdir held && for i in 1 2 3 4 5 6 7 8 9; do small_image "held/p$i.ppm" $((60 + 4 * i)) $((100 - 4 * i)); done
stale="$tiny --lr 1e-9 --validate-steps 3 --patience 2 --steps 30"
expect 0 "$AECOMP" train held $stale --batch 4 -o one.aecm
expect 0 $two "$AECOMP" train held $stale --batch 2 -o two.aecm
[ "$(last step two.aecm.log.jsonl)" = "$(last step one.aecm.log.jsonl)" ] || fail "patience: other steps than in one process"
[ "$(last step two.aecm.log.jsonl)" -lt 30 ] || fail "patience does not stop two processes"
expect 0 $two "$AECOMP" train held $tiny --batch 2 --steps 5 --validate-steps 2 -o whole.aecm
[ "$(last step whole.aecm.log.jsonl)" -eq 5 ] && [ "$(grep -c validation_loss whole.aecm.log.jsonl)" -eq 4 ] || fail "validations of two processes"

# losses LOG: how many lines have one.
losses() { grep -s '"loss"' "$1" | wc -l; }
# start OUTPUT OPTION...: a run without an end in the background; returns when it has made steps.
start() {
  local output=$1 before
  shift
  before=$(losses "$output.log.jsonl")
  $two "$AECOMP" train images $tiny --batch 3 --steps 1000000 -o "$output" "$@" >"$LOGS/out" 2>"$LOGS/err" &
  launcher=$!
  for _ in $(seq 300); do [ "$(losses "$output.log.jsonl")" -gt "$before" ] && break || sleep 0.2; done
}

# A process that is killed ends the job, and the last checkpoint is there to go on from.
start two15.aecm --resume
kill -KILL "$(pgrep -P $launcher | tail -1)"
wait $launcher && fail "mpirun ends with 0 though a process was killed"
expect_stderr 'signal 9'
expect 0 "$AECOMP" train images $tiny --batch 6 --steps 20 -o two15.aecm --resume
expect 0 "$AECOMP" compress images/sample.png -m two15.aecm -o a.aec

# One that is interrupted stops all after the same step, which is saved.
start stopped.aecm
kill -INT "$(pgrep -P $launcher | tail -1)"
wait $launcher
[ $? -eq 130 ] || fail "an interrupted job does not end with 130"
expect_stderr 'interrupted at step [0-9]*; saved'
expect 0 $two "$AECOMP" train images -j 1 -o stopped.aecm --resume --steps 1

# What is wrong in all of them, or in one, ends all of them; each code is that of one process.
expect 3 $two "$AECOMP" train missing $tiny --steps 1 -o m.aecm && expect_stderr 'missing' && expect_no_file m.aecm
mkdir taken.aecm.checkpoint
expect 6 $two "$AECOMP" train images $tiny --batch 3 --steps 9 -o taken.aecm && expect_stderr 'taken.aecm.checkpoint'
expect 7 $two "$AECOMP" train images $tiny --batch 3 --steps 9 --lr 1e30 -o wild.aecm
[ "$(grep -c 'not finite: .*--resume' "$LOGS/err")" -eq 1 ] || fail "divergence is not told once"
expect 3 $two -np 1 "$AECOMP" train images $tiny --steps 1 -o m.aecm : -np 1 "$AECOMP" train missing $tiny --steps 1 -o m.aecm
expect_stderr 'process 2 of 2: missing' && expect_no_file m.aecm
expect 2 $two -np 1 "$AECOMP" train images $tiny --steps 1 -o m.aecm : -np 1 "$AECOMP" train held $tiny --steps 1 -o m.aecm
expect_stderr 'different images' && expect_no_file m.aecm
finish
