# Above the default effort files are smaller at about the same PSNR, and decode as any other.
. "$(dirname "$0")/lib.sh"
[ -n "$("$AECOMP" model list 2>/dev/null | grep built-in)" ] || skip "the program was built without a model"
cp "$SAMPLE" s.png
field() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$LOGS/out"; }

expect 0 "$AECOMP" compress s.png -o plain.aec -q 60 --tune psnr --verify --json
bytes=$(field bytes) psnr=$(field psnr)
expect 0 "$AECOMP" compress s.png -o same.aec -q 60 --tune psnr --effort 3
cmp -s plain.aec same.aec || fail "--effort 3 is not the default"
expect 0 "$AECOMP" compress s.png -o refined.aec -q 60 --tune psnr --effort 7 --verify --json
awk -v a="$bytes" -v b="$(field bytes)" 'BEGIN { exit !(b < 0.99 * a) }' || fail "$(field bytes) bytes with --effort 7, $bytes without"
awk -v a="$psnr" -v b="$(field psnr)" 'BEGIN { exit !(b > a - 0.1) }' || fail "$(field psnr) dB with --effort 7, $psnr without"
expect 0 "$AECOMP" decompress refined.aec -o back.png
expect 0 "$AECOMP" info --verify refined.aec

# With a target the file still meets it.
expect 0 "$AECOMP" compress s.png -o size.aec --size 5000 --effort 5
[ "$(stat -c %s size.aec)" -le 5000 ] || fail "$(stat -c %s size.aec) bytes for --size 5000"
expect 0 "$AECOMP" compress s.png -o psnr.aec --psnr 30 --effort 5 --tune psnr --verify --json
awk -v v="$(field psnr)" 'BEGIN { exit !(v >= 30) }' || fail "--psnr 30 gave $(field psnr)"

expect_refusal 2 'effort' "$AECOMP" compress s.png -o x.aec --effort 10
finish
