# The portable decoder gives the samples that `aecomp decompress` gives, and refuses what it must.
. "$(dirname "$0")/lib.sh"
PORTABLE=$(dirname "$AECOMP")/aecomp-portable
[ -x "$PORTABLE" ] || skip "no program $PORTABLE"
GOLDEN=$SOURCE/tests/golden

# same MODEL FILE EXTENSION [RUNNER]: both decoders give the same file. MODEL: `-` for files that need none.
same() {
  expect 0 "$AECOMP" decompress "$2" -m "${1/#-/$GOLDEN/golden.aecm}" -o "one$3" -f
  expect 0 ${4:-} ${PROGRAM:-$PORTABLE} "$2" "$1" "two$3"
  cmp -s "one$3" "two$3" || fail "$2: the portable decoder gives other samples"
}

for name in rgb-low rgb-high tiles pixel deep map filter exact exact-drawing near near-base exact-base-deep; do same "$GOLDEN/golden.aecm" "$GOLDEN/$name.aec" .ppm; done
for name in gray gray-deep map-gray-deep filter-gray-deep exact-gray-deep exact-base; do same "$GOLDEN/golden.aecm" "$GOLDEN/$name.aec" .pgm; done

# Alpha, 8 and 16 bits, gray and RGB, with the model of the golden files and the released model.
# pam WIDTH HEIGHT DEPTH MAXVAL KIND: a picture with alpha; samples differ everywhere.
pam() {
  printf 'P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %d\nTUPLTYPE %s\nENDHDR\n' "$@"
  awk -v w="$1" -v h="$2" -v d="$3" -v most="$4" 'BEGIN { for (i = 0; i < w * h * d; i++) {
    x = int(i / d) % w; y = int(i / d / w); v = int((x * 5 + y * 3 + i % d * 40 + (x * y) % 7) * most / 700) % (most + 1)
    printf((most > 255 ? "%04x" : "%02x") "\n", v) } }' |
    if [ "$4" -gt 255 ]; then hex_to_pairs; else while read -r hex; do printf "\\x${hex:0:2}"; done; fi
}
hex_to_pairs() { while read -r hex; do printf "\\x${hex:0:2}\\x${hex:2:2}"; done; }
MODEL=$GOLDEN/golden.aecm RELEASE=$SOURCE/data/release.aecm
models=("$MODEL")
if [ -f "$RELEASE" ]; then models+=("$RELEASE"); else echo "SKIPPED: the released model, of which there is no file"; fi
pam 70 40 4 255 RGB_ALPHA >rgba.pam
pam 33 50 2 65535 GRAYSCALE_ALPHA >graya16.pam
pam 20 30 4 65535 RGB_ALPHA >rgba16.pam
small_image small.ppm 150 100
for model in "${models[@]}"; do
  for picture in rgba.pam graya16.pam rgba16.pam small.ppm "$SAMPLE"; do
    for options in '-q 5' '-q 50' '-q 80' '-q 50 --tune psnr' '-q 90' --lossless '--max-error 3' '--lossless --tile-size 64' '-q 90 --tile-size 64'; do
      expect 0 "$AECOMP" compress "$picture" $options -m "$model" -o picture.aec -f
      same "$model" picture.aec .pam
    done
  done
done

# A point of light among dark samples of 16 bits is kept as an outlier.
{ printf 'P5\n40 30\n65535\n' && awk 'BEGIN { for (i = 0; i < 1200; i++) printf "%04x\n", i == 500 ? 65535 : 300 + i % 90 }' | hex_to_pairs; } >dark.pgm
expect 0 "$AECOMP" compress dark.pgm -q 60 -m "$MODEL" -o dark.aec
grep -aq Outl dark.aec || fail "the picture of dark samples has no outliers"
same "$MODEL" dark.aec .pgm

# A lossless file gives the picture's own samples.
expect 0 "$AECOMP" compress small.ppm --lossless -m "$MODEL" -o lossless.aec
expect 0 "$PORTABLE" lossless.aec - two.ppm && expect_equal small.ppm two.ppm

# Noise is stored as it is. Few colours and few values get a map, and equal pixels are found again.
{ printf 'P6\n90 70\n255\n' && awk 'BEGIN { for (i = 0; i < 6300; i++) { x = (x * 421 + 1663) % 7875; y = (y * 1366 + 1283) % 6075; printf "%02x%02x%02x\n", x % 251, y % 253, (x * 7 + y) % 256 } }' | hex_to_bytes; } >noise.ppm
{ printf 'P5\n300 200\n65535\n' && awk 'BEGIN { for (i = 0; i < 60000; i++)
  printf "%04x\n", int((i % 300) / 7 + i / 3000) % 40 * 1500 + (i % 11 == 0) * 900 }' | hex_to_pairs; } >steps.pgm
for picture in noise.ppm steps.pgm; do
  for options in --lossless '--max-error 1' '--max-error 200'; do
    expect 0 "$AECOMP" compress $picture $options -m "$MODEL" -o picture.aec -f
    same - picture.aec .pam
  done
done

# Damage, another model and what is no file of the kind: one line, the exit code of the program, nothing written.
# refused CODE PATTERN FILE MODEL
refused() {
  expect "$1" "$PORTABLE" "$3" "$4" refused.ppm
  [ "$(wc -l <"$LOGS/err")" -eq 1 ] || fail "not exactly one line on stderr"
  expect_stderr "$2" && expect_no_file refused.ppm
}
cp "$GOLDEN/tiles.aec" damaged.aec && flip damaged.aec 900
refused 4 'checksum of tile' damaged.aec "$GOLDEN/golden.aecm"
head -c 1000 "$GOLDEN/tiles.aec" >cut.aec
refused 4 truncated cut.aec "$GOLDEN/golden.aecm"
cp "$GOLDEN/near-base.aec" damaged.aec && flip damaged.aec 1500
refused 4 'checksum of tile' damaged.aec "$GOLDEN/golden.aecm"
refused 5 'none is given' "$GOLDEN/near-base.aec" -
refused 4 'not an .aec file' small.ppm "$GOLDEN/golden.aecm"
[ -f "$RELEASE" ] && refused 5 'was made with model' "$GOLDEN/tiles.aec" "$RELEASE"
# A model whose decoder runs in floating point.
need_model
compress_sample float.aec
refused 5 floating-point float.aec "$MODEL"
refused 5 'not a model' "$GOLDEN/tiles.aec" small.ppm

# Compiled by itself for arm64, where compilers fuse multiplications with additions unless told not to.
if command -v aarch64-linux-gnu-g++ qemu-aarch64 >/dev/null; then
  expect 0 aarch64-linux-gnu-g++ -O3 -std=c++17 -static -I"$SOURCE" "$SOURCE"/model/portable/*.cpp -o arm64
  PROGRAM=./arm64
  for name in rgb-low tiles deep exact near-base; do same "$GOLDEN/golden.aecm" "$GOLDEN/$name.aec" .ppm qemu-aarch64; done
  same "$GOLDEN/golden.aecm" "$GOLDEN/gray.aec" .pgm qemu-aarch64
else
  echo "SKIPPED: arm64 (Debian packages g++-aarch64-linux-gnu and qemu-user)"
fi
finish
