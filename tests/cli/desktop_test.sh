# Files of the desktop: MIME types, the thumbnailer and ImageMagick's delegate, each with the program that reads it.
. "$(dirname "$0")/lib.sh"
DESKTOP=$SOURCE/app/desktop
tried=0
"$AECOMP" info "$SOURCE/tests/golden/rgb-low.aec" >"$LOGS/out" 2>&1 || fail "info"
small_image small.ppm 90 60
"$AECOMP" compress small.ppm -o small.aec >"$LOGS/out" 2>"$LOGS/err" || skip "the program has no model built in"

# MIME types, by the first bytes and by name.
if command -v update-mime-database gio >/dev/null; then
  tried=$((tried + 1))
  mkdir -p share/mime/packages && cp "$DESKTOP/aecomp.xml" share/mime/packages/
  expect 0 update-mime-database share/mime
  export XDG_DATA_DIRS=$WORK/share
  cp small.aec without_name
  cp "$SOURCE/tests/golden/golden.aecm" model.aecm
  for file in small.aec without_name; do
    expect 0 gio info -a standard::content-type "$file" && expect_stdout 'image/x-aecomp$'
  done
  expect 0 gio info -a standard::content-type model.aecm && expect_stdout 'application/x-aecomp-model$'
  unset XDG_DATA_DIRS
else
  echo "SKIPPED: MIME types (Debian packages shared-mime-info and libglib2.0-bin)"
fi

# ImageMagick reads and writes .aec with the program. Its own colours are kept: no profile, no gamma.
if convert -version 2>/dev/null | grep -q ImageMagick.*http; then
  tried=$((tried + 1))
  export PATH=$(dirname "$AECOMP"):$PATH MAGICK_CONFIGURE_PATH=$DESKTOP
  expect 0 convert small.aec magick.ppm
  expect 0 "$AECOMP" decompress small.aec -o small_back.ppm -f
  expect_equal magick.ppm small_back.ppm
  expect 0 convert small.ppm written.aec  # with chunks of ImageMagick's own
  expect 0 "$AECOMP" decompress written.aec -o written.ppm -f
  expect_equal written.ppm small_back.ppm
  head -c 60 small.aec >broken.aec
  expect 1 convert broken.aec broken.png
  expect_no_file broken.png
else
  echo "SKIPPED: ImageMagick (Debian package imagemagick)"
fi

# The thumbnailer's own command, with the name of a file that is there already.
if /usr/bin/python3 -c 'import PIL' 2>/dev/null; then
  tried=$((tried + 1))
  command=$(sed -n 's/^Exec=aecomp //p' "$DESKTOP/aecomp.thumbnailer" | sed "s/%s/32/; s/%i/small.aec/; s/%o/thumbnail/")
  true >thumbnail
  expect 0 "$AECOMP" $command
  expect 0 /usr/bin/python3 -c 'import PIL.Image; i = PIL.Image.open("thumbnail"); assert (i.format, i.size) == ("PNG", (32, 21)), i'
  head -c 60 small.aec >broken.aec
  expect 4 "$AECOMP" ${command/small.aec/broken.aec} && expect_stderr 'broken.aec: .*truncated'
else
  echo "SKIPPED: the thumbnailer (Debian package python3-pil)"
fi

# gdk-pixbuf's loader: a thumbnail, the pixels of all kinds of pictures, damage.
LOADER=$(dirname "$AECOMP")/libpixbufloader-aec.so
query=$(command -v gdk-pixbuf-query-loaders || ls /usr/lib/*/gdk-pixbuf-2.0/gdk-pixbuf-query-loaders 2>/dev/null | head -1)
if [ -f "$LOADER" ] && [ -n "$query" ] && command -v gdk-pixbuf-thumbnailer update-mime-database >/dev/null; then
  tried=$((tried + 1))
  "$query" "$LOADER" >loaders.cache 2>"$LOGS/err" || fail "the list of loaders"
  mkdir -p share/mime/packages && cp "$DESKTOP/aecomp.xml" share/mime/packages/
  expect 0 update-mime-database share/mime
  grep -q '"image/x-aecomp"' loaders.cache || fail "the loader does not say what it reads"
  # thumbnail SIDE FILE OUT
  thumbnail() {
    XDG_DATA_DIRS=$WORK/share:/usr/share GDK_PIXBUF_MODULE_FILE=$WORK/loaders.cache G_DEBUG=fatal-criticals \
      timeout 60 gdk-pixbuf-thumbnailer -s "$1" "$2" "$3"
  }
  expect 0 thumbnail 32 small.aec thumbnail.png && expect_file thumbnail.png
  expect 0 thumbnail 90 small.aec full.png
  printf 'P5\n3 2\n65535\n\000\000\377\377\200\000\001\002\177\377\020\020' >deep.pgm
  printf 'P7\nWIDTH 2\nHEIGHT 2\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n\001\002\003\004\377\001\377\001\010\020\030\200abcd' >clear.pam
  expect 0 "$AECOMP" compress --lossless deep.pgm -o deep.aec && expect 0 thumbnail 3 deep.aec deep.png
  expect 0 "$AECOMP" compress --lossless clear.pam -o clear.aec && expect 0 thumbnail 2 clear.aec clear.png
  if /usr/bin/python3 -c 'import PIL, numpy' 2>/dev/null; then
    expect 0 "$AECOMP" decompress small.aec -o small_back.ppm -f
    expect 0 "$AECOMP" decompress small.aec --max-side 32 -o small_32.ppm
    expect 0 /usr/bin/python3 -c '
import numpy
from PIL import Image
pixels = lambda name: numpy.asarray(Image.open(name))
assert numpy.array_equal(pixels("full.png"), pixels("small_back.ppm"))
assert numpy.array_equal(pixels("thumbnail.png"), pixels("small_32.ppm"))
deep = numpy.array([[0, 65535, 32768], [258, 32767, 4112]])
assert numpy.array_equal(pixels("deep.png"), numpy.repeat((deep * 255 + 32767)[:, :, None] // 65535, 3, 2))
clear = numpy.frombuffer(b"\1\2\3\4\xff\1\xff\1\x08\x10\x18\x80abcd", numpy.uint8).reshape(2, 2, 4)
assert numpy.array_equal(pixels("clear.png"), clear), pixels("clear.png")'
  fi
  head -c 60 small.aec >broken.aec && cp small.aec damaged.aec && flip damaged.aec 200
  for file in broken.aec damaged.aec; do
    expect 1 thumbnail 32 $file none.png && expect_no_file none.png
  done
else
  echo "SKIPPED: gdk-pixbuf's loader (Debian packages libgdk-pixbuf-2.0-dev, libgdk-pixbuf2.0-bin, shared-mime-info)"
fi
[ "$tried" -gt 0 ] || skip "none of the programs that read these files"
finish
