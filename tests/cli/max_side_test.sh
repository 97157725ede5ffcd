# decompress --max-side: the mean of the area that each pixel covers, of what is decoded in full; little memory.
# --max-pixels: a limit that is checked before anything is decoded.
. "$(dirname "$0")/lib.sh"
need_model
PYTHON=/usr/bin/python3
"$PYTHON" -c 'import numpy' 2>/dev/null || skip "$PYTHON has no NumPy (Debian package python3-numpy)"
"$PYTHON" - <<'P'
import numpy
y, x = numpy.mgrid[:700, :930]
rgb = numpy.stack([128 + 60 * numpy.sin(0.02 * x + c) + 50 * numpy.cos(0.05 * y * (1 + x // 700)) for c in range(3)], 2)
rgb = rgb.astype(numpy.uint8)
alpha = (x * y % 256).astype(numpy.uint8)
alpha[100:400, 200:300] = 0
open("rgb.ppm", "wb").write(b"P6\n930 700\n255\n" + rgb.tobytes())
head = b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %d\nTUPLTYPE %s\nENDHDR\n"
open("rgba.pam", "wb").write(head % (930, 700, 4, 255, b"RGB_ALPHA") + numpy.dstack([rgb, alpha]).tobytes())
deep = (rgb[:, :, 0].astype(numpy.uint16) * 257 + (x % 99).astype(numpy.uint16)).astype(">u2")
open("gray.pam", "wb").write(head % (930, 700, 1, 65535, b"GRAYSCALE") + deep.tobytes())
P
cat >mean.py <<'P'
"""mean.py WHOLE.pam SMALL.pam: whether the small picture is the mean of areas of the whole, rounded to nearest."""
import sys
import numpy

def read(name):
    head, _, content = open(name, "rb").read().partition(b"ENDHDR\n")
    fields = dict(line.split(None, 1) for line in head.decode().splitlines() if " " in line)
    shape = [int(fields[key]) for key in ("HEIGHT", "WIDTH", "DEPTH")]
    return numpy.frombuffer(content, ">u2" if int(fields["MAXVAL"]) > 255 else "u1").reshape(shape).astype(numpy.int64)

def weights(size, small):
    """In steps of 1/small of a pixel."""
    i, j = numpy.arange(size)[None, :], numpy.arange(small)[:, None]
    return numpy.maximum(0, numpy.minimum((i + 1) * small, (j + 1) * size) - numpy.maximum(i * small, j * size))

whole, small = read(sys.argv[1]), read(sys.argv[2])
down, across = weights(whole.shape[0], small.shape[0]), weights(whole.shape[1], small.shape[1])
# All sums are whole numbers below 2^53, which doubles hold exactly, and multiply much faster than integers.
total = lambda plane: (down.astype(float) @ plane.astype(float) @ across.T.astype(float)).astype(numpy.int64)
want, alpha = numpy.empty_like(small), whole.shape[2] % 2 == 0
area = numpy.full(small.shape[:2], whole.shape[0] * whole.shape[1])
for c in range(small.shape[2]):
    colour = alpha and c + 1 < small.shape[2]
    parts = total(whole[:, :, -1]) if colour else area
    sums = total(whole[:, :, c] * whole[:, :, -1]) if colour else total(whole[:, :, c])
    want[:, :, c] = numpy.where(parts == 0, 0, (sums + parts // 2) // numpy.maximum(parts, 1))
raise SystemExit(not numpy.array_equal(want, small))
P
for picture in rgb.ppm rgba.pam gray.pam; do
  for options in "-q 60 --tile-size 256" "-q 60" "--lossless --tile-size 128" "--max-error 8 --tile-size 256"; do
    expect 0 "$AECOMP" compress $picture -m "$MODEL" $options -o picture.aec -f
    expect 0 "$AECOMP" decompress picture.aec -m "$MODEL" -o whole.pam -f
    for side in 1 100 929; do
      expect 0 "$AECOMP" decompress picture.aec -m "$MODEL" --max-side $side -o small.pam -f
      "$PYTHON" mean.py whole.pam small.pam || fail "$picture, $options: --max-side $side is not the mean of areas"
    done
  done
done
# A part; a picture that is small already; the size in the report.
expect 0 "$AECOMP" compress rgb.ppm -m "$MODEL" --tile-size 256 -o rgb.aec
expect 0 "$AECOMP" decompress rgb.aec -m "$MODEL" --region 101,203,600,401 -o whole.pam -f
expect 0 "$AECOMP" decompress rgb.aec -m "$MODEL" --region 101,203,600,401 --max-side 77 --json -o small.pam -f
expect_stdout '"width":77,"height":51'
"$PYTHON" mean.py whole.pam small.pam || fail "a part is not the mean of areas"
expect 0 "$AECOMP" decompress rgb.aec -m "$MODEL" -o whole.pam -f
expect 0 "$AECOMP" decompress rgb.aec -m "$MODEL" --max-side 930 -o small.pam -f && expect_equal whole.pam small.pam
expect 0 "$AECOMP" decompress rgb.aec -m "$MODEL" --max-side 90 -j 1 -o one.pam -f
expect 0 "$AECOMP" decompress rgb.aec -m "$MODEL" --max-side 90 -j 4 -o four.pam -f && expect_equal one.pam four.pam
for side in 0 -1 big ""; do expect_refusal 2 '' "$AECOMP" decompress rgb.aec -m "$MODEL" --max-side "$side" -o none.pam; done
cp rgb.aec damaged.aec && flip damaged.aec $(($(size_of rgb.aec) - 100))
expect_refusal 4 'damaged.aec: .*' "$AECOMP" decompress damaged.aec -m "$MODEL" --max-side 90 -o none.pam

# Limits, exact to a pixel: of the picture, or of the part that is asked for.
expect 0 "$AECOMP" decompress rgb.aec -m "$MODEL" --max-pixels 651000 -o limit.pam
expect_refusal 3 'rgb.aec: 930 x 700 pixels .*650999.*--max-pixels' "$AECOMP" decompress rgb.aec -m "$MODEL" --max-pixels 650999 -o none.pam
expect_refusal 3 '650999' "$AECOMP" decompress rgb.aec -m "$MODEL" --max-pixels 650999 --max-side 10 -o none.pam
expect 0 "$AECOMP" decompress rgb.aec -m "$MODEL" --max-pixels 100 --region 5,5,10,10 -o part.pam
expect_refusal 3 '11 x 10' "$AECOMP" decompress rgb.aec -m "$MODEL" --max-pixels 100 --region 5,5,11,10 -o none.pam
expect 3 "$AECOMP" info --verify rgb.aec -m "$MODEL" --max-pixels 650999 && expect_stderr '650999'
expect 0 "$AECOMP" info --verify rgb.aec -m "$MODEL" --max-pixels 651000
expect 0 "$AECOMP" info rgb.aec --max-pixels 1
expect_refusal 2 '' "$AECOMP" decompress rgb.aec -m "$MODEL" --max-pixels 0 -o none.pam
finish
