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

# Ctrl-C saves.
"$AECOMP" train images $tiny --steps 100000 -o stopped.aecm >"$LOGS/out" 2>"$LOGS/err" &
pid=$!
for _ in $(seq 100); do grep -q '"step"' stopped.aecm.log.jsonl 2>/dev/null && break || sleep 0.2; done
kill -INT "$pid"
wait "$pid"
[ $? -eq 130 ] || fail "Ctrl-C does not end with 130"
expect_file stopped.aecm
expect 0 "$AECOMP" compress images/sample.png -m stopped.aecm -o c.aec
[ -z "$(find . -name '*.tmp*')" ] || fail "temporary files are left"
finish
