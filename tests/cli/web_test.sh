# The decoder for browsers gives the samples that `aecomp decompress` gives, in Node and in headless Chromium, and says
# what is wrong with a bad file. AECOMP_SCREENSHOTS: a folder for pictures of the page.
. "$(dirname "$0")/lib.sh"
command -v em++ >/dev/null || skip "no em++ (Debian package emscripten)"
command -v node >/dev/null || skip "no node (Debian package nodejs)"
RELEASE=$SOURCE/data/release.aecm
[ -f "$RELEASE" ] || skip "no released model, which lies beside the page"
GOLDEN=$SOURCE/tests/golden MODEL=$GOLDEN/golden.aecm
"$AECOMP" compress "$SAMPLE" -m "$RELEASE" -o sample.aec >"$LOGS/out" 2>"$LOGS/err" || fail "the released model"
expect 0 "$SOURCE/scripts/web.sh" "$WORK/web" || finish
cat "$LOGS/out"

# same MODEL FILE     MODEL: `-` for files that need none
same() {
  expect 0 "$AECOMP" decompress "$2" -m "${1/#-/$RELEASE}" -o one.pam -f
  expect 0 node "$SOURCE/tests/web/decode.mjs" web "$1" "$2" two.pam
  expect_equal one.pam two.pam
}
for name in rgb-low rgb-high tiles pixel deep gray gray-deep map map-gray-deep near-base exact-base exact-base-deep; do
  same "$MODEL" "$GOLDEN/$name.aec"
done
for name in exact exact-gray-deep exact-drawing near; do same - "$GOLDEN/$name.aec"; done

# Pictures of 8 and 16 bits, gray and RGB, with alpha and metadata, with the released model.
PYTHON=/usr/bin/python3
"$PYTHON" -c 'import numpy, PIL' 2>"$LOGS/err" || { echo "SKIPPED: Chromium, and pictures of all kinds (Debian packages python3-numpy, python3-pil)"; finish; }
"$PYTHON" - <<'P' || fail "pictures"
import numpy
from PIL import Image
y, x = numpy.mgrid[:300, :420]
waves = [120 + 70 * numpy.sin(x / (9 + 5 * c)) + 50 * (x * x + y * y > 70000 + 9000 * c) for c in range(3)]
rgb = numpy.stack(waves, 2).astype(numpy.uint8)
exif = Image.Exif()
exif[0x010F], exif[0x0110] = "Maker", "Camera 7"
Image.fromarray(rgb).save("plain.png", exif=exif.tobytes())
Image.fromarray(rgb[:, :, 0]).save("gray.png")
alpha = ((x * 3 + y * 5) % 256).astype(numpy.uint8)
Image.fromarray(numpy.dstack([rgb, alpha])).save("clear.png")
deep = (rgb.astype(numpy.uint16) * 250 + 77).astype(">u2")
open("deep.ppm", "wb").write(b"P6\n420 300\n65535\n" + deep.tobytes())
P
for name in plain.png gray.png clear.png deep.ppm; do
  expect 0 "$AECOMP" compress $name -m "$RELEASE" -o "web/${name%.*}.aec" -q 60
  same "$RELEASE" "web/${name%.*}.aec"
  mv one.pam "web/${name%.*}.pam"
done
expect 0 "$AECOMP" compress deep.ppm --lossless -o web/lossless.aec
same - web/lossless.aec
mv one.pam web/lossless.pam
cp web/plain.aec web/broken.aec && flip web/broken.aec 900
cp "$GOLDEN/tiles.aec" web/other.aec && cp "$MODEL" web/other.aecm
expect 0 "$AECOMP" decompress web/other.aec -m "$MODEL" -o web/other.pam
expect 4 node "$SOURCE/tests/web/decode.mjs" web "$RELEASE" web/broken.aec none.pam && expect_stderr 'checksum of tile'
expect 5 node "$SOURCE/tests/web/decode.mjs" web "$RELEASE" web/other.aec none.pam && expect_stderr 'was made with model'
expect 5 node "$SOURCE/tests/web/decode.mjs" web plain.png web/plain.aec none.pam && expect_stderr 'not a model'

if command -v chromium chromedriver >/dev/null && "$PYTHON" -c 'import selenium' 2>"$LOGS/err"; then
  cp "$SOURCE/tests/web/images.html" web/
  expect 0 "$PYTHON" "$SOURCE/tests/web/browse.py" web ${AECOMP_SCREENSHOTS:+"$AECOMP_SCREENSHOTS"} || grep FAILED "$LOGS/out"
  cat "$LOGS/out"
else
  echo "SKIPPED: Chromium (Debian packages chromium, chromium-driver, python3-selenium)"
fi
finish
