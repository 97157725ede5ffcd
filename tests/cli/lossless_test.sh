# compress --lossless and --max-error: every sample comes back, or none is farther off than was asked.
. "$(dirname "$0")/lib.sh"
PYTHON=/usr/bin/python3
"$PYTHON" -c 'import numpy' 2>/dev/null || skip "$PYTHON has no NumPy (Debian package python3-numpy)"
need_model
"$PYTHON" - <<'P'
import numpy as np
random = np.random.default_rng(1)
def write(name, a):
    bits = 16 if a.dtype == np.uint16 else 8
    kind = "P6" if a.ndim == 3 else "P5"
    with open(name, "wb") as f:
        f.write(b"%s\n%d %d\n%d\n" % (kind.encode(), a.shape[1], a.shape[0], 65535 if bits == 16 else 255))
        f.write(a.astype(">u2" if bits == 16 else np.uint8).tobytes())
y, x = np.mgrid[:90, :140]
photo = np.stack([120 + 70 * np.sin(x / (9 + 5 * c)) + 30 * np.cos(y / 7) + random.normal(0, 3, x.shape) for c in range(3)], 2)
photo = np.clip(photo, 0, 255).astype(np.uint8)
write("photo.ppm", photo)
write("gray.pgm", photo[..., 1])
write("one.ppm", photo[:1, :1])
write("column.pgm", photo[:, 0, 0][:, None])
write("noise.ppm", random.integers(0, 256, (70, 70, 3)).astype(np.uint8))
write("checker.pgm", ((x + y) % 2 * 255).astype(np.uint8))
write("colours.ppm", random.integers(0, 256, (6, 3)).astype(np.uint8)[(x // 9 + y // 11) % 6])
write("deep.pgm", random.integers(0, 65536, (50, 60)).astype(np.uint16))
write("raw.ppm", (photo.astype(np.uint16) * 193 + random.integers(0, 90, photo.shape)).astype(np.uint16))
write("twelve.pgm", (photo[..., 0].astype(np.uint16) << 8 & 0xfff0).astype(np.uint16))
write("large.ppm", np.tile(photo, (3, 3, 1)))
P
cat >worst.py <<'P'
import sys
def read(name):
    kind, size, most, pixels = open(name, "rb").read().split(b"\n", 3)
    wide = int(most) > 255
    return (kind, size, most), [int.from_bytes(pixels[i:i + 2], "big") for i in range(0, len(pixels), 2)] if wide else list(pixels)
(a, one), (b, two) = read(sys.argv[1]), read(sys.argv[2])
print(max(abs(p - q) for p, q in zip(one, two)) if a == b and len(one) == len(two) else "shape")
P

for file in photo.ppm gray.pgm one.ppm column.pgm noise.ppm checker.pgm colours.ppm deep.pgm raw.ppm twelve.pgm large.ppm; do
  expect 0 "$AECOMP" compress --lossless --verify --tile-size 128 "$file" -o x.aec -f
  expect 0 "$AECOMP" decompress x.aec -o "x.${file##*.}" -f
  cmp -s "$file" "x.${file##*.}" || fail "$file is not what it was"
  expect 0 "$AECOMP" info x.aec
  grep -q 'error    none: lossless' "$LOGS/out" || fail "info says that the file is lossless"
  for error in 2 20; do
    expect 0 "$AECOMP" compress --max-error $error --verify "$file" -o y.aec -f
    expect 0 "$AECOMP" decompress y.aec -o "y.${file##*.}" -f
    worst=$("$PYTHON" worst.py "$file" "y.${file##*.}")
    [ "$worst" -le "$error" ] || fail "$file: the largest error is $worst, asked for $error"
  done
done

# The same bytes for every number of threads; --max-error 0 is --lossless.
expect 0 "$AECOMP" compress --lossless --tile-size 128 -j 1 large.ppm -o one.aec
expect 0 "$AECOMP" compress --max-error 0 --tile-size 128 -j 4 large.ppm -o four.aec
cmp -s one.aec four.aec || fail "the bytes depend on the number of threads"

# What is as small without loss is kept so, whatever was asked for; photographs are not.
expect 0 "$AECOMP" compress --lossless colours.ppm -o flat.aec
for asked in "-q 50" "-q 75 --effort 4" "--psnr 30" "--size $(stat -c %s flat.aec)"; do
  # shellcheck disable=SC2086
  expect 0 "$AECOMP" compress $asked --json colours.ppm -o asked.aec -f
  cmp -s flat.aec asked.aec || fail "$asked: not the lossless file of a flat picture, though it is smaller"
  grep -q '"max_error":0' "$LOGS/out" || fail "$asked: --json does not say that nothing is lost"
  grep -q '"model"' "$LOGS/out" && fail "$asked: --json names a model, though none is needed"
done
expect 0 "$AECOMP" decompress --json flat.aec -o flat.ppm -f
grep -q '"model"' "$LOGS/out" && fail "decompress --json names a model, though none is needed"
expect 0 "$AECOMP" compress -q 50 --json photo.ppm -o asked.aec -f
grep -q '"layers":\["network"\]' "$LOGS/out" || fail "a photograph has another layer than the network's"

# Regions and streams.
expect 0 "$AECOMP" decompress --region 100,80,200,60 one.aec -o part.ppm
"$PYTHON" - <<'P' || fail "a region is not that part of the whole"
whole, part = (open(n, "rb").read().split(b"\n", 3)[3] for n in ("large.ppm", "part.ppm"))
assert part == b"".join(whole[((80 + i) * 420 + 100) * 3:((80 + i) * 420 + 300) * 3] for i in range(60))
P
"$AECOMP" compress --lossless - <photo.ppm 2>/dev/null | "$AECOMP" decompress --format ppm - 2>/dev/null >piped.ppm
cmp -s photo.ppm piped.ppm || fail "through pipes"

# Damage is exit 4 and leaves nothing behind.
for at in 20 60 300 2000; do
  cp one.aec damaged.aec
  printf '\252' | dd of=damaged.aec bs=1 seek=$at conv=notrunc status=none
  cmp -s one.aec damaged.aec && continue
  expect 4 "$AECOMP" decompress damaged.aec -o damaged.ppm
  [ ! -e damaged.ppm ] || fail "a file is left of damaged input"
done
head -c 2000 one.aec >short.aec
expect 4 "$AECOMP" decompress short.aec -o damaged.ppm

# Options that contradict each other, values that make no sense.
expect 2 "$AECOMP" compress --lossless -q 50 photo.ppm -o z.aec
expect 2 "$AECOMP" compress --lossless --max-error 2 photo.ppm -o z.aec
expect 2 "$AECOMP" compress --max-error 3 --psnr 40 photo.ppm -o z.aec
expect 2 "$AECOMP" compress --max-error -1 photo.ppm -o z.aec
expect 2 "$AECOMP" compress --max-error 32768 photo.ppm -o z.aec
expect 2 "$AECOMP" compress --max-error much photo.ppm -o z.aec
finish
