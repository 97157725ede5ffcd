# Names: capitals, rare extensions, byte order marks, what is passed over, one input named twice, two that differ in their
# extension only.
. "$(dirname "$0")/lib.sh"
need_model
compress() { "$AECOMP" compress -m "$MODEL" "$@"; }
decompress() { "$AECOMP" decompress -m "$MODEL" "$@"; }
ppm() { printf 'P6\n40 40\n255\n' && head -c 4800 /dev/zero | tr '\0' "$1"; }

# Every kind that can be read is found, in capitals as well; all else is counted and, with -v, named.
mkdir -p in/sub && ppm a >in/a.ppm && ppm b >in/B.PPM && ppm c >in/sub/c.pnm && printf 'P4\n8 8\nabcdefgh' >in/d.pbm
expect 0 compress in/a.ppm -o x.aec && expect 0 decompress x.aec -o x.jpg && expect 0 decompress x.aec -o x.bmp
for name in e.jfif F.JPE g.jpeg; do cp x.jpg "in/$name"; done
cp x.bmp in/h.dib
echo text >in/notes.txt && echo more >in/sub/README && ln -s sub in/link && ln -s nowhere in/dangling && mkfifo in/pipe
expect 0 compress -r in -O out
expect_stderr '5 files or links in the folders passed over, being of other kinds; -v names them'
for name in a B d e F g h sub/c; do expect_file "out/$name.aec"; done
expect 0 compress -r in -O out2 -v
for name in in/notes.txt in/sub/README; do expect_stderr "$name: passed over: its name is not that of an image"; done
expect_stderr 'in/link: passed over: a link to a folder' && expect_stderr 'in/dangling: passed over: a link to nothing'
expect_stderr 'in/pipe: passed over: no regular file' && expect_stderr '5 files or links in the folders passed over'
expect 0 compress -r in -O out3 --quiet && [ ! -s "$LOGS/err" ] || fail "--quiet says something"
mkdir only && ppm a >only/one.ppm && echo x >only/x.txt
expect 0 compress -r only -O out4 && expect_stderr '1 files or links in the folders passed over'
mkdir none && echo x >none/x.txt && expect_refusal 2 'none: holds no files .* (1 of other kinds)' "$AECOMP" compress -m "$MODEL" -r none

mkdir archive && cp out/a.aec archive/A.AEC && cp out/B.aec archive/b.Aec && echo x >archive/report.csv
expect 0 decompress -r archive -O back && expect_file back/A.png && expect_file back/b.png
expect_stderr '1 files or links in the folders passed over'
expect 0 env AECOMP="$AECOMP" MODEL="$MODEL" bash "$SOURCE/scripts/verify_archive.sh" archive bad.list
expect_stdout '2 files checked, 0 bad'
mkdir models && cp "$MODEL" models/MINE.AECM && rm -f "$LOGS/none"
expect 0 env AECOMP_MODEL_PATH=models "$AECOMP" decompress out/a.aec -o installed.png

# Lists: byte order marks, line ends of other systems.
printf '\xEF\xBB\xBFin/a.ppm\r\nin/B.PPM\r\n' >bom && expect 0 compress --files-from bom -O listed
[ "$(ls listed | tr '\n' ' ')" = 'B.aec a.aec ' ] || [ "$(ls listed | tr '\n' ' ')" = 'a.aec B.aec ' ] || fail "a list with a mark gives $(ls listed)"
printf '\xEF\xBB\xBFin/a.ppm\0in/B.PPM\0' >bom0 && expect 0 compress --files-from bom0 -O listed0 && expect_file listed0/B.aec
printf '\xFF\xFEi\0n\0/\0a\0.\0p\0p\0m\0\n\0' >wide
expect_refusal 3 'wide: is UTF-16 .*iconv -f UTF-16' "$AECOMP" compress -m "$MODEL" --files-from wide -O x
printf '\xFE\xFF\0i\0n' >wide && expect_refusal 3 'wide: is UTF-16' "$AECOMP" compress -m "$MODEL" --files-from wide -O x

