# io/FORMAT.md and model/CODING.md say all that a decoder needs: one that was written from them gives the same pixels.
. "$(dirname "$0")/lib.sh"
PYTHON=/usr/bin/python3
"$PYTHON" -c 'import numpy' 2>/dev/null || skip "$PYTHON has no NumPy (Debian package python3-numpy)"
DECODE=$SOURCE/tests/golden/decode.py

# same MODEL FILE EXTENSION: both decoders give the same image file.
same() {
  expect 0 "$AECOMP" decompress "$2" -m "$1" -o "one$3" -f
  expect 0 "$PYTHON" "$DECODE" "$1" "$2" "two$3"
  cmp -s "one$3" "two$3" || fail "$2: the second decoder gives other pixels"
}

GOLDEN=$SOURCE/tests/golden
for name in rgb-low rgb-high tiles pixel deep map filter; do same "$GOLDEN/golden.aecm" "$GOLDEN/$name.aec" .ppm; done
for name in gray gray-deep map-gray-deep filter-gray-deep; do same "$GOLDEN/golden.aecm" "$GOLDEN/$name.aec" .pgm; done
# The residual layer, without a base and with one.
for name in exact exact-drawing near near-base exact-base-deep; do same "$GOLDEN/golden.aecm" "$GOLDEN/$name.aec" .ppm; done
for name in exact-gray-deep exact-base; do same "$GOLDEN/golden.aecm" "$GOLDEN/$name.aec" .pgm; done

# Coarse channels and residual blocks: the released model, where the program has one.
if [ -f "$SOURCE/data/release.aecm" ]; then
  printf 'P6\n150 100\n255\n' >picture.ppm
  "$PYTHON" -c '
import numpy, sys
y, x = numpy.mgrid[:100, :150]
waves = [120 + 70 * numpy.sin(x / (9 + 5 * c)) + 50 * (x * x + y * y > 7000 + 900 * c) for c in range(3)]
sys.stdout.buffer.write(numpy.stack(waves, 2).astype(numpy.uint8).tobytes())' >>picture.ppm
  for options in '-q 5' '-q 60' '-q 100' '-q 60 --tune psnr'; do
    expect 0 "$AECOMP" compress picture.ppm $options -m "$SOURCE/data/release.aecm" -o picture.aec -f
    same "$SOURCE/data/release.aecm" picture.aec .ppm
  done
fi

# The test vectors are what the decoder computes.
expect 0 "$PYTHON" "$DECODE" "$GOLDEN/golden.aecm" "$GOLDEN/pixel.aec" --values values.json
cmp -s values.json "$GOLDEN/pixel.values.json" || fail "the values of pixel.aec are not those of pixel.values.json"
# Damage is seen.
cp "$GOLDEN/pixel.aec" damaged.aec
printf '\377' | dd of=damaged.aec bs=1 seek=30 conv=notrunc status=none
expect 1 "$PYTHON" "$DECODE" "$GOLDEN/golden.aecm" damaged.aec out.ppm
finish
