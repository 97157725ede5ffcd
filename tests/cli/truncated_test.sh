# Files that end too early, at ten places each: one line, the documented code, nothing written, and nothing lost beside.
. "$(dirname "$0")/lib.sh"
need_model
compress_sample good.aec -q 40
expect 0 "$AECOMP" decompress good.aec -m "$MODEL" -o good.jpg
cp "$SAMPLE" good.png

# places SIZE: ten of them, near the ends and spread between.
places() { echo 1 2 10 30 $(($1 / 10)) $(($1 / 4)) $(($1 / 2)) $(($1 * 3 / 4)) $(($1 - 100)) $(($1 - 16)); }
for format in png jpg; do
  for bytes in $(places "$(size_of "good.$format")"); do
    head -c "$bytes" "good.$format" >"cut.$format"
    expect_refusal 3 "cut.$format: " "$AECOMP" compress "cut.$format" -m "$MODEL" || echo "  ($format of $bytes bytes)"
  done
done
for bytes in $(places "$(size_of good.aec)"); do
  head -c "$bytes" good.aec >cut.aec
  expect_refusal 4 'cut.aec: ' "$AECOMP" decompress cut.aec -m "$MODEL" -o x.png || echo "  (aec of $bytes bytes)"
  expect_refusal 4 'stdin: ' sh -c "'$AECOMP' decompress - -m '$MODEL' -o x.png <cut.aec"
done

# In a batch the others are done, and an output that was there stays as it was.
head -c 2000 good.png >cut.png && head -c 500 good.aec >cut.aec
mkdir -p b && echo mine >b/cut.aec && echo mine >b/cut.png
expect 1 "$AECOMP" compress cut.png good.png -m "$MODEL" -O b -f -q 40 && expect_equal b/good.aec good.aec
expect 1 "$AECOMP" decompress cut.aec good.aec -m "$MODEL" -O b -f && expect_file b/good.png
[ "$(cat b/cut.aec b/cut.png)" = $'mine\nmine' ] || fail "a truncated input replaced an output"
[ "$(find b | wc -l)" -eq 5 ] || fail "something is left: $(ls -A b)"
finish
