# Many files in one run: folders, lists, outputs that exist, failures, order of reports, time stamps.
. "$(dirname "$0")/lib.sh"
need_model
mkdir -p in/2020/may in/2021
for name in a 2020/b 2020/may/c 2021/d; do small_image "in/$name.ppm" 40 30; done
small_image "in/2021/ä \"quoted\" 'name'
with a line end.ppm" 33 21
echo "not looked at" >in/2020/notes.txt
compress() { "$AECOMP" compress -m "$MODEL" "$@"; }
count() { find "$1" -type f -printf x | wc -c; }

# A folder is mirrored, there and back.
expect 0 compress -r in -O out
[ "$(cd in && find . -name '*.ppm' | sed 's/ppm$/aec/' | sort)" = "$(cd out && find . -type f | sort)" ] ||
  fail "out does not mirror in: $(find out)"
expect_stderr '5 files in'
expect 0 "$AECOMP" decompress -m "$MODEL" -r out -O back --format ppm
[ "$(cd in && find . -name '*.ppm' | sort)" = "$(cd back && find . -type f | sort)" ] || fail "back does not mirror in"
# Beside the inputs without -O.
cp -r in beside && expect 0 compress -r beside && expect_file beside/2020/may/c.aec && expect_no_file beside/2020/notes.aec
expect_equal beside/2020/may/c.aec out/2020/may/c.aec

# Without -r a folder is an input that cannot be read; a folder of nothing is a mistake.
expect_refusal 3 'in: ' "$AECOMP" compress -m "$MODEL" in
mkdir empty && expect_refusal 2 'empty: holds no files' "$AECOMP" compress -m "$MODEL" -r empty
expect_refusal 2 'no input' "$AECOMP" compress -m "$MODEL"
expect_refusal 2 'both' "$AECOMP" compress -m "$MODEL" -r in back -O both
expect_refusal 2 'one output for several' "$AECOMP" compress -m "$MODEL" -r in -o x.aec

# Lists of names: lines, NUL, stdin; names with spaces, quotes, line ends and non-ASCII letters.
printf 'in/a.ppm\r\n\nin/2020/b.ppm\n' >list && expect 0 compress --files-from list -O listed
[ "$(ls listed | tr '\n' ' ')" = 'a.aec b.aec ' ] || fail "a list of lines gives $(ls listed)"
find in -name '*.ppm' -print0 >list0 && expect 0 compress --files-from list0 -O listed0
[ "$(count listed0)" -eq 5 ] || fail "a list with NUL gives $(ls listed0)"
expect 0 sh -c "find in -name '*.ppm' -print0 | '$AECOMP' compress -m '$MODEL' --files-from - -O piped"
[ "$(count piped)" -eq 5 ] || fail "a list from stdin gives $(ls piped)"
expect 0 sh -c "find in -name '*.ppm' -print0 | xargs -0 -n 2 -P 2 '$AECOMP' compress -m '$MODEL' -O parallel --quiet"
diff -r piped parallel >/dev/null || fail "xargs -P2 gives other files"
expect_refusal 2 'stdin can be read only once' sh -c "echo - | '$AECOMP' compress -m '$MODEL' --files-from - - -O x"
expect_refusal 3 'no-list' "$AECOMP" compress -m "$MODEL" --files-from no-list -O x

# What is there already: refused as a whole, or left alone.
rm out/a.aec && before=$(stat -c %Y.%i out/2020/b.aec)
expect_refusal 2 'exists (and 3 more outputs).*--skip-existing' "$AECOMP" compress -m "$MODEL" -r in -O out
expect 0 compress -r in -O out --skip-existing --json
[ "$(grep -c '"status":"skipped"' "$LOGS/out")" -eq 4 ] && [ "$(grep -c '"status":"ok"' "$LOGS/out")" -eq 1 ] || fail "not 4 skipped and 1 done"
expect_file out/a.aec && [ "$(stat -c %Y.%i out/2020/b.aec)" = "$before" ] || fail "--skip-existing wrote an output that existed"
expect_stderr 'skipped, out/2020/b.aec exists' && expect_stderr '1 files (and 4 skipped)'
expect_refusal 2 'excludes' "$AECOMP" compress -m "$MODEL" -r in -O out --skip-existing -f

