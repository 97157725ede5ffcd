# ICC, EXIF and XMP travel with the picture.
. "$(dirname "$0")/lib.sh"
[ -n "$("$AECOMP" model list 2>/dev/null | grep built-in)" ] || skip "the program was built without a model"
python3 - "$SAMPLE" <<'P'
import struct, sys, zlib
png = open(sys.argv[1], "rb").read()
chunk = lambda kind, content: struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # orientation 6: turn clockwise
profile = bytearray(b"a profile" * 50)
profile[0:4], profile[16:20], profile[36:40] = struct.pack(">I", len(profile)), b"RGB ", b"acsp"
extra = chunk(b"iCCP", b"p\0\0" + zlib.compress(profile)) + chunk(b"eXIf", exif) + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>")
open("m.png", "wb").write(png[:33] + extra + png[33:])
P
expect 0 "$AECOMP" compress m.png --json && grep -q '"width":256,"height":384' "$LOGS/out" || fail "not turned"
expect 0 "$AECOMP" decompress m.aec -o back.png
for what in iCCP eXIf iTXt '<x/>'; do grep -qaF "$what" back.png || fail "$what is lost"; done
expect 0 "$AECOMP" decompress m.aec -o back.jpg
for what in ICC_PROFILE 'a profilea profile' Exif '<x/>'; do grep -qaF "$what" back.jpg || fail "$what is lost in JPEG"; done
expect 0 "$AECOMP" decompress m.aec -o back.ppm && expect_stderr 'ICC profile left out'
expect 0 "$AECOMP" decompress m.aec -o some.png --metadata icc,xmp
grep -qaF eXIf some.png && fail "EXIF was not asked for"
grep -qaF iCCP some.png || fail "the profile was asked for"

# Turned upright once: nothing turns it again.
expect 0 "$AECOMP" compress back.png -o again.aec --json && grep -q '"width":256,"height":384' "$LOGS/out" || fail "turned twice"

expect 0 "$AECOMP" compress m.png -o none.aec --metadata none
expect 0 "$AECOMP" decompress none.aec -o none.png
grep -qaE 'iCCP|eXIf|iTXt' none.png && fail "--metadata none left some"
[ "$(stat -c %s none.aec)" -lt "$(stat -c %s m.aec)" ] || fail "metadata cost nothing"
expect_refusal 2 "'gps' is none of icc, exif, xmp, text" "$AECOMP" compress m.png -o x.aec --metadata icc,gps
finish