# a.png and a.jpg in one folder: the way out is named, and works both ways.
mkdir both && ppm a >both/a.ppm && cp x.jpg both/a.jpg && cp x.bmp both/plain
expect_refusal 2 'both both/a.jpg and both/a.ppm; --keep-extension makes them out5/a.jpg.aec and out5/a.ppm.aec' \
  "$AECOMP" compress -m "$MODEL" -r both -O out5
expect 0 compress -r both -O out5 --keep-extension && expect_file out5/a.jpg.aec && expect_file out5/a.ppm.aec
expect 0 compress both/plain --keep-extension && expect_file both/plain.aec
expect 0 decompress -r out5 -O back5 && expect_file back5/a.jpg.png && expect_file back5/a.ppm.png
expect 0 decompress out5/a.ppm.aec --format ppm -O back6 && expect_file back6/a.ppm && expect_equal back6/a.ppm <(decompress out5/a.ppm.aec --format ppm -o -)
expect 0 decompress out5/a.jpg.aec --format jpeg -O back6 && expect_file back6/a.jpg
cp out5/a.ppm.aec c.PNG.AEC && expect 0 decompress c.PNG.AEC -O back6 && expect_file back6/c.PNG
mkdir -p p q && ppm a >p/s.ppm && ppm b >q/s.ppm
expect_refusal 2 'both p/s.ppm and q/s.ppm; rename one, or give each' "$AECOMP" compress -m "$MODEL" p/s.ppm q/s.ppm -O out6 --keep-extension

# The same input named twice is done once, and that is said.
ln -s a.ppm in/l.ppm
expect 0 compress in/a.ppm ./in/a.ppm "$PWD/in/a.ppm" in/l.ppm -O once --json
[ "$(ls once | tr '\n' ' ')" = "a.aec l.aec " ] && [ "$(wc -l <"$LOGS/out")" -eq 2 ] || fail "an input named three times and a link to it give $(ls once)"
expect_stderr 'in/a.ppm: note: also given as ./in/a.ppm; done once' && expect_stdout '"notes":\["also given as ./in/a.ppm'
expect 0 compress -r in in/sub -O once2 && expect_file once2/sub/c.aec && expect_no_file once2/c.aec
expect_file once2/l.aec  # a link is a file of its own: the tree is mirrored whole

# Names that are not UTF-8, in reports.
bad=$(printf 'n\xE9.ppm') && ppm a >"$bad" && echo x >"$(printf 'm\xE9.ppm')"
expect 1 compress "$bad" "$(printf 'm\xE9.ppm')" -O latin --json
[ "$(LC_ALL=C grep -c $'^{"input":"[mn]\xEF\xBF\xBD.ppm"' "$LOGS/out")" -eq 2 ] || fail "names that are not UTF-8: $(cat "$LOGS/out")"

# Endless inputs end soon, and in little memory.
for input in /dev/zero /dev/urandom; do
  expect 3 timeout 20 sh -c "ulimit -v 3000000; exec '$AECOMP' compress -m '$MODEL' $input -o zero.aec" && expect_stderr "$input: begins like no kind"
  expect 3 timeout 20 sh -c "'$AECOMP' compress -m '$MODEL' - -o zero.aec <$input" && expect_stderr 'stdin: begins like no kind'
  expect 3 timeout 20 sh -c "cat $input | '$AECOMP' decompress -m '$MODEL' - -o zero.png" && expect_stderr 'stdin: begins like no kind'
  expect 3 timeout 20 "$AECOMP" info "$input"
  expect 5 timeout 20 "$AECOMP" compress in/a.ppm -m "$input" -o zero.aec
done
expect 3 timeout 20 "$AECOMP" compress --files-from /dev/zero -m "$MODEL" -O zero
expect 3 timeout 20 "$AECOMP" model check /dev/zero
finish
