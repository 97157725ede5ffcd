# compress --lossless on a folder of everything: every file that is read comes back with each of its samples. The files are
# those that tests/formats/compare_readers.py makes, a few for every kind of input in app/GUIDE.md, and PngSuite and other
# collections where AECOMP_TEST_DATA (../shared/data) or AECOMP_TEST_CASES (../shared/cases) have them.
. "$(dirname "$0")/lib.sh"
decode=$(dirname "$AECOMP")/tests/decode_image
[ -x "$decode" ] || skip "$decode is not built"
python=$(command -v /usr/bin/python3) || skip "no Python"
mkdir all
"$python" "$SOURCE/tests/formats/compare_readers.py" "$decode" all >made 2>&1
code=$?
[ $code -ne 77 ] || skip "$(tail -n 1 made)"
[ $code -eq 0 ] || fail "compare_readers.py: $(tail -n 3 made)"
rm -f all/magick[0-9].pam all/*.copy all/*.rgba  # what others were made from
for folder in "${AECOMP_TEST_DATA:-$SOURCE/../shared/data}/pngsuite" "${AECOMP_TEST_CASES:-$SOURCE/../shared/cases}"; do
  [ ! -d "$folder" ] || find -L "$folder" -maxdepth 1 -type f ! -name '*.md' ! -name '*.txt' ! -name LICENSE -exec cp {} all/ \;
done
# Those that no reader takes are refused before anything is coded: formats_test.sh looks at them.
mkdir read raw
for file in all/*; do
  name=${file##*/}
  if "$decode" "$file" "raw/$name" >/dev/null 2>&1; then mv "$file" read/; fi
done
expect 0 "$AECOMP" compress -r read -O small --lossless --verify --keep-extension
expect 0 "$AECOMP" decompress -r small -O back --format pam
"$python" - <<'P' >found || fail "not what it was: $(head -n 3 found)"
import os
import sys
import numpy as np

def read(name):
    header, samples = open(name, "rb").read().split(b"ENDHDR\n", 1)
    fields = dict(line.split(None, 1) for line in header.split(b"\n")[1:] if line)
    width, height, depth, most = (int(fields[key]) for key in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"))
    pixels = np.frombuffer(samples, ">u2" if most > 255 else np.uint8).reshape(height, width, depth)
    if depth in (1, 3):  # opaque
        pixels = np.concatenate([pixels, np.full((height, width, 1), most, pixels.dtype)], 2)
    return most, pixels

def turned(pixels):  # as an EXIF orientation may have asked for
    for k in range(4):
        quarter = np.rot90(pixels, k)
        yield quarter
        yield quarter[:, ::-1]

wrong, equal, kinds = 0, 0, {}
for name in sorted(os.listdir("raw")):
    restored = "back/" + name + ("" if name.endswith(".pam") else ".pam")
    if not os.path.exists(restored):
        print(name, "is missing")
        wrong += 1
        continue
    (most, a), (most_back, b) = read("raw/" + name), read(restored)
    ok = most == most_back and any(a.shape == t.shape and (a == t).all() for t in turned(b))
    equal += ok
    if not ok:
        print(name, "differs:", most, a.shape, most_back, b.shape)
        wrong += 1
    kind = "%d bits, %d samples" % (8 if most == 255 else 16, a.shape[2])
    kinds[kind] = kinds.get(kind, 0) + 1
print(equal, "files equal;", kinds)
sys.exit(wrong > 0 or equal < 100)
P
tail -n 1 found
finish
