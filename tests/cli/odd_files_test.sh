# Inputs and outputs that are no common files: pipes with names, other extensions, links, odd names and shapes, permissions.
. "$(dirname "$0")/lib.sh"
need_model
cp "$SAMPLE" a.png
expect 0 "$AECOMP" compress a.png -m "$MODEL" -o good.aec
compress() { "$AECOMP" compress -m "$MODEL" "$@"; }
decompress() { "$AECOMP" decompress -m "$MODEL" "$@"; }

# FIFOs: read like files; written into, and not replaced.
mkfifo in.png out.aec
cat a.png >in.png & expect 0 compress in.png -o read.aec && expect_equal read.aec good.aec
cat good.aec >in.png & expect 0 decompress in.png -o read.png && expect_file read.png
: >in.png & expect_refusal 3 'in.png: is empty' "$AECOMP" compress in.png -m "$MODEL" -o x.aec
head -c 900 a.png >in.png & expect_refusal 3 'in.png: ' "$AECOMP" compress in.png -m "$MODEL" -o x.aec
head -c 900 good.aec >in.png & expect_refusal 4 'in.png: ' "$AECOMP" decompress in.png -m "$MODEL" -o x.png
wait
cat out.aec >written.aec & expect 0 compress a.png -o out.aec && wait && expect_equal written.aec good.aec
[ -p out.aec ] && [ -p in.png ] || fail "a FIFO was replaced"
rm in.png out.aec

# Nothing on stdin.
expect_refusal 3 'stdin: is empty' "$AECOMP" compress - -m "$MODEL" -o x.aec
expect_refusal 3 'stdin: is empty' "$AECOMP" decompress - -m "$MODEL" -o x.png
expect_refusal 3 'stdin: is empty' "$AECOMP" info -
expect_refusal 3 'stdin: is empty' "$AECOMP" compress --files-from - -m "$MODEL" -O x

# The content counts and not the extension.
expect 0 decompress good.aec -o photo.jpg
cp photo.jpg photo.png && expect 0 compress photo.png -o from_png.aec && expect 0 compress photo.jpg -o from_jpg.aec && expect_equal from_png.aec from_jpg.aec
cp a.png picture.tif && cp a.png picture && cp a.png picture.text
for name in picture.tif picture picture.text; do expect 0 compress "$name" -o "of_$name.aec" && expect_equal "of_$name.aec" good.aec; done
cp good.aec archive.png && expect 0 decompress archive.png -o restored.ppm && expect_file restored.ppm
expect_refusal 3 'archive.png: ' "$AECOMP" compress archive.png -m "$MODEL" -o x.aec
expect_refusal 4 'a.png: ' "$AECOMP" decompress a.png -m "$MODEL" -o x.png

# Links: to nothing, to itself, to the input.
ln -s nowhere dangling.png && ln -s loop.png loop.png && ln -s a.png link.png && ln a.png hard.png
expect_refusal 3 'dangling.png: ' "$AECOMP" compress dangling.png -m "$MODEL"
expect_refusal 3 'loop.png: ' "$AECOMP" compress loop.png -m "$MODEL"
expect_refusal 2 'input and output' "$AECOMP" compress a.png -m "$MODEL" -o link.png -f
expect 0 compress link.png && expect_equal link.aec good.aec
ln -s nowhere.aec there.aec && expect_refusal 2 'there.aec: exists' "$AECOMP" compress a.png -m "$MODEL" -o there.aec
expect_refusal 2 'there.aec: exists' "$AECOMP" compress a.png -m "$MODEL" -o there.aec --skip-existing

# Brackets are letters of names, and no list.
mkdir '[2020]' 2020 && small_image '[2020]/right.ppm' 20 16 && small_image 2020/wrong.ppm 20 16
expect 0 compress -r '[2020]' -O brackets && expect_file brackets/right.aec && expect_no_file brackets/wrong.aec
cp a.png p && cp a.png q && expect_refusal 3 '\[p,q\]: no such file' "$AECOMP" compress '[p,q]' -m "$MODEL" -o none.aec
expect 1 compress a.png '[]' -O brackets && expect_stderr '\[\]: no such file'
cp a.png '[x]' && expect 0 compress -o '[y]' -- '[x]' && expect_equal '[y]' good.aec && expect 0 "$AECOMP" info '[y]' && expect_stdout '^\[y\]$'

