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
if command -v convert >/dev/null; then
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

# The thumbnailer's own command.
if /usr/bin/python3 -c 'import PIL' 2>/dev/null && [ -f "$(dirname "$AECOMP")/libaecomp.so.0" ]; then
  tried=$((tried + 1))
  command=$(sed -n 's/^Exec=//p' "$DESKTOP/aecomp.thumbnailer" | sed "s/^python3/\/usr\/bin\/python3/; s/%s/32/; s/%i/small.aec/; s/%o/small.png/")
  export AECOMP_LIBRARY=$(dirname "$AECOMP")/libaecomp.so.0 PYTHONPATH=$SOURCE/model/api/python PYTHONDONTWRITEBYTECODE=1
  expect 0 $command
  expect 0 /usr/bin/python3 -c 'import PIL.Image; image = PIL.Image.open("small.png"); assert image.size == (32, 21), image.size'
  head -c 60 small.aec >broken.aec
  expect 1 ${command/small.aec/broken.aec} && expect_stderr '^broken.aec: .*truncated'
else
  echo "SKIPPED: the thumbnailer (Debian package python3-pil, and the library)"
fi
[ "$tried" -gt 0 ] || skip "none of the programs that read these files"
finish