# A bad file among good ones, whatever the number of threads: reports in the order of the inputs, the others done.
printf broken >in/2020/broken.ppm
inputs=$(find in -name '*.ppm' -print0 | sort -z | tr '\0\n' '\n?')
for threads in 1 2 5; do
  expect 1 compress -r in -O "bad$threads" -j "$threads" --json --quiet
  [ "$(sed 's/.*"input":"//; s/","output.*//; s/\\"/"/g; s/\\n/?/' "$LOGS/out")" = "$inputs" ] || fail "-j $threads: reports in another order"
  [ "$(grep -c '"status":"ok"' "$LOGS/out")" -eq 5 ] && [ "$(count "bad$threads")" -eq 5 ] || fail "-j $threads: not 5 done"
  grep '"status":"error"' "$LOGS/out" | grep -q '"exit_code":3' || fail "-j $threads: no exit code 3 in the report"
  [ "$threads" = 1 ] || diff -r bad1 "bad$threads" >/dev/null || fail "-j $threads gives other files"
done
expect_stderr 'broken.ppm' && expect_stderr '1 of 6 files failed'
expect 1 compress -r in -O fast -j 1 --fail-fast && expect_stderr '1 of 6 files failed; stopped with [0-9]* files not looked at'
[ "$(count fast)" -lt 5 ] && expect_no_file fast/2021/d.aec

# Progress is for terminals.
grep -q 'files/s' "$LOGS/err" && fail "progress without a terminal"
if command -v script >/dev/null; then
  script -qec "'$AECOMP' compress -m '$MODEL' -r in -O shown -j 1 2>&1 >/dev/null" /dev/null >"$LOGS/out" </dev/null
  expect_stdout 'files/s.*left'
  script -qec "'$AECOMP' compress -m '$MODEL' -r in -O never --progress never 2>&1 >/dev/null" /dev/null >"$LOGS/out" </dev/null
  grep -q 'files/s' "$LOGS/out" && fail "--progress never shows some"
fi

# Time stamps, and what --verify finds.
touch -d '2001-02-03 04:05:06.789' in/a.ppm
expect 0 compress in/a.ppm -o kept.aec --keep-time && [ "$(stat -c %y kept.aec)" = "$(stat -c %y in/a.ppm)" ] || fail "--keep-time on compress"
expect 0 "$AECOMP" decompress kept.aec -m "$MODEL" --keep-time && [ "$(stat -c %y kept.png)" = "$(stat -c %y in/a.ppm)" ] || fail "--keep-time on decompress"
expect 0 compress in/a.ppm -o verified.aec --verify --json && expect_stdout '"psnr":' && expect_stderr ' dB ' && expect_equal verified.aec kept.aec
expect 0 "$AECOMP" info kept.aec --verify -m "$MODEL" --json && expect_stdout '"verified":true'
cp kept.aec damaged.aec && flip damaged.aec $(($(size_of damaged.aec) - 3))
expect 0 "$AECOMP" info damaged.aec && expect 4 "$AECOMP" info damaged.aec --verify -m "$MODEL" && expect_stderr 'damaged.aec: '

# A name with a line end stays in one line; info tells its exit code as well.
echo x >'bad
name.png'
expect_refusal 3 'bad?name.png' "$AECOMP" compress 'bad
name.png' -m "$MODEL"
expect 3 "$AECOMP" info missing.aec --json && expect_stdout '"exit_code":3'

# A folder that cannot be opened is no empty folder.
mkdir -p locked/below && cp in/a.ppm locked && chmod 000 locked/below
if [ "$(id -u)" -ne 0 ]; then
  expect_refusal 3 'locked: cannot be searched' "$AECOMP" compress -m "$MODEL" -r locked -O unlocked
elif command -v setpriv >/dev/null && chmod 755 "$WORK" && chmod 644 "$MODEL" &&
  setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$AECOMP"; then
  expect_refusal 3 'locked: cannot be searched' setpriv --reuid=65534 --regid=65534 --clear-groups "$AECOMP" compress -m "$MODEL" -r locked -O /tmp
fi
chmod 755 locked/below
finish
