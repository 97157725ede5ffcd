# Everything a picture carries beside 8-bit RGB: alpha, 16 bits, gray, text; and formats that cannot hold it.
. "$(dirname "$0")/lib.sh"
need_model
python3 - <<'P'
import math, struct, zlib
chunk = lambda kind, content: struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
def png(name, channels, bits, sample, extra=b"", w=70, h=50):
    form = ">B" if bits == 8 else ">H"
    rows = b"".join(b"\0" + b"".join(struct.pack(form, sample(x, y, c)) for x in range(w) for c in range(channels)) for y in range(h))
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, bits, colour, 0, 0, 0)) + extra
                           + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
wave = lambda x, y, c: 0.5 + 0.3 * math.sin(0.1 * x + c) + 0.15 * math.cos(0.07 * y)
alpha = lambda x, y: (x * 7 + y * y) % 256
for n in (1, 3):
    png(f"opaque{n}.png", n + 1, 8, lambda x, y, c: 255 if c == n else int(255 * wave(x, y, c)))
    png(f"plain{n}.png", n, 8, lambda x, y, c: int(255 * wave(x, y, c)))
    png(f"alpha{n}.png", n + 1, 8, lambda x, y, c: alpha(x, y) if c == n else int(255 * wave(x, y, c)))
    png(f"alpha16_{n}.png", n + 1, 16, lambda x, y, c: 256 * alpha(x, y) + x if c == n else int(65535 * wave(x, y, c)))
png("wide.png", 1, 16, lambda x, y, c: int(65535 * wave(x, y, c)))
png("twelve.png", 1, 16, lambda x, y, c: 100 + int(4095 * wave(x, y, c)))
png("same_rgb.png", 3, 8, lambda x, y, c: int(255 * wave(x, y, 0)))
png("text.png", 3, 8, lambda x, y, c: int(255 * wave(x, y, c)), chunk(b"gAMA", struct.pack(">I", 50000))
    + chunk(b"tEXt", b"Title\0a picture") + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"long " * 50)) + chunk(b"iTXt", b"Author\0\0\0\0\0\xc3\x84nn"))
P
cat >samples.py <<'P'
"""samples.py FILE: bits, channels and the samples of the last channel of a PNG that this program wrote."""
import struct, sys, zlib
data, at, idat = open(sys.argv[1], "rb").read(), 8, b""
while at < len(data):
    n, kind = struct.unpack(">I4s", data[at:at + 8])
    if kind == b"IHDR": w, h, bits, colour = struct.unpack(">IIBB", data[at + 8:at + 18])
    if kind == b"IDAT": idat += data[at + 8:at + 8 + n]
    at += n + 12
channels, size = {0: 1, 4: 2, 2: 3, 6: 4}[colour], bits // 8
raw, stride = zlib.decompress(idat), w * channels * size
previous, out = bytes(stride), []
for y in range(h):
    kind, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
    assert kind in (0, 2), kind
    if kind == 2: row = bytearray((a + b) & 255 for a, b in zip(row, previous))
    previous = row
    out += [int.from_bytes(row[i:i + size], "big") for i in range((channels - 1) * size, stride, channels * size)]
print(bits, channels, *out)
P
there_and_back() { expect 0 "$AECOMP" compress "$1.png" -m "$MODEL" -f && expect 0 "$AECOMP" decompress "$1.aec" -m "$MODEL" -o "$1_back.png" -f; }

# Alpha comes back as it was, and costs nothing where it says nothing.
for name in alpha1 alpha3 alpha16_1 alpha16_3; do
  there_and_back "$name"
  [ "$(python3 samples.py "$name.png")" = "$(python3 samples.py "${name}_back.png")" ] || fail "$name: alpha, depth or channels changed"
done
for n in 1 3; do
  there_and_back "opaque$n" && there_and_back "plain$n" && expect_equal "opaque$n.aec" "plain$n.aec"
  [ "$(size_of "alpha$n.aec")" -gt "$(size_of "plain$n.aec")" ] || fail "alpha of $n channels is not in the file"
done
expect 0 "$AECOMP" info alpha3.aec && expect_stdout 'carries  alpha'
expect 0 "$AECOMP" compress alpha3.png -m "$MODEL" -o dropped.aec --alpha drop && expect_stderr 'note: alpha left out' && expect_equal dropped.aec plain3.aec
expect 0 "$AECOMP" decompress alpha3.aec -m "$MODEL" --alpha drop -o opaque_back.png && expect_equal opaque_back.png plain3_back.png
expect 0 "$AECOMP" decompress alpha3.aec -m "$MODEL" -o alpha.ppm && expect_stderr 'note: alpha left out: ppm'
expect 0 "$AECOMP" decompress alpha3.aec -m "$MODEL" -o alpha.jpg && expect_stderr 'note: alpha left out: jpg'
expect 0 "$AECOMP" decompress alpha3.aec -m "$MODEL" -o alpha.webp --quiet && [ ! -s "$LOGS/err" ] || fail "WebP holds alpha"
expect_refusal 2 'alpha' "$AECOMP" compress alpha3.png -m "$MODEL" -o x.aec --alpha perhaps

