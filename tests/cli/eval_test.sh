# eval: tables, files, and figures that agree with the files that compress writes.
. "$(dirname "$0")/lib.sh"
need_model
export XDG_CACHE_HOME=$LOGS/cache
mkdir images && cp "$SAMPLE" images/
own=(-m "$MODEL" --metrics ms_ssim,smooth_edges)

expect 0 "$AECOMP" eval images "${own[@]}" --peers webp,jpeg,jpeg2000 --qualities 20,80 --estimate --csv all.csv --plot rd.png
expect_stdout 'aecomp, mean of 1 image' && expect_stdout 'jpeg, mean' && expect_stdout 'webp, mean' && expect_stdout 'jpeg2000, mean'
expect_stdout 'real/estimated' && expect_stdout 'BD-rate' && expect_file all.csv
expect_stdout '^  jpeg  *OpenCV [0-9.]*: imencode' && expect_stdout 'against jpeg2000 *MS-SSIM .* dB'
[ "$(head -c 4 rd.png | tail -c 3)" = PNG ] || fail "--plot writes no PNG"
expect 0 "$AECOMP" eval images/sample.png "${own[@]}" --qualities 37 --no-codecs --json
expect_stdout '"type":"image","codec":"aecomp"'
bytes=$(sed -n 's/.*"type":"image".*"bytes":\([0-9]*\).*/\1/p' "$LOGS/out")
compress_sample a.aec -q 37
[ "$bytes" = "$(size_of a.aec)" ] || fail "eval says $bytes bytes, the file has $(size_of a.aec)"

# JPEG gives a flat image back exactly; its infinite PSNR does not become that of the mean.
{ printf 'P6\n64 64\n255\n' && head -c 12288 /dev/zero | tr '\0' '\200'; } >flat.ppm
expect 0 "$AECOMP" eval flat.ppm "$SAMPLE" "${own[@]}" --qualities 50 --peers jpeg --json
expect_stdout '"type":"image","codec":"jpeg".*"psnr":null' && expect_stdout '"type":"mean","codec":"jpeg"'
! grep '"type":"mean".*"psnr":null' "$LOGS/out" >"$LOGS/err" || fail "a mean PSNR is not a number"

# A published curve with a range in common, one without, and a broken file.
echo '{"curves": {"wide": {"bpp": [0.1, 0.5, 1, 3], "psnr": [10, 20, 35, 45]}, "narrow": {"bpp": [1, 2], "psnr": [60, 63]}}}' >anchors.json
expect 0 "$AECOMP" eval images "${own[@]}" --qualities 10,90 --no-codecs --anchors anchors.json
expect_stdout 'against narrow *PSNR *- (no common range' && expect_stdout 'against wide *PSNR *[0-9.]* to [0-9.]* dB *[+-][0-9.]* %'
echo '{"curves": 3}' >broken.json
expect_refusal 3 'broken.json' "$AECOMP" eval images -m "$MODEL" --anchors broken.json

echo text >images/bad.png && expect 1 "$AECOMP" eval images "${own[@]}" --qualities 50 --no-codecs
expect_stderr 'bad.png' && expect_stdout 'mean of 1 image'
expect_refusal 3 'bad.png' "$AECOMP" eval images/bad.png -m "$MODEL"
mkdir empty && expect_refusal 3 'empty' "$AECOMP" eval empty -m "$MODEL"
expect_refusal 5 'none.aecm' "$AECOMP" eval images -m none.aecm
rm images/bad.png

# Gray pictures reach every codec that OpenCV has; 16 bits are said.
{ printf 'P5\n96 64\n255\n' && head -c 6144 "$SAMPLE" | tail -c 6144; } >gray.pgm
expect 0 "$AECOMP" eval gray.pgm "${own[@]}" --qualities 10,90 --peers webp,jpeg,jpeg2000
for peer in webp jpeg jpeg2000; do expect_stdout "^$peer, mean"; done
{ printf 'P5\n48 64\n65535\n' && head -c 6144 "$SAMPLE" | tail -c 6144; } >deep.pgm
expect 0 "$AECOMP" eval deep.pgm "${own[@]}" --qualities 10,90 --peers jpeg && expect_stderr 'deep.pgm: note: the other codecs get 8 bits'

# Outputs are checked before the work: what is there, what is an input, what is given twice.
cp "$SAMPLE" photo.png && cp "$SAMPLE" other.png
quick=("$AECOMP" eval photo.png "${own[@]}" --qualities 50 --no-codecs)
expect_refusal 2 'other.png: exists' "${quick[@]}" --plot other.png
for option in --csv --plot --report; do
  expect_refusal 2 './photo.png: is both input and output' "${quick[@]}" "$option" ./photo.png -f
done
expect_refusal 2 'is both input and output' "${quick[@]}" --csv "$MODEL" -f
expect_refusal 2 'x.png: is given for two outputs' "${quick[@]}" --csv ./x.png --plot x.png
expect_refusal 2 'rd.jpg: a plot is a PNG' "${quick[@]}" --plot rd.jpg
expect_refusal 2 'images: is a folder' "${quick[@]}" --csv images
expect_equal photo.png "$SAMPLE" && expect_equal other.png "$SAMPLE"
echo old >again.csv && expect 0 "${quick[@]}" --csv again.csv -f && grep -q ^codec again.csv || fail "-f does not overwrite"
finish
