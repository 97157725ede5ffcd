# Outputs that are streams, whatever they are called, and standard streams that are closed.
. "$(dirname "$0")/lib.sh"
need_model
compress_sample good.aec
expect 0 "$AECOMP" decompress good.aec -m "$MODEL" -o good.ppm
cp "$SAMPLE" a.png

# Closed standard streams: no file that is opened later takes their place, so no report lands in a picture.
FILES=24
mkdir archive && for i in $(seq 10 $((9 + FILES))); do cp good.aec "archive/$i.aec"; done
# closed REDIRECTION: a batch with a closed stream gives what it gives with an open one.
closed() {
  rm -rf out
  COMMANDS=$((COMMANDS + 1))
  eval '"$AECOMP" decompress archive/*.aec -m "$MODEL" -j4 --format ppm -O out' "$1" || fail "exit code $? with $1"
  [ "$(find out -type f | wc -l)" -eq "$FILES" ] || fail "not all files are there with $1"
  for file in out/*; do cmp -s "$file" good.ppm || fail "$file differs with $1"; done
}
for streams in '2>&-' '>&- 2>"$LOGS/err"' '<&- >&- 2>&-' '<&- 2>&-'; do closed "$streams"; done
# What is wanted from a closed stream, or on one, is an error.
expect 6 bash -c "'$AECOMP' compress a.png -m '$MODEL' -o - >&-" && expect_stderr '^aecomp: stdout: cannot write'
expect 6 bash -c "'$AECOMP' compress a.png -m '$MODEL' -o /dev/stdout >&-" && expect_stderr '^aecomp: /dev/stdout: cannot write'
expect 6 bash -c "'$AECOMP' info good.aec >&-" && expect_stderr '^aecomp: stdout: cannot write'
expect 6 bash -c "'$AECOMP' --version >&-" && expect_stderr '^aecomp: stdout: cannot write'
expect 3 bash -c "'$AECOMP' compress - -m '$MODEL' -o never.aec <&-" && expect_stderr '^aecomp: stdin: cannot read'
expect_no_file never.aec
# Nothing was wanted there.
expect 0 bash -c "'$AECOMP' compress a.png -m '$MODEL' -o b.aec >&-" && expect_equal b.aec good.aec
expect 0 bash -c "'$AECOMP' compress a.png -m '$MODEL' -o - 2>&- >c.aec" && expect_equal c.aec good.aec

# keeps FILE WORDS...: the file holds a line "first", good.aec, and a line "last", and is the file that it was.
keeps() { { echo first; cat good.aec; echo last; } | cmp -s - "$1" || fail "$2: what the file held is lost, or more than was asked for"; }
for name in /dev/stdout /dev/fd/1 /proc/self/fd/1 /dev/fd/../fd/1 ./link; do
  ln -sf /dev/stdout link
  rm -f f && touch f
  inode=$(stat -c %i f)
  expect 0 bash -c "{ echo first; '$AECOMP' compress a.png -m '$MODEL' -o $name && echo last; } >f" && keeps f "> with $name"
  [ "$inode" = "$(stat -c %i f)" ] || fail "$name: the file was replaced"
  echo first >f
  expect 0 bash -c "{ '$AECOMP' compress a.png -m '$MODEL' -o $name && echo last; } >>f" && keeps f ">> with $name"
  expect 0 bash -c "{ '$AECOMP' compress a.png -m '$MODEL' -o $name -f && echo last; } | cat >f" && tail -c 5 f | grep -q last || fail "$name in a pipe"
done
[ "$(readlink link)" = /dev/stdout ] || fail "the link to /dev/stdout was replaced"
echo first >f
expect 0 bash -c "{ '$AECOMP' compress a.png -m '$MODEL' -o /dev/fd/7 && echo last >&7; } 7>>f" && keeps f "/dev/fd/7"
expect 0 bash -c "'$AECOMP' decompress good.aec -m '$MODEL' --format ppm -o /dev/fd/8 8>g" && expect_equal g good.ppm
expect 0 bash -c "'$AECOMP' compress a.png -m '$MODEL' -o >(cat >h); sleep 0.2" && expect_equal h good.aec
# The descriptor of another process: the file goes on at its end.
echo first >f
sleep 60 7>>f &
sleeper=$!
expect 0 "$AECOMP" compress a.png -m "$MODEL" -o "/proc/$sleeper/fd/7" && echo last >>f && keeps f "/proc/PID/fd/7"
kill "$sleeper"
expect_refusal 2 '/dev/stdout: stdout carries the output' "$AECOMP" compress a.png -m "$MODEL" -o /dev/stdout --json
expect 6 "$AECOMP" compress a.png -m "$MODEL" -o /dev/fd/99
expect 6 bash -c "'$AECOMP' compress a.png -m '$MODEL' -o /dev/fd/7 7<a.png" && expect_equal a.png "$SAMPLE"

# A FIFO and a device stay what they are, and need no -f.
mkfifo pipe
cat pipe >from_pipe &
expect 0 "$AECOMP" compress a.png -m "$MODEL" -o pipe && wait $! && expect_equal from_pipe good.aec
cat pipe >from_pipe &
ln -s pipe to_pipe
expect 0 "$AECOMP" compress a.png -m "$MODEL" -o to_pipe && wait $! && expect_equal from_pipe good.aec
[ -p pipe ] && [ -L to_pipe ] || fail "a FIFO was replaced"
expect 0 "$AECOMP" compress a.png -m "$MODEL" -o /dev/null
[ -c /dev/null ] || fail "/dev/null was replaced"
expect 6 "$AECOMP" compress a.png -m "$MODEL" -o /dev/full

# A reader that takes its time: the descriptor does not block, and nothing is lost.
if command -v python3 >"$LOGS/out"; then
  expect 0 python3 - "$AECOMP" "$MODEL" <<'PYTHON'
import os, subprocess, sys, time
ours, theirs = os.pipe()
os.set_blocking(theirs, False)
program = subprocess.Popen([sys.argv[1], "decompress", "good.aec", "-m", sys.argv[2], "--format", "ppm", "-o", "-"], stdout=theirs)
os.close(theirs)
time.sleep(1)
with os.fdopen(ours, "rb") as file: got = file.read()
sys.exit(program.wait() or got != open("good.ppm", "rb").read())
PYTHON
else
  echo "left out, no python3: a descriptor that does not block"
fi

# Other outputs of other commands.
echo first >f
expect 0 bash -c "'$AECOMP' eval a.png -m '$MODEL' --qualities 50 --no-codecs --csv /dev/stdout >>f"
head -1 f | grep -qx first && grep -q '^codec,image' f && grep -q 'mean of 1 image' f || fail "eval --csv /dev/stdout loses something"
[ "$(grep -n '^codec,image' f | cut -d: -f1)" -gt "$(grep -n 'mean of 1 image' f | cut -d: -f1)" ] || fail "eval --csv: the order"
expect 0 bash -c "'$AECOMP' eval a.png -m '$MODEL' --qualities 50 --no-codecs --plot /dev/fd/7 7>>f >e"
grep -q '^codec,image' f && grep -aq IHDR f || fail "eval --plot /dev/fd/7 loses something"
echo first >f
expect 0 bash -c "'$AECOMP' model export '$MODEL' -o /dev/stdout >>f" && head -1 f | grep -aqx first && [ "$(size_of f)" -gt 1000 ] ||
  fail "model export -o /dev/stdout loses something"
mkdir train && cp "$SAMPLE" train/
tiny=(--arch "$SOURCE/data/arch/tiny.json" --init none --batch 2 --patch 128)
echo first >f
expect 0 bash -c '"$@" >>f' - "$AECOMP" train train "${tiny[@]}" --steps 2 --quiet -o m.aecm --log /dev/stdout
head -1 f | grep -qx first && grep -q '"start"' f && grep -q '"loss"' f || fail "train --log /dev/stdout loses something"
expect_file m.aecm.log.png
expect 0 bash -c '"$@" >>f' - "$AECOMP" train train "${tiny[@]}" --steps 3 --quiet -o m.aecm --resume --log /dev/stdout
[ "$(grep -c '"start"' f)" -eq 2 ] || fail "train --resume --log /dev/stdout loses something"
expect 0 "$AECOMP" train train "${tiny[@]}" --steps 2 -o m.aecm -f --log /dev/full && expect_stderr 'dev/full: cannot write the log'
expect_refusal 2 '/dev/stdout: is a stream' "$AECOMP" train train "${tiny[@]}" --steps 2 -o /dev/stdout
expect_refusal 2 'pipe: is a stream' "$AECOMP" train train "${tiny[@]}" --steps 2 -o pipe -f

# A library that is asked to talk does so on stdout.
cp "$SAMPLE" quiet.png && expect 0 "$AECOMP" compress quiet.png -m "$MODEL" -o quiet.aec
for variable in DNNL_VERBOSE ONEDNN_VERBOSE; do
  expect 0 env "$variable=2" "$AECOMP" compress quiet.png -m "$MODEL" -o - && cmp -s "$LOGS/out" quiet.aec || fail "$variable"
done
finish
