# The portable decoder gives the samples that `aecomp decompress` gives, and refuses what it must.
. "$(dirname "$0")/lib.sh"
PORTABLE=$(dirname "$AECOMP")/aecomp-portable
[ -x "$PORTABLE" ] || skip "no program $PORTABLE"
GOLDEN=$SOURCE/tests/golden

# same MODEL FILE EXTENSION [RUNNER]: both decoders give the same file.
same() {
  expect 0 "$AECOMP" decompress "$2" -m "$1" -o "one$3" -f
  expect 0 ${4:-} ${PROGRAM:-$PORTABLE} "$2" "$1" "two$3"
  cmp -s "one$3" "two$3" || fail "$2: the portable decoder gives other samples"
}

for name in rgb-low rgb-high tiles pixel deep map filter; do same "$GOLDEN/golden.aecm" "$GOLDEN/$name.aec" .ppm; done
for name in gray gray-deep map-gray-deep filter-gray-deep; do same "$GOLDEN/golden.aecm" "$GOLDEN/$name.aec" .pgm; done

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
    for options in '-q 5' '-q 50' '-q 80' '-q 50 --tune psnr'; do
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
  for name in rgb-low tiles deep; do same "$GOLDEN/golden.aecm" "$GOLDEN/$name.aec" .ppm qemu-aarch64; done
  same "$GOLDEN/golden.aecm" "$GOLDEN/gray.aec" .pgm qemu-aarch64
else
  echo "SKIPPED: arm64 (Debian packages g++-aarch64-linux-gnu and qemu-user)"
fi
finish
