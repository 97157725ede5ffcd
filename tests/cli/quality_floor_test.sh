# -q 90 has at least 41 dB and -q 100 at least 46 on every picture, also where networks fail.
#   AECOMP_FLOOR_PICTURES=200 takes minutes; an eighth of them are photographs of AECOMP_TEST_DATA.
. "$(dirname "$0")/lib.sh"
PYTHON=/usr/bin/python3
"$PYTHON" -c 'import numpy, PIL' 2>/dev/null || skip "$PYTHON has no NumPy or Pillow (python3-numpy, python3-pil)"
need_model
count=${AECOMP_FLOOR_PICTURES:-22}
mkdir pictures
data=${AECOMP_TEST_DATA:-$SOURCE/../shared/data}
find "$data/valid" -type f 2>/dev/null | sort | head -n "$((count / 8))" >photographs
"$PYTHON" - "$count" <<'P'
import sys
import numpy as np
from PIL import Image, ImageDraw
count = int(sys.argv[1])
random = np.random.default_rng(7)
photographs = [line.strip() for line in open("photographs")]

def save(i, kind, samples):
    samples = np.asarray(samples)
    deep = samples.dtype == np.uint16
    name = "pictures/%03d-%s.%s" % (i, kind, "ppm" if samples.ndim == 3 else "pgm")
    with open(name, "wb") as f:
        kind, (h, w), most = b"P6" if samples.ndim == 3 else b"P5", samples.shape[:2], 65535 if deep else 255
        f.write(b"%s\n%d %d\n%d\n" % (kind, w, h, most))
        f.write(samples.astype(">u2" if deep else np.uint8).tobytes())

def lines_of_text(mode, ink, paper, w, h):
    image = Image.new(mode, (w, h), paper)
    draw = ImageDraw.Draw(image)
    for y in range(2, h - 10, 12):
        draw.text((3, y), "".join(chr(97 + c) if c < 26 else " " for c in random.integers(0, 32, w // 6)), fill=ink)
    return np.asarray(image)

def picture(i):
    w, h = (int(v) for v in random.integers(30, 260, 2))
    y, x = np.mgrid[:h, :w]
    a, b = random.uniform(3, 40, 2)
    waves = np.stack([128 + 90 * np.sin(x / a + c) * np.cos(y / b / (1 + c)) for c in range(3)], 2)
    kind = i % 11
    if kind == 0:
        n = int(random.integers(1, 9))
        return "checkerboard", ((x // n + y // n) % 2 * 255).astype(np.uint8)
    if kind == 1:
        return "dithered", ((waves[..., 0] > random.integers(0, 256, (h, w))) * 255).astype(np.uint8)
    if kind == 2:
        return "noise", random.integers(0, 256, (h, w, 3)).astype(np.uint8)
    if kind == 3:
        return "text", lines_of_text("L", 0, 255, w, h)
    if kind == 4:
        return "code", lines_of_text("RGB", (200, 220, 180), (30, 30, 40), w, h)
    if kind == 5:
        squares = random.integers(0, 2, (h // 4 + 1, w // 4 + 1, 3)).repeat(4, 0).repeat(4, 1)
        return "saturated", (squares[:h, :w] * 255).astype(np.uint8)
    if kind == 6:
        return "narrow", random.integers(0, 256, (2, w) if i % 2 else (h, 2)).astype(np.uint8)
    if kind == 7:
        return "deep", (waves[..., 0] * 250 + random.integers(0, 400, (h, w))).clip(0, 65535).astype(np.uint16)
    if kind == 8:
        return "flat", random.integers(0, 256, (7, 3)).astype(np.uint8)[(x // 23 + y // 17 * 3) % 7]
    if kind == 9:
        return "waves", (waves + random.normal(0, 4, waves.shape)).clip(0, 255).astype(np.uint8)
    return "pixels", random.integers(0, 256, tuple(random.integers(1, 9, 2)) + (3,)).astype(np.uint8)

for i in range(count):
    if i < len(photographs):
        image = Image.open(photographs[i]).convert("RGB")
        save(i, "photograph", np.asarray(image.crop((0, 0, 512, 384))))
    else:
        save(i, *picture(i))
P
cat >psnr.py <<'P'
import sys
import numpy as np
def read(name):
    kind, size, most, samples = open(name, "rb").read().split(b"\n", 3)
    return float(most), np.frombuffer(samples, ">u2" if int(most) > 255 else np.uint8).astype(float)
floor, lowest, count = float(sys.argv[1]), 999, 0
for line in sys.stdin:
    name = line.strip()
    (most, a), (_, b) = read("pictures/" + name), read("back/" + name)
    error = ((a - b) ** 2).mean()
    psnr = 10 * np.log10(most * most / error) if error else 999
    count, lowest = count + 1, min(lowest, psnr)
    if psnr < floor:
        print("%s has %.2f dB" % (name, psnr))
print("# %d pictures, lowest %.2f dB" % (count, lowest))
P
(cd pictures && ls) >names
for tune in visual psnr; do
  for promise in '90 41' '100 46'; do
    read -r quality floor <<<"$promise"
    rm -rf small back
    expect 0 "$AECOMP" compress -r pictures -O small -q "$quality" --tune "$tune" --keep-extension
    for kind in pgm ppm; do
      find small -name "*.$kind.aec" | sort >list
      expect 0 "$AECOMP" decompress --files-from list -O back --format "$kind"
    done
    "$PYTHON" psnr.py "$floor" <names >found
    echo "-q $quality --tune $tune: $(grep '^#' found)"
    if grep -v '^#' found; then fail "-q $quality promises $floor dB"; fi
  done
done

# Upon the network's picture, where that is smaller, and of more qualities with more effort.
field() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$LOGS/out"; }
expect 0 "$AECOMP" compress "$SAMPLE" -o without.aec -q 90 --effort 0 --json
without=$(field bytes)
expect 0 "$AECOMP" compress "$SAMPLE" -o with.aec -q 90 --verify --json
[ "$(field bytes)" -le "$without" ] || fail "$(field bytes) bytes, without a base only $without"
awk -v v="$(field psnr)" 'BEGIN { exit !(v >= 41) }' || fail "$(field psnr) dB upon a base"
finish
