# The picture's filter: in files where it gains, not at low efforts, and decoded alike in whole and in part.
. "$(dirname "$0")/lib.sh"
[ -n "$("$AECOMP" model list 2>/dev/null | grep built-in)" ] || skip "the program was built without a model"
cp "$SAMPLE" s.png
field() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$LOGS/out"; }

expect 0 "$AECOMP" compress s.png -o off.aec -q 60 --filter off --verify --json
bytes=$(field bytes) psnr=$(field psnr)
expect 0 "$AECOMP" compress s.png -o on.aec -q 60 --verify --json
awk -v a="$psnr" -v b="$(field psnr)" 'BEGIN { exit !(b > a) }' || fail "$(field psnr) dB with a filter, $psnr without"
awk -v a="$bytes" -v b="$(field bytes)" 'BEGIN { exit !(b > a && b < a + 400) }' || fail "$(field bytes) bytes, $bytes without"
expect 0 "$AECOMP" compress s.png -o same.aec -q 60 --filter on --effort 0
expect_equal on.aec same.aec
expect 0 "$AECOMP" compress s.png -o low.aec -q 60 --effort 2
expect_equal off.aec low.aec
expect 0 "$AECOMP" compress s.png -o lossless.aec --lossless --filter on
expect 0 "$AECOMP" decompress lossless.aec -o back.png

# info names it and its bytes.
expect 0 "$AECOMP" info on.aec
expect_stdout '^  filter   [0-9]* bytes$'
expect_stdout 'carries .*filter'
expect 0 "$AECOMP" info --json --verify on.aec
filter=$(field filter_bytes)
[ "${filter:-0}" -gt 5 ] || fail "info says that the filter has ${filter:-no} bytes"
expect 0 "$AECOMP" info off.aec
grep -q filter "$LOGS/out" && fail "info names a filter that is not there"

# A part is that part of the whole, also across tiles.
expect 0 "$AECOMP" compress s.png -o tiles.aec -q 60 --tile-size 64
expect 0 "$AECOMP" decompress tiles.aec -o whole.ppm
expect 0 "$AECOMP" decompress tiles.aec -o part.ppm --region 61,59,70,9
/usr/bin/python3 - <<'P' 2>"$LOGS/err" || fail "the part is not that of the whole"
def read(name):
    data = open(name, "rb").read()
    _, size, _, pixels = data.split(b"\n", 3)
    return (*map(int, size.split()), pixels)
w, h, whole = read("whole.ppm")
pw, ph, part = read("part.ppm")
assert (pw, ph) == (70, 9)
for y in range(ph):
    at = 3 * ((59 + y) * w + 61)
    assert part[3 * pw * y:3 * pw * (y + 1)] == whole[at:at + 3 * pw], y
P

# Targets hold with it.
expect 0 "$AECOMP" compress s.png -o size.aec --size 5000
[ "$(stat -c %s size.aec)" -le 5000 ] || fail "$(stat -c %s size.aec) bytes for --size 5000"
expect 0 "$AECOMP" compress s.png -o psnr.aec --psnr 31 --verify --json
awk -v v="$(field psnr)" 'BEGIN { exit !(v >= 31 && v < 31.6) }' || fail "--psnr 31 gave $(field psnr)"

expect_refusal 2 'filter' "$AECOMP" compress s.png -o x.aec --filter maybe
finish
