# Outputs: names that are refused before any work, disks that are full, terminals, interruptions.
. "$(dirname "$0")/lib.sh"
need_model
compress_sample good.aec
cp "$SAMPLE" a.png && mkdir one two && cp "$SAMPLE" one/a.png && cp "$SAMPLE" two/a.png

# Existing outputs, with the three ways out.
echo mine >a.aec
expect_refusal 2 'a.aec: exists.*-o.*-O.*-f' "$AECOMP" compress a.png -m "$MODEL"
[ "$(cat a.aec)" = mine ] || fail "an existing output was changed"
expect 0 "$AECOMP" compress a.png -m "$MODEL" -f && expect_equal a.aec good.aec
expect 0 "$AECOMP" compress a.png -m "$MODEL" -o other.aec && expect_equal other.aec good.aec
expect 0 "$AECOMP" compress a.png -m "$MODEL" -O new/folder && expect_equal new/folder/a.aec good.aec
expect_refusal 2 'new/folder/a.aec: exists' "$AECOMP" compress one/a.png -m "$MODEL" -O new/folder
expect_refusal 2 'a.png: exists' "$AECOMP" decompress a.aec -m "$MODEL"

# Plans that cannot be carried out.
expect_refusal 2 'both' "$AECOMP" compress one/a.png two/a.png -m "$MODEL" -O out
expect_refusal 2 'input and output' "$AECOMP" compress a.png -m "$MODEL" -o a.png -f
expect_refusal 2 'input and output' "$AECOMP" compress a.png -m "$MODEL" -o one/../a.png -f
expect_refusal 2 'input and output' "$AECOMP" compress good.aec -m "$MODEL" -f
ln -s a.png soft.aec && expect_refusal 2 'input and output' "$AECOMP" compress a.png -m "$MODEL" -o soft.aec -f
ln a.png hard.aec && expect 0 "$AECOMP" compress a.png -m "$MODEL" -o hard.aec -f && expect_equal a.png "$SAMPLE"  # replaced, not written into
rm soft.aec hard.aec
expect_refusal 2 'several inputs' "$AECOMP" compress a.png one/a.png -m "$MODEL" -o x.aec
expect_refusal 2 'stdin' "$AECOMP" compress - - -m "$MODEL" -O out
expect_refusal 2 'folder' "$AECOMP" compress a.png -m "$MODEL" -o one
expect_refusal 2 'json' sh -c "'$AECOMP' compress a.png -m '$MODEL' -o - --json | cat >&2; exit \${PIPESTATUS:-2}"
expect_refusal 6 'missing/x.aec' "$AECOMP" compress a.png -m "$MODEL" -o missing/x.aec
expect_refusal 6 'a.png/sub' "$AECOMP" compress good.aec -m "$MODEL" -O a.png/sub
expect_refusal 2 'format' "$AECOMP" decompress good.aec -m "$MODEL" -o x.frobnicate

# Full disks: a device that always is, and a limit on the size of files.
expect 6 sh -c "'$AECOMP' compress a.png -m '$MODEL' -o - >/dev/full" && expect_stderr 'stdout'
before=$(find . | sort)
expect 6 bash -c "ulimit -f 1; '$AECOMP' decompress good.aec -m '$MODEL' -o big.png" && expect_stderr 'big.png'
expect 6 bash -c "ulimit -f 1; '$AECOMP' decompress good.aec -m '$MODEL' -o a.png -f" && expect_equal a.png "$SAMPLE"
[ "$(find . | sort)" = "$before" ] || fail "a full disk leaves files: $(ls -a)"
if mkdir full && mount -t tmpfs -o size=64k none full 2>/dev/null; then
  expect 6 "$AECOMP" decompress good.aec -m "$MODEL" -o full/big.ppm && expect_stderr 'full/big.ppm'
  [ -z "$(ls -A full)" ] || fail "a full disk keeps a partial file"
  umount full
fi

# A terminal gets no binary, unless it is insisted on.
if command -v script >/dev/null; then
  script -qec "'$AECOMP' compress a.png -m '$MODEL' -o - 2>'$LOGS/err'" /dev/null >"$LOGS/out" </dev/null
  [ $? -eq 2 ] || fail "binary to a terminal is not refused with 2"
  expect_stderr 'terminal'
  [ ! -s "$LOGS/out" ] || fail "binary reached the terminal"
  script -qec "'$AECOMP' compress a.png -m '$MODEL' -o - -f 2>/dev/null" /dev/null >"$LOGS/out" </dev/null
  [ -s "$LOGS/out" ] || fail "-f does not write to a terminal"
fi

# Interrupted while it waits for its input.
mkfifo pipe
for signal in INT TERM; do
  "$AECOMP" compress - -m "$MODEL" -o interrupted.aec <pipe 2>"$LOGS/err" &
  pid=$!
  exec 8>pipe && sleep 0.3
  kill -"$signal" "$pid"
  wait "$pid"
  [ $? -eq 130 ] || fail "SIG$signal does not end with 130"
  exec 8>&-
done
expect_no_file interrupted.aec
[ -z "$(find . -name '*.tmp*' -o -name '.*aecomp*')" ] || fail "temporary files are left"
finish
