# Help, version, and what is wrong with a command line.
. "$(dirname "$0")/lib.sh"

expect 0 "$AECOMP" --help && expect_stdout 'Exit codes'
expect 0 "$AECOMP" compress --help && expect_stdout '--quality'
expect 0 "$AECOMP" --version && expect_stdout 'oneDNN' && expect_stdout 'OpenCV' && expect_stdout 'format' && expect_stdout 'CPU'
[ ! -s "$LOGS/err" ] || fail "--version talks on stderr"
expect 6 sh -c "'$AECOMP' --version >/dev/full"

cp "$SAMPLE" a.png
expect_refusal 2 'subcommand' "$AECOMP"
expect_refusal 2 'frobnicate' "$AECOMP" frobnicate
expect_refusal 2 'no input' "$AECOMP" compress
expect_refusal 2 'frobnicate' "$AECOMP" compress a.png --frobnicate
for quality in -1 101 high nan; do expect_refusal 2 'quality' "$AECOMP" compress a.png -q "$quality"; done
expect_refusal 2 'threads' "$AECOMP" compress a.png -j -3
expect_refusal 2 'exclude' "$AECOMP" compress a.png -o b -O c
expect_refusal 2 'exclude' "$AECOMP" compress a.png --quiet -v
expect_refusal 2 'time' "$AECOMP" train . --time 5
expect_refusal 2 'multiple of 64' "$AECOMP" train . --patch 100
expect_refusal 2 'input' "$AECOMP" model check "$SOURCE/data/arch/tiny.json" --input 3x256

expect 0 "$AECOMP" model check "$SOURCE/data/arch/tiny.json" --input 3x256x256
expect_stdout 'encoder.*3x256x256' && expect_stdout 'context_out'
sed 's/"in": 48, "out": 16, "kernel": 3/"in": 47, "out": 16, "kernel": 3/' "$SOURCE/data/arch/tiny.json" >bad.json
expect_refusal 2 '47' "$AECOMP" model check bad.json
expect_refusal 3 'missing.json' "$AECOMP" model check missing.json
finish
