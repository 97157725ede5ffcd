# A size, a rate or a PSNR instead of a quality.
. "$(dirname "$0")/lib.sh"
[ -n "$("$AECOMP" model list 2>/dev/null | grep built-in)" ] || skip "the program was built without a model"
cp "$SAMPLE" s.png
field() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$LOGS/out"; }

# Never over, within 2 % of what was asked for, larger for more.
last=0
for size in 2000 5001 9999 12000; do
  expect 0 "$AECOMP" compress s.png -o "$size.aec" --size "$size" --json
  bytes=$(stat -c %s "$size.aec")
  [ "$bytes" -le "$size" ] && [ "$((bytes * 100))" -ge "$((size * 98))" ] || fail "$bytes bytes for --size $size"
  [ "$bytes" -gt "$last" ] || fail "not monotone at $size"
  last=$bytes
done
expect 0 "$AECOMP" decompress 9999.aec -o back.png
expect 0 "$AECOMP" compress s.png -o bpp.aec --bpp 0.5 --json
awk -v v="$(field bpp)" 'BEGIN { exit !(v <= 0.5 && v >= 0.49) }' || fail "--bpp 0.5 gave $(field bpp)"

# The quality that is reported gives the same file, and one less would not have done.
expect 0 "$AECOMP" compress s.png -o psnr.aec --psnr 30 --json
psnr=$(field psnr) quality=$(field quality)
awk -v v="$psnr" 'BEGIN { exit !(v >= 30 && v < 30.4) }' || fail "--psnr 30 gave $psnr"
expect 0 "$AECOMP" compress s.png -o same.aec -q "$quality"
lower=$(awk -v q="$quality" 'BEGIN { print q - 100 / 112 }')
expect 0 "$AECOMP" eval s.png --no-codecs --qualities "$lower"
awk -v p="$(tail -n 1 "$LOGS/out" | awk '{ print $3 }')" 'BEGIN { exit !(p > 20 && p < 30) }' || fail "quality $lower would have reached 30 dB"
cmp -s psnr.aec same.aec || fail "quality $quality does not repeat --psnr 30"

# Beyond what is possible.
expect_refusal 2 's.png: cannot be made that small: the smallest file found takes [0-9]* bytes' "$AECOMP" compress s.png -o x.aec --size 200
expect 0 "$AECOMP" compress s.png -o x.aec --size 100000000 -v && expect_stderr 'even without loss it takes only'

# What the network does not reach, the residual layer does, up to all of it.
expect 0 "$AECOMP" compress s.png -o layer.aec --psnr 48 --json
grep -q '"layers":\["residual"\]' "$LOGS/out" || fail "no residual layer at 48 dB"
awk -v v="$(field psnr)" 'BEGIN { exit !(v >= 48 && v < 53) }' || fail "--psnr 48 gave $(field psnr)"
expect 0 "$AECOMP" compress s.png -o inf.aec --psnr inf --json
grep -q '"max_error":0' "$LOGS/out" || fail "--psnr inf is not lossless"
expect 0 "$AECOMP" compress s.png -o lossless.aec --lossless
cmp -s inf.aec lossless.aec || fail "--psnr inf is not --lossless"
large=$(($(stat -c %s lossless.aec) * 2 / 3))
expect 0 "$AECOMP" compress s.png -o large.aec --size "$large" --json
[ "$(field bytes)" -le "$large" ] && grep -q '"residual"' "$LOGS/out" || fail "--size $large"
expect_refusal 2 '0 is not a number above 0' "$AECOMP" compress s.png -o y.aec --bpp 0
expect_refusal 2 'excludes' "$AECOMP" compress s.png -o y.aec --bpp 1 -q 20
expect_refusal 2 'excludes' "$AECOMP" compress s.png -o y.aec --size 1000 --psnr 30
finish
