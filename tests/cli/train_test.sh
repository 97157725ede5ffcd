# Training from the command line: refusals, a usable model, resume, Ctrl-C.
. "$(dirname "$0")/lib.sh"
tiny="--arch $SOURCE/data/arch/tiny.json --init none --patch 64 --batch 2"

mkdir empty text small images && echo text >text/a.png && cp "$SAMPLE" images/
small_image small/a.ppm 40 30
expect 3 "$AECOMP" train empty $tiny --steps 1 -o m.aecm && expect_stderr '0 files found' && expect_no_file m.aecm
expect 3 "$AECOMP" train missing $tiny --steps 1 -o m.aecm && expect_stderr 'missing' && expect_no_file m.aecm
expect 3 "$AECOMP" train text $tiny --steps 1 -o m.aecm && expect_stderr '1 files found, skipped text' && expect_no_file m.aecm
expect 3 "$AECOMP" train small $tiny --steps 1 -o m.aecm && expect_stderr '64' && expect_no_file m.aecm
expect 3 "$AECOMP" train images --arch missing.json --init none --steps 1 -o m.aecm && expect_no_file m.aecm
echo '{' >bad.json
expect 2 "$AECOMP" train images --arch bad.json --init none --steps 1 -o m.aecm && expect_stderr 'bad.json'
expect 5 "$AECOMP" train images --init bad.json --steps 1 -o m.aecm && expect_stderr 'bad.json'
expect 6 "$AECOMP" train images $tiny --steps 1 -o missing/m.aecm && expect_stderr 'missing/'
rm -f m.aecm*

# A model that works at once, is not overwritten by accident and goes on.
expect 0 "$AECOMP" train images $tiny --steps 3 -o m.aecm && expect_file m.aecm
expect 0 "$AECOMP" compress images/sample.png -m m.aecm -o a.aec
expect 0 "$AECOMP" decompress a.aec -m m.aecm -o a.png
expect 2 "$AECOMP" train images $tiny --steps 3 -o m.aecm && expect_stderr 'exists.*-f'
expect 0 "$AECOMP" train images $tiny --steps 5 -o m.aecm --resume && expect_stderr 'step 3'
expect 5 "$AECOMP" decompress a.aec -m m.aecm -o b.png

# What exists is not replaced, and what belongs to the beginning of a run stays as it was.
expect_refusal 2 'images/sample.png: exists' "$AECOMP" train images $tiny --steps 1 -o x.aecm --log images/sample.png
expect_refusal 2 'is given for two outputs' "$AECOMP" train images $tiny --steps 1 -o x.aecm --log ./x.aecm.checkpoint
mv m.aecm moved.aecm && expect_refusal 2 'm.aecm.checkpoint: exists' "$AECOMP" train images $tiny --steps 3 -o m.aecm && mv moved.aecm m.aecm
expect_refusal 2 'is no log of training' "$AECOMP" train images --steps 6 -o m.aecm --resume --log images/sample.png
expect_refusal 3 'nope.json' "$AECOMP" train images --steps 6 -o m.aecm --resume --arch nope.json
expect_refusal 2 'm.aecm.checkpoint: is of a run with another architecture' "$AECOMP" train images --steps 6 -o m.aecm --resume --arch "$SOURCE/data/arch/medium.json"
expect_refusal 2 'm.aecm.checkpoint: is of a run with --init none' "$AECOMP" train images --steps 6 -o m.aecm --resume --init moved.aecm
expect_refusal 2 'm.aecm.checkpoint: is of a run with --seed 1' "$AECOMP" train images --steps 6 -o m.aecm --resume --seed 2
expect_equal images/sample.png "$SAMPLE"

# What a run trains for is in the model, and a resumed run keeps it.
expect 2 "$AECOMP" train images $tiny --steps 1 --tune ears -o ears.aecm && expect_stderr '--tune' && expect_no_file ears.aecm
expect 0 "$AECOMP" info m.aecm --json && expect_stdout '"tune": *.visual' && expect_stdout 'smooth_edges'
expect 2 "$AECOMP" train images $tiny --steps 6 --tune psnr -o m.aecm --resume && expect_stderr 'm.aecm.checkpoint: .*--tune visual; leave --tune out'
expect 0 "$AECOMP" train images $tiny --steps 1 --tune psnr -o psnr.aecm
expect 0 "$AECOMP" train images $tiny --steps 2 -o psnr.aecm --resume
expect 0 "$AECOMP" info psnr.aecm --json && expect_stdout '"tune": *.psnr'

# Without bfloat16 in the CPU: refused, and a run that began with it goes on in f32.
export ONEDNN_MAX_CPU_ISA=AVX2
expect 2 "$AECOMP" train images $tiny --steps 2 --bf16 -o b.aecm && expect_stderr '--bf16: this CPU' && expect_no_file b.aecm
unset ONEDNN_MAX_CPU_ISA
if "$AECOMP" train images $tiny --steps 2 --bf16 -o b.aecm 2>/dev/null; then
  ONEDNN_MAX_CPU_ISA=AVX2 expect 0 "$AECOMP" train images --steps 3 --resume -o b.aecm && expect_stderr 'going on in f32'
fi

# A rate that no training survives: its own exit code, the step, the layer, and a checkpoint to go on from.
expect 7 "$AECOMP" train images $tiny --steps 9 --lr 1e30 -o wild.aecm && expect_stderr 'step [0-9]*: not finite: .*--resume'
expect 0 "$AECOMP" train images --steps 2 --lr 1e-4 --resume -o wild.aecm
expect_file wild.aecm.log.png

# Broken files are named and counted, gray ones and 16 bits are trained on; what is held out decides.
mkdir mixed && for i in 1 2 3 4 5 6 7 8; do small_image "mixed/$i.ppm" 70 80; done
head -c 999 images/sample.png >mixed/cut.png && echo text >mixed/text.png
printf 'P5\n64 64\n255\n%4096s' '' >mixed/gray.pgm
{ printf 'P5\n64 64\n65535\n' && printf '%8192s' '' | tr ' ' a; } >mixed/deep.pgm
expect 0 "$AECOMP" train mixed $tiny --steps 2 --noise 10 -o mixed.aecm
expect_stderr 'skipped .*cut.png' && expect_stderr 'skipped .*text.png'
expect_stderr '8 images to train on, 2 held out, 2 skipped' && expect_stderr 'use it: aecomp compress IMAGE -m mixed.aecm'

# Ctrl-C saves. No thread takes the signal while it computes, only the one that waits for it: see app/interrupt.h.
"$AECOMP" train images $tiny --steps 100000 -o stopped.aecm >"$LOGS/out" 2>"$LOGS/err" &
pid=$!
for _ in $(seq 100); do grep -q '"step"' stopped.aecm.log.jsonl 2>/dev/null && break || sleep 0.2; done
open=0
for status in /proc/"$pid"/task/*/status; do
  blocked=$((0x$(sed -n 's/^SigBlk:[[:space:]]*//p' "$status")))
  [ $((blocked & 0x4002)) -eq $((0x4002)) ] || open=$((open + 1))
done
[ "$open" -le 1 ] || fail "SIGINT or SIGTERM may interrupt $open threads"
kill -INT "$pid"
wait "$pid"
[ $? -eq 130 ] || fail "Ctrl-C does not end with 130"
expect_file stopped.aecm
expect 0 "$AECOMP" compress images/sample.png -m stopped.aecm -o c.aec
[ -z "$(find . -name '*.tmp*')" ] || fail "temporary files are left"
finish
