# Inputs that are not readable images: one line, exit code 3, nothing written.
. "$(dirname "$0")/lib.sh"
need_model
compress() { expect_refusal 3 "$1" "$AECOMP" compress "$1" -m "$MODEL"; }

echo 'not an image' >text.png && compress text.png
: >empty.png && compress empty.png
mkdir folder.png && compress folder.png
compress missing.png
for bytes in 4 20 40 100 5000 $(($(size_of "$SAMPLE") - 20)); do
  head -c "$bytes" "$SAMPLE" >cut.png && compress cut.png
done
cp "$SAMPLE" damaged.png && flip damaged.png $(($(size_of "$SAMPLE") / 2)) && compress damaged.png

compress_sample ok.aec
for format in jpg webp ppm bmp tif; do
  expect 0 "$AECOMP" decompress ok.aec -m "$MODEL" -o "whole.$format"
  head -c $(($(size_of "whole.$format") / 2)) "whole.$format" >"cut.$format" && compress "cut.$format"
done
printf 'P6\n100000 100000\n255\n' >huge.ppm && compress huge.ppm
printf 'P6\n-5 7\n255\n' >negative.ppm && compress negative.ppm
printf 'P6\n4 4\n255\nabc' >short.ppm && compress short.ppm

expect_refusal 3 'stdin' sh -c "'$AECOMP' compress - -m '$MODEL' -o x.aec </dev/null"
expect_refusal 3 'stdin' sh -c "echo nonsense | '$AECOMP' compress - -m '$MODEL' -o x.aec"

# Permissions do not stop root.
cp "$SAMPLE" secret.png && chmod 000 secret.png
if [ "$(id -u)" -ne 0 ]; then
  compress secret.png
elif command -v setpriv >/dev/null; then
  chmod 755 "$WORK" && chmod 644 "$MODEL"
  as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
  if as_nobody test -x "$AECOMP"; then
    expect_refusal 3 secret.png setpriv --reuid=65534 --regid=65534 --clear-groups "$AECOMP" compress secret.png -m "$MODEL"
  fi
else
  echo "not checked: unreadable file (root, and no setpriv)"
fi

# One bad file does not stop the others, and reports come in the order of inputs.
cp "$SAMPLE" a.png && cp "$SAMPLE" c.png
expect 1 "$AECOMP" compress a.png text.png c.png -m "$MODEL"
expect_file a.aec && expect_no_file text.aec && expect_file c.aec
expect_stderr 'a.png -> a.aec' && expect_stderr 'aecomp: .*text.png' && expect_stderr '1 of 3'
expect 1 "$AECOMP" compress a.png text.png missing.png -m "$MODEL" -f --json --quiet
[ "$(grep -o '"status":"[a-z]*"' "$LOGS/out" | tr '\n' ' ')" = '"status":"ok" "status":"error" "status":"error" ' ] ||
  fail "--json has not one line a file in order"
finish
