# Every kind of metadata is kept or named; what compress writes, decompress reads.
. "$(dirname "$0")/lib.sh"
[ -n "$("$AECOMP" model list 2>/dev/null | grep built-in)" ] || skip "the program was built without a model"
command -v python3 >"$LOGS/python" || skip "python3 puts the files together"
small_image s.ppm 32 24
expect 0 "$AECOMP" compress s.ppm -o s.aec
for format in png jpg tif bmp; do expect 0 "$AECOMP" decompress s.aec -o "plain.$format"; done

cat >make.py <<'P'
import struct, sys, zlib

def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

def segment(marker, content):
    return bytes([0xff, marker]) + struct.pack(">H", len(content) + 2) + content

def profile(space):
    header = bytearray(400)
    header[0:4], header[16:20], header[36:40] = struct.pack(">I", 400), space, b"acsp"
    return bytes(header)

png, jpg = open("plain.png", "rb").read(), open("plain.jpg", "rb").read()
def in_png(name, *chunks): open(name, "wb").write(png[:33] + b"".join(chunks) + png[33:])
def in_jpg(name, *segments, end=b""): open(name, "wb").write(jpg[:20] + b"".join(segments) + jpg[20:] + end)

bad = bytearray(chunk(b"tEXt", b"Author\0me"))
bad[-1] ^= 1
in_png("bad_crc.png", bytes(bad))
in_png("bad_text.png", chunk(b"tEXt", b"no end"))
in_png("bad_icc.png", chunk(b"iCCP", b"x\0\0" + zlib.compress(profile(b"RGB "))[:-9]))
in_png("others.png", chunk(b"sBIT", b"\5\6\5"), chunk(b"tIME", bytes(7)), chunk(b"bKGD", bytes(6)))
in_png("animated.png", chunk(b"acTL", struct.pack(">II", 2, 0)))
in_png("colour.png", chunk(b"gAMA", struct.pack(">I", 100000)), chunk(b"cICP", b"\x09\x10\0\1"),
       chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1)))
in_png("gray_icc.png", chunk(b"iCCP", b"x\0\0" + zlib.compress(profile(b"GRAY"))))
icc = lambda number, count: segment(0xe2, b"ICC_PROFILE\0" + bytes([number, count]) + profile(b"RGB "))
in_jpg("icc_chunk0.jpg", icc(0, 1))
in_jpg("icc_count0.jpg", icc(1, 0))
in_jpg("icc_cmyk.jpg", segment(0xe2, b"ICC_PROFILE\0\1\1" + profile(b"CMYK")))
in_jpg("others.jpg", segment(0xfe, b"by hand"), segment(0xed, b"Photoshop 3.0\0008BIM\4\4\0\0\0\0\0\0"),
       segment(0xe1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40)))
mpf = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0xb001, 4, 1, 2) + bytes(4)
in_jpg("two.jpg", segment(0xe2, b"MPF\0" + mpf), end=jpg)
exif = b"II*\0\x08\0\0\0" + struct.pack("<HHHIHH", 1, 0x112, 3, 1, 6, 0) + bytes(4)
in_jpg("turned.jpg", segment(0xe1, b"Exif\0\0" + exif),
       segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<d tiff:Orientation=\"6\"/>"))
dpi = bytearray(jpg)
dpi[13:18] = struct.pack(">BHH", 1, 300, 72)
open("dpi.jpg", "wb").write(dpi)
P
python3 make.py || fail "make.py"

# round INPUT FORMAT: compresses and restores; the notes of both are in $LOGS/notes.
round() {
  rm -f x.aec "back.$2"
  expect 0 "$AECOMP" compress "$1" -o x.aec
  cp "$LOGS/err" "$LOGS/notes"
  expect 0 "$AECOMP" decompress x.aec -o "back.$2"
  cat "$LOGS/err" >>"$LOGS/notes"
}
named() { grep -q "note: .*$1" "$LOGS/notes" || fail "$1 is not named: $(cat "$LOGS/notes")"; }
silent() { ! grep -q note: "$LOGS/notes" || fail "a note about nothing: $(cat "$LOGS/notes")"; }
holds() { grep -qaF -- "$2" "$1" || fail "$1 lacks $2"; }
lacks() { ! grep -qaF -- "$2" "$1" || fail "$1 has $2"; }

for format in png jpg tif bmp; do round "plain.$format" png && silent; done
round bad_crc.png png && named 'tEXt chunk left out: its checksum is wrong' && lacks back.png Author
round bad_text.png png && named 'tEXt chunk left out: its keyword'
round bad_icc.png png && named 'ICC profile left out: it cannot be unpacked'
round others.png png && named "sBIT chunk, PNG's tIME chunk, PNG's bKGD chunk"
round animated.png png && named 'animation (2 frames) left out'
round gray_icc.png png && named 'ICC profile left out: it describes GRAY, the pixels are RGB' && lacks back.png iCCP
round icc_chunk0.jpg png && silent && holds back.png iCCP
round icc_count0.jpg jpg && silent && holds back.jpg ICC_PROFILE
round icc_cmyk.jpg png && named 'ICC profile left out: it describes CMYK' && lacks back.png iCCP
round others.jpg png && named 'JPEG comment' && named IPTC && named 'extended XMP'
round two.jpg png && named '1 more of the pictures left out'
round turned.jpg png && silent && holds back.png 'tiff:Orientation="1"'
round colour.png png && silent && holds back.png gAMA && holds back.png cICP && holds back.png pHYs
for format in tif ppm bmp webp jpg; do round colour.png "$format" && named 'gAMA, cICP left out'; done
for format in ppm webp; do round colour.png "$format" && named 'resolution left out'; done
expect 0 "$AECOMP" compress others.jpg -o quiet.aec --json && expect_stdout '"notes":.*JPEG comment'
expect 0 "$AECOMP" compress others.jpg -o none.aec --metadata none
grep -q note: "$LOGS/err" && fail "a note about metadata that nobody wants"

# Resolution: through every format that has one.
density() { od -An -tu1 -j 13 -N 5 "$1" | tr -s ' '; }
round dpi.jpg png && silent && round back.png jpg && silent
[ "$(density back.jpg)" = " 1 1 44 0 72" ] || fail "resolution through PNG:$(density back.jpg)"
round dpi.jpg tif && silent && round back.tif jpg && silent
[ "$(density back.jpg)" = " 1 1 44 0 72" ] || fail "resolution through TIFF:$(density back.jpg)"
round dpi.jpg bmp && silent && round back.bmp jpg && silent
[ "$(density back.jpg)" = " 1 1 44 0 72" ] || fail "resolution through BMP:$(density back.jpg)"
expect 0 "$AECOMP" compress dpi.jpg -o x.aec -f && expect 0 "$AECOMP" info x.aec && expect_stdout resolution
expect 0 "$AECOMP" decompress x.aec -o none.jpg --metadata icc,exif
[ "$(density none.jpg)" != " 1 1 44 0 72" ] || fail "the resolution was not asked for"
finish
