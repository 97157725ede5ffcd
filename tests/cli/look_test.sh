# scripts/look.sh: its measures against second implementations, and whole runs with a tiny model.
. "$(dirname "$0")/lib.sh"
PYTHON=/usr/bin/python3
"$PYTHON" -c 'import numpy, PIL' 2>/dev/null || skip "python3-numpy or python3-pil is missing, so scripts/look.sh was not tried"
need_model
export PYTHON AECOMP_LOOK_CACHE=$LOGS/cache PYTHONDONTWRITEBYTECODE=1
LOOK=$SOURCE/scripts/look.sh

expect 0 "$PYTHON" "$SOURCE/tests/cli/look_check.py" "$SOURCE/scripts/look"

# A program that notes its calls. {q} arrives as it was given.
cat >counting.sh <<S
#!/bin/bash
echo "\$@" >>"$LOGS/calls"
exec "$AECOMP" "\$@"
S
chmod +x counting.sh
variant() { echo "$1: $WORK/counting.sh compress -q {q} {in} -o {out} -f -m $MODEL ${2:-}"; }
calls() { wc -l <"$LOGS/calls"; }

# PSNR of whole runs, and MS-SSIM of a gray picture, beside what the program itself says.
expect 0 "$LOOK" curves "$SAMPLE" --peers '' --variant "$(variant a)" --qualities 20,80 --metrics psnr,ms_ssim --points
[ "$(calls)" -eq 4 ] || fail "$(calls) calls instead of 2 to encode and 2 to decode"
cp "$LOGS/out" curves.txt
"$PYTHON" -c 'import sys; from PIL import Image; Image.open(sys.argv[1]).convert("L").save("gray.png")' "$SAMPLE"
expect 0 "$AECOMP" eval "$SAMPLE" --no-codecs --qualities 20,80 -m "$MODEL" --csv eval.csv --quiet
expect 0 "$AECOMP" eval gray.png --no-codecs --qualities 40 -m "$MODEL" --csv gray.csv --quiet
expect 0 "$AECOMP" compress gray.png -q 40 -m "$MODEL" -o gray.aec && expect 0 "$AECOMP" decompress gray.aec -m "$MODEL" -o back.png
"$PYTHON" - "$SOURCE/scripts/look" <<'P' || fail "PSNR or MS-SSIM differ from those of aecomp eval: $(cat curves.txt eval.csv gray.csv)"
import csv, math, sys
import numpy
from PIL import Image
sys.path.insert(0, sys.argv[1])
import metrics
own = [line.split() for line in open("curves.txt") if line.split()[:1] in (["20"], ["80"])]
rows = list(csv.DictReader(open("eval.csv")))
assert len(own) == len(rows) == 2
for (quality, bpp, psnr, _), row in zip(own, rows):
    assert float(quality) == float(row["quality"]) and abs(float(bpp) - float(row["bpp"])) < 1e-4
    assert abs(float(psnr) - float(row["psnr"])) < 0.002, (psnr, row["psnr"])
gray, back = (numpy.asarray(Image.open(name), float) for name in ("gray.png", "back.png"))
got = metrics.ms_ssim(gray, back)
assert abs(got - float(list(csv.DictReader(open("gray.csv")))[0]["ms_ssim"])) < 2e-6, got
P

# A second variant costs only itself, one that is the same has a BD-rate of 0.
expect 0 "$LOOK" curves "$SAMPLE" --peers '' --variant "$(variant a)" --variant "$(variant b '--tile-size 8192')" --qualities 20,80 \
  --metrics psnr,ms_ssim
[ "$(calls)" -eq 8 ] || fail "$(calls) calls: results are not remembered, or too well"
expect_stdout '^b against a  *[+-]0.0 ([+-]0.0)  *[+-]0.0 ([+-]0.0)$'

# Drawn skies: --count 6 takes two of them. JPEG needs no program.
expect 0 "$LOOK" skies --count 6 --peers jpeg --variant "$(variant a)" --qualities 10,50,90 --save skies
expect_file skies/clear.png
expect_stdout '^a against jpeg: [0-9.]* / [0-9.]*$' && expect_stdout '^  a: 10: [0-9.]* ([0-9]*x[0-9]*), 50: '

# refuse PATTERN ARGUMENT...: one line on stderr says why.
refuse() { expect 1 "$LOOK" "${@:2}" && expect_stderr "^look.sh: .*$1" && [ "$(wc -l <"$LOGS/err")" -eq 1 ] || fail "$1"; }

# Sheets: three columns, and two rows with --contrast.
refuse "not NAME=FILE@X,Y" sheet sheet.png wire@0,100 --variant "$(variant a)"
expect 0 "$LOOK" sheet sheet.png "corner=$SAMPLE@10,20,100x80" line=wire@0,100 --variant "$(variant a)" --peers jpeg --contrast 4
[ "$("$PYTHON" -c 'from PIL import Image; print(Image.open("sheet.png").size)')" = "(768, $((2 * (80 + 14) + 2 * (256 + 14))))" ] ||
  fail "sheet.png has another size"

# Wrong uses say so in one line.
expect 2 "$LOOK" && expect_stderr 'scripts/look.sh curves'
refuse 'no such file' curves nowhere.png --variant "$(variant a)"
refuse '{q} is missing' curves "$SAMPLE" --variant "a: $AECOMP compress {in} -o {out}"
refuse 'the same name' curves "$SAMPLE" --variant "$(variant a)" --variant "$(variant a)"
refuse 'not a program' curves "$SAMPLE" --variant 'a: no-such-program {q} {in} {out}'
refuse 'exit code 2' curves "$SAMPLE" --peers '' --variant "a: $AECOMP compress -q {q} {in} -o {out} --no-such-option" --metrics psnr
small_image small.ppm 100 60
refuse 'at least 176 pixels' curves small.ppm --peers '' --variant "$(variant a)" --metrics ms_ssim
finish
