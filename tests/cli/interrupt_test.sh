# Readers that go away, and signals in the middle of a batch: no partial file, and a second run goes on.
. "$(dirname "$0")/lib.sh"
need_model
compress_sample good.aec
cp "$SAMPLE" a.png

# A reader that has seen enough.
for format in ppm png; do
  expect 6 bash -c "'$AECOMP' decompress good.aec -m '$MODEL' -o - --format $format | head -c 10; exit \${PIPESTATUS[0]}"
  [ "$(size_of "$LOGS/out")" -eq 10 ] && [ "$(wc -l <"$LOGS/err")" -eq 1 ] && expect_stderr '^aecomp: stdout: cannot write' ||
    fail "a closed pipe is not one line"
done
expect 0 bash -c "'$AECOMP' decompress good.aec -m '$MODEL' -o - --format ppm 2>/dev/null | head -c 2; exit 0" && expect_stdout '^P6$'

# interrupt SIGNAL COMMAND...: sends it when some files are in out; they are whole, and there is nothing else.
interrupt() {
  local signal=$1 pid code done_files
  shift
  "$@" >"$LOGS/out" 2>"$LOGS/err" &
  pid=$!
  for _ in $(seq 400); do
    [ "$(find out -type f -name '[0-9]*' 2>/dev/null | wc -l)" -lt 3 ] || break
    sleep 0.02
  done
  kill -"$signal" "$pid"
  wait "$pid"
  code=$?
  COMMANDS=$((COMMANDS + 1))
  done_files=$(find out -type f | wc -l)
  [ "$code" -eq 130 ] || fail "SIG$signal ends with $code"
  [ "$done_files" -ge 3 ] && [ "$done_files" -lt "$FILES" ] || fail "SIG$signal came after $done_files of $FILES files"
  [ -z "$(find out -type f ! -name '[0-9][0-9][0-9].aec' ! -name '[0-9][0-9][0-9].ppm')" ] || fail "partial files: $(ls -A out)"
}
FILES=120
mkdir images && for i in $(seq 100 $((99 + FILES))); do ln -s ../a.png "images/$i.png"; done
for signal in INT TERM; do
  rm -rf out && interrupt "$signal" "$AECOMP" compress images/*.png -m "$MODEL" -O out
  for file in out/*; do expect_equal "$file" good.aec; done
done
expect 0 "$AECOMP" compress images/*.png -m "$MODEL" -O out --skip-existing && expect_stderr 'and [0-9]* skipped'
[ "$(cat out/* | wc -c)" -eq $((FILES * $(size_of good.aec))) ] || fail "the second run did not go on"

mv out archive
for signal in INT TERM; do
  rm -rf out && interrupt "$signal" "$AECOMP" decompress archive/*.aec -m "$MODEL" -O out --format ppm
  [ "$(find out -type f -size "$((384 * 256 * 3 + 15))c" | wc -l)" -eq "$(find out -type f | wc -l)" ] || fail "a partial picture: $(ls -l out)"
done

# A run that waits for a pipe which stays open. (timeout says 124 where it had to send the signal.)
mkfifo pipe
sleep 30 <>pipe &
sleeper=$!
expect 124 timeout -s INT -k 5 0.5 "$AECOMP" compress pipe -m "$MODEL" -o never.aec
kill "$sleeper" 2>/dev/null
expect_no_file never.aec
finish