# Gray stays gray; with a colour model it goes into colour formats that hold no other.
there_and_back plain1 && [ "$(python3 samples.py plain1_back.png | cut -d ' ' -f 1-2)" = '8 1' ] || fail "gray does not stay gray"
expect 0 "$AECOMP" decompress plain1.aec -m "$MODEL" -o gray.pgm && [ "$(head -c 2 gray.pgm)" = P5 ] || fail "no PGM"
expect 0 "$AECOMP" decompress plain1.aec -m "$MODEL" -o gray.ppm && [ "$(head -c 2 gray.ppm)" = P6 ] || fail "no PPM"
expect_refusal 2 'pgm holds gray images only' "$AECOMP" decompress plain3.aec -m "$MODEL" -o colour.pgm

if [ -n "$("$AECOMP" model list 2>/dev/null | grep built-in)" ]; then
  for quality in 20 50 90; do
    expect 0 "$AECOMP" compress plain1.png -q $quality -o gray.aec -f && expect 0 "$AECOMP" compress same_rgb.png -q $quality -o rgb.aec -f
    # At low qualities colour that is not there costs nothing anyway.
    [ "$(size_of gray.aec)" -lt "$(($(size_of rgb.aec) + (quality < 50)))" ] || fail "gray does not cost less than RGB at -q $quality"
  done
fi

# 16 bits come back as 16, more than 8 of them meant, and within the range of the samples.
for name in wide twelve; do
  there_and_back "$name"
  python3 samples.py "${name}_back.png" >back.txt && python3 samples.py "$name.png" >given.txt
  python3 - "$name" <<'P' || fail "$name: $(cut -c 1-60 back.txt)"
import sys
given, back = ([int(v) for v in open(f).read().split()] for f in ("given.txt", "back.txt"))
assert back[:2] == [16, 1] and len(back) == len(given)
assert min(given[2:]) <= min(back[2:]) and max(back[2:]) <= max(given[2:])
assert len(set(back[2:])) > 700, len(set(back[2:]))
P
done
expect 0 "$AECOMP" compress wide.png -m "$MODEL" -o v.aec --verify --json && expect_stdout '"psnr":'
expect 0 "$AECOMP" eval wide.png --qualities 50 --no-codecs -m "$MODEL" --json && expect_stdout '"psnr":'
expect 0 "$AECOMP" decompress wide.aec -m "$MODEL" -o wide.ppm && [ "$(sed -n 3p wide.ppm)" = 65535 ] || fail "PPM of 16 bits"
expect 0 "$AECOMP" decompress wide.aec -m "$MODEL" -o wide.jpg && expect_stderr '16 bits per sample reduced to 8: jpg'
expect 0 "$AECOMP" info wide.aec && expect_stdout 'gray, 16 bits'

# Text and gamma, byte for byte; PNG only.
there_and_back text
for name in text.png text_back.png; do
  python3 - "$name" <<'P' >"$name.chunks"
import struct, sys
data, at = open(sys.argv[1], "rb").read(), 8
while at < len(data):
    n, kind = struct.unpack(">I4s", data[at:at + 8])
    if kind in (b"gAMA", b"tEXt", b"zTXt", b"iTXt"): print(data[at:at + n + 12].hex())
    at += n + 12
P
done
[ "$(wc -l <text.png.chunks)" -eq 4 ] && expect_equal text.png.chunks text_back.png.chunks
expect 0 "$AECOMP" decompress text.aec -m "$MODEL" -o text.jpg && expect_stderr 'PNG text left out'
expect 0 "$AECOMP" compress text.png -m "$MODEL" -o none.aec --metadata none && [ "$(size_of none.aec)" -lt "$(size_of text.aec)" ] || fail "--metadata none keeps text"

# A long thin image; a bomb: few bytes that declare many pixels.
small_image thin.ppm 3000 2 && expect 0 "$AECOMP" compress thin.ppm -m "$MODEL" && expect 0 "$AECOMP" decompress thin.aec -m "$MODEL" -o thin_back.ppm
[ "$(sed -n 2p thin_back.ppm)" = '3000 2' ] || fail "3000 x 2 comes back in another size"
python3 - <<'P'
import struct, zlib
chunk = lambda kind, content: struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
open("bomb.png", "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
                             + chunk(b"IDAT", zlib.compress(bytes(1000000))) + chunk(b"IEND", b""))
P
expect_refusal 3 'bomb.png: ' "$AECOMP" compress bomb.png -m "$MODEL"

# The published test images: each gives its picture, those made to be broken a refusal.
suite=${AECOMP_TEST_DATA:-$SOURCE/../shared/data}/pngsuite
if [ -d "$suite" ]; then
  expect 1 "$AECOMP" compress "$suite"/*.png -m "$MODEL" -O suite -f --json --quiet
  python3 - "$LOGS/out" <<'P' || fail "PngSuite"
import json, os, sys
reports = [json.loads(line) for line in open(sys.argv[1])]
wrong = [r for r in reports if (r["status"] == "error") != os.path.basename(r["input"]).startswith("x") or r.get("exit_code", 3) != 3]
assert not wrong, wrong[:3]
print(len(reports), "images of PngSuite")
P
  expect 0 "$AECOMP" decompress suite/*.aec -m "$MODEL" -O suite_back --quiet
else
  echo "not checked: no PngSuite in $suite; set AECOMP_TEST_DATA"
fi
finish
