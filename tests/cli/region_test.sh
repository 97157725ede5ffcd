# decompress --region: a part of the image, equal to that part of the whole; only what it depends on is decoded.
. "$(dirname "$0")/lib.sh"
need_model
python3 - <<'P'
import math
w, h = 1500, 1100  # four tiles
rows = b"".join(bytes(int(128 + 60 * math.sin(0.02 * x + c) + 50 * math.cos(0.05 * y * (1 + x // 700))) for x in range(w) for c in range(3))
                for y in range(h))
open("big.ppm", "wb").write(b"P6\n%d %d\n255\n" % (w, h) + rows)
P
cat >crop.py <<'P'
import sys
name, x, y, w, h = sys.argv[1], *map(int, sys.argv[2:])
magic, size, most, pixels = open(name, "rb").read().split(b"\n", 3)
width = int(size.split()[0])
part = b"".join(pixels[((y + i) * width + x) * 3:((y + i) * width + x + w) * 3] for i in range(h))
sys.stdout.buffer.write(b"P6\n%d %d\n255\n" % (w, h) + part)
P
expect 0 "$AECOMP" compress big.ppm -o big.aec
expect 0 "$AECOMP" decompress big.aec -o whole.ppm
for region in 0,0,1,1 1499,1099,1,1 1000,1000,100,100 300,200,64,48 0,1020,1500,8 0,0,1500,1100; do
  expect 0 "$AECOMP" decompress -f --region $region big.aec -o part.ppm
  python3 crop.py whole.ppm ${region//,/ } >expected.ppm
  cmp -s part.ppm expected.ppm || fail "the region $region is not that of the whole"
done
expect 0 "$AECOMP" decompress -f --region 0,0,40,30 --json big.aec -o part.png
grep -q '"width":40' "$LOGS/out" || fail "the report has the size of the region"

# Tiles of other sizes: equal as well, and files differ.
for size in 256 4096; do
  expect 0 "$AECOMP" compress -f --tile-size $size big.ppm -o tiles.aec
  expect 0 "$AECOMP" info tiles.aec && grep -q "of ${size}x$size" "$LOGS/out" || fail "tiles of $size pixels"
  expect 0 "$AECOMP" decompress -f tiles.aec -o tiles.ppm
  expect 0 "$AECOMP" decompress -f --region 200,250,300,70 tiles.aec -o part.ppm
  python3 crop.py tiles.ppm 200 250 300 70 >expected.ppm
  cmp -s part.ppm expected.ppm || fail "a region across tiles of $size pixels is not that of the whole"
done
expect 0 "$AECOMP" info big.aec && grep -q 'of 1024x1024' "$LOGS/out" || fail "tiles have 1024 pixels"
for size in 0 63 100 16384 big; do
  expect 2 "$AECOMP" compress --tile-size $size big.ppm -o none.aec && expect_stderr 'power of two' && expect_no_file none.aec
done

for region in 1500,0,1,1 0,0,1501,1 0,0,0,5 1499,1099,2,1; do
  expect 2 "$AECOMP" decompress -f --region $region big.aec -o none.ppm
  grep -q "big.aec.*1500x1100" "$LOGS/err" || fail "the message names file and size: $region"
done
for region in 1,2,3 1,2,3,4,5 a,b,c,d -1,0,5,5 ""; do
  expect 2 "$AECOMP" decompress -f --region "$region" big.aec -o none.ppm
done
[ ! -e none.ppm ] || fail "a refused region leaves no file"

# Alpha is cut as well.
python3 - <<'P'
import struct, zlib
chunk = lambda kind, content: struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
w, h = 60, 50
rows = b"".join(b"\0" + b"".join(bytes((x * 4, y * 4, 90, (x * y) % 256)) for x in range(w)) for y in range(h))
open("alpha.png", "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 6, 0, 0, 0))
                              + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
P
expect 0 "$AECOMP" compress alpha.png
expect 0 "$AECOMP" decompress alpha.aec -o alpha_whole.png
expect 0 "$AECOMP" decompress --region 20,10,7,5 alpha.aec -o alpha_part.png
python3 - <<'P' || fail "alpha of a region"
import struct, zlib
def pixels(name):
    """Rows of an RGBA PNG whose rows have the filters none or up, which are all that this program writes."""
    data, at, idat = open(name, "rb").read(), 8, b""
    while at < len(data):
        n, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR": w, h, bits, colour = struct.unpack(">IIBB", data[at + 8:at + 18])
        if kind == b"IDAT": idat += data[at + 8:at + 8 + n]
        at += n + 12
    assert (bits, colour) == (8, 6)
    raw, rows, previous = zlib.decompress(idat), [], bytes(4 * w)
    for y in range(h):
        kind, row = raw[y * (4 * w + 1)], raw[y * (4 * w + 1) + 1:(y + 1) * (4 * w + 1)]
        assert kind in (0, 2), kind
        previous = row if kind == 0 else bytes((a + b) % 256 for a, b in zip(row, previous))
        rows.append(previous)
    return rows
whole, part = pixels("alpha_whole.png"), pixels("alpha_part.png")
raise SystemExit(part != [row[80:108] for row in whole[10:15]])
P
finish