# Names with spaces, quotes, letters beyond ASCII: there, missing and broken. With a line end: --json stays a line a file.
for name in 'with space' "quote'd \"twice\"" 'größe 写真' '-dash' '100%s \n' "$(printf '%0200d' 7)"; do
  cp a.png "./$name.png" && echo broken >"./broken $name.png"
  expect 0 compress -- "$name.png" && expect_equal "./$name.aec" good.aec && grep -qF -- "$name.png -> $name.aec" "$LOGS/err" || fail "no line for $name"
  expect 0 decompress -o "back $name.png" -- "$name.aec" && expect_file "back $name.png"
  expect 2 compress -- "$name.png" && grep -qF -- "aecomp: $name.aec: exists" "$LOGS/err" || fail "existing $name is not named"
  expect 3 compress "broken $name.png" && grep -qF -- "aecomp: broken $name.png: " "$LOGS/err" || fail "broken $name is not named"
  expect 3 decompress "missing $name.aec" && grep -qF -- "aecomp: missing $name.aec: " "$LOGS/err" || fail "missing $name is not named"
  expect_no_file "broken $name.aec"
done
name=$'line\nend'
cp a.png "$name.png" && echo broken >"broken $name.png"
expect 1 compress "$name.png" "broken $name.png" missing$'\n'.png --json && [ "$(wc -l <"$LOGS/out")" -eq 3 ] && expect_stdout '"input":"broken line\\nend.png"' ||
  fail "line ends in names break --json"
expect_stderr 'end.png: not an image' && expect_equal "$name.aec" good.aec && expect_no_file "broken $name.aec"
expect_refusal 6 'cannot write: File name too long' "$AECOMP" compress a.png -m "$MODEL" -o "$(printf '%0300d' 7).aec"

# A long thin image both ways.
for size in '30000 2' '2 30000'; do
  { printf 'P6\n%s\n255\n' "$size" && head -c 180000 /dev/zero | tr '\0' '\145'; } >thin.ppm
  expect 0 compress thin.ppm -f && expect 0 decompress thin.aec -o thin_back.ppm -f
  [ "$(sed -n 2p thin_back.ppm)" = "$size" ] && [ "$(size_of thin_back.ppm)" -eq "$(size_of thin.ppm)" ] || fail "$size comes back in another size"
done

# A file where the output folder should be.
expect_refusal 6 'cannot make this folder' "$AECOMP" compress a.png -m "$MODEL" -O picture
expect_refusal 6 'cannot make this folder' "$AECOMP" decompress good.aec -m "$MODEL" -O picture
expect_refusal 6 'cannot make this folder' "$AECOMP" compress a.png photo.jpg -m "$MODEL" -O picture/below
expect_equal picture a.png

# Permissions do not stop root.
user=()
if [ "$(id -u)" -eq 0 ]; then
  command -v setpriv >/dev/null || { echo "not checked: permissions (root, and no setpriv)"; finish; }
  user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  chmod 755 "$WORK"
  "${user[@]}" test -x "$AECOMP" || { echo "not checked: permissions (others cannot run $AECOMP)"; finish; }
fi
mkdir readonly && cp good.aec readonly/there.aec && mkdir secret && cp a.png secret/ && cp good.aec secret.aec && cp "$MODEL" secret.aecm
chmod 000 secret secret.aec secret.aecm && chmod 555 readonly
as_user() { "${user[@]}" "$AECOMP" "$@"; }
# Its names can be listed, and nothing else be seen.
mkdir -p unseen/closed && cp a.png unseen/ && cp a.png unseen/closed/ && chmod 444 unseen/closed && mkdir -m 777 writable
expect_refusal 3 'unseen: cannot be searched, or a folder below it: Permission denied' as_user compress -r unseen -m "$MODEL" -O writable
for arguments in '-O readonly' '-o readonly/x.aec' '-o readonly/there.aec -f'; do
  expect_refusal 6 'readonly/.*: Permission denied' as_user compress a.png -m "$MODEL" $arguments
done
expect_refusal 6 'readonly/.*: Permission denied' as_user compress a.png -m "$MODEL" -O readonly/new/folder
expect_refusal 6 'readonly/x.png: .*Permission denied' as_user decompress good.aec -m "$MODEL" -o readonly/x.png
expect_equal readonly/there.aec good.aec
expect_refusal 3 'secret/a.png: ' as_user compress secret/a.png -m "$MODEL" -o readonly/x.aec
expect_refusal 3 'secret.aec: ' as_user decompress secret.aec -m "$MODEL" -o readonly/x.png
expect_refusal 3 'secret.aec: ' as_user info secret.aec
expect_refusal 5 'secret.aecm: ' as_user decompress good.aec -m secret.aecm -o readonly/x.png
finish
