# Image formats: pixels against a second reader, damage, limits, outputs that are what their names say.
. "$(dirname "$0")/lib.sh"
need_model
compress() { "$AECOMP" compress -m "$MODEL" "$@"; }
decompress() { "$AECOMP" decompress -m "$MODEL" "$@"; }

# Names that are not written are refused before any work, with the name and the formats that are.
cp "$SAMPLE" a.png && expect 0 compress a.png -o a.aec
for extension in pbm hdr pfm exr gif pic ras; do
  expect_refusal 2 "x.$extension: .*use .png" "$AECOMP" decompress a.aec -m "$MODEL" -o "x.$extension"
  expect_refusal 2 ".$extension: .*use .png" "$AECOMP" decompress a.aec -m "$MODEL" -O out --format "$extension"
done
for extension in pam tif tiff jpe jfif dib jp2; do expect 0 decompress a.aec -o "x.$extension" && expect_file "x.$extension"; done
expect 0 decompress a.aec -o a.ppm
for extension in pam tif; do
  expect 0 compress "x.$extension" -o "of_$extension.aec" && expect 0 compress a.ppm -o of_ppm.aec -f && expect_equal "of_$extension.aec" of_ppm.aec
done

# A JPEG whose middle is damaged: a note, and an error with --strict. Nothing of libjpeg's own on stderr.
expect 0 decompress a.aec -o whole.jpg
half=$(($(size_of whole.jpg) / 2))
{ head -c "$half" whole.jpg && printf '\xff\xd9'; } >cut.jpg
expect 0 compress cut.jpg --json -o cut.aec && expect_stdout '"notes":\["damaged' && expect_stderr 'note: damaged'
expect 0 compress cut.jpg --quiet -o cut.aec -f && [ ! -s "$LOGS/err" ] || fail "--quiet says something"
expect_refusal 3 'cut.jpg: damaged: .*--strict' "$AECOMP" compress cut.jpg -m "$MODEL" -o strict.aec --strict
expect 0 compress whole.jpg --strict -o whole.aec
head -c "$half" whole.jpg >truncated.jpg
expect_refusal 3 'truncated.jpg: truncated JPEG' "$AECOMP" compress truncated.jpg -m "$MODEL" -o x.aec

# Headers that ask for a lot: refused at once, in little memory, for every format. The limits can be raised.
be32() { printf "\\x$(printf %02x $(($1 >> 24 & 255)))\\x$(printf %02x $(($1 >> 16 & 255)))\\x$(printf %02x $(($1 >> 8 & 255)))\\x$(printf %02x $(($1 & 255)))"; }
{ printf 'BM' && printf '\0%.0s' 1 2 3 4 5 6 7 8 && printf '\066\0\0\0\050\0\0\0\0\100\0\0\0\100\0\0\001\0\010\0\001\0\0\0' && printf '\0%.0s' $(seq 64); } >asks.bmp
printf 'P5 16384 16385 255\nabc' >asks.pgm
printf 'P7\nWIDTH 30000\nHEIGHT 30000\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\nabcd' >asks.pam
{ printf '\xff\xd8\xff\xc0\0\x11\x08\x80\0\x80\0\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xda\0\x0c\x03\x01\0\x02\x11\x03\x11\0\x3f\0' && printf '\0%.0s' $(seq 200) && printf '\xff\xd9'; } >asks.jpg
{ printf '\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR' && be32 16384 && be32 16384 && printf '\x08\x03\0\0\0' && printf '\0%.0s' $(seq 60); } >asks.png
{ printf 'II*\0\x08\0\0\0\x08\0' &&
  printf '\0\x01\x04\0\x01\0\0\0\0\x7d\0\0' && printf '\x01\x01\x04\0\x01\0\0\0\0\x7d\0\0' && printf '\x02\x01\x03\0\x01\0\0\0\x08\0\0\0' &&
  printf '\x03\x01\x03\0\x01\0\0\0\x08\0\0\0' && printf '\x06\x01\x03\0\x01\0\0\0\x01\0\0\0' && printf '\x11\x01\x04\0\x01\0\0\0\x08\0\0\0' &&
  printf '\x15\x01\x03\0\x01\0\0\0\x01\0\0\0' && printf '\x17\x01\x04\0\x01\0\0\0\x40\0\0\0' && printf '\0%.0s' $(seq 40); } >asks.tif
{ printf '\xff\x4f\xff\x51\0\x29\0\0' && be32 30000 && be32 30000 && be32 0 && be32 0 && be32 1 && be32 1 && be32 0 && be32 0 && printf '\0\x01\x07\x01\x01' && printf '\0%.0s' $(seq 40); } >asks.j2k
for file in asks.*; do
  expect_refusal 3 "$file: " bash -c 'ulimit -v 1500000 -t 5; exec "$0" "$@"' "$AECOMP" compress "$file" -m "$MODEL" -j 1 -o x.aec
done
small_image small.ppm 40 30
expect_refusal 3 'small.ppm: 40 x 30 pixels are more than the 1199 .*--max-pixels' "$AECOMP" compress small.ppm -m "$MODEL" -o x.aec --max-pixels 1199
expect 0 compress small.ppm -o small.aec --max-pixels 1200
expect_refusal 2 'max-pixels' "$AECOMP" compress small.ppm -m "$MODEL" -o x.aec --max-pixels 0

# Hundreds of files of every kind against what was written or a second reader.
decode=$(dirname "$AECOMP")/tests/decode_image
[ -x "$decode" ] || { echo "not checked: pixels (no $decode)"; finish; }
python=python3
[ ! -x /usr/bin/python3 ] || python=/usr/bin/python3
"$python" "$SOURCE/tests/formats/compare_readers.py" "$decode" "$WORK/made" >"$LOGS/out" 2>"$LOGS/err"
code=$?
if [ "$code" -eq 77 ]; then echo "not checked: pixels: $(cat "$LOGS/out")"; finish; fi
tail -1 "$LOGS/out"
[ "$code" -eq 0 ] || { grep WRONG "$LOGS/out" && fail "files are read wrongly, or fewer than 300 were made"; }
finish
