# The main job: an image there and back, by name and through pipes.
. "$(dirname "$0")/lib.sh"
need_model
cp "$SAMPLE" a.png

expect 0 "$AECOMP" compress a.png -m "$MODEL"
expect_stderr '^a.png -> a.aec  384x256  .* bpp  .* s$'
[ "$(wc -l <"$LOGS/err")" -eq 1 ] && [ ! -s "$LOGS/out" ] || fail "not one line on stderr alone"
expect 0 "$AECOMP" decompress a.aec -m "$MODEL" -o back.png && expect_file back.png
expect 0 "$AECOMP" compress a.png -m "$MODEL" -o quiet.aec --quiet
[ ! -s "$LOGS/err" ] || fail "--quiet talks"

# The same bytes and pixels for every number of threads, and through pipes.
for threads in 1 2 3; do
  compress_sample "$threads.aec" -j "$threads" && expect_equal "$threads.aec" a.aec
  expect 0 "$AECOMP" decompress a.aec -m "$MODEL" -j "$threads" -o "$threads.png" && expect_equal "$threads.png" back.png
done
expect 0 sh -c "'$AECOMP' compress - -m '$MODEL' <a.png >piped.aec" && expect_equal piped.aec a.aec
expect 0 sh -c "'$AECOMP' decompress - -m '$MODEL' <a.aec >piped.png" && expect_equal piped.png back.png
expect 0 sh -c "'$AECOMP' compress a.png -m '$MODEL' -o - | '$AECOMP' decompress - -m '$MODEL' --format ppm -o back.ppm"
expect 0 "$AECOMP" decompress a.aec -m "$MODEL" -o direct.ppm && expect_equal back.ppm direct.ppm
[ "$(head -c 2 back.ppm)" = P6 ] || fail "--format ppm does not write PPM"
expect 0 "$AECOMP" decompress a.aec -m "$MODEL" -o small.png --png-level 9
expect 0 "$AECOMP" decompress a.aec -m "$MODEL" -o large.png --png-level 0
[ "$(size_of small.png)" -lt "$(size_of large.png)" ] || fail "--png-level does nothing"

# Rate and quality rise with -q; fractions count.
previous=0 previous_psnr=0
for quality in 0 30 60 100; do
  compress_sample "q$quality.aec" -q "$quality"
  psnr=$(psnr_of a.png "$quality")
  [ "$(size_of "q$quality.aec")" -gt "$previous" ] || fail "-q $quality is not larger than the quality before"
  [ "${psnr:-0}" -gt "$previous_psnr" ] || fail "-q $quality has PSNR ${psnr:-none}, not better than $previous_psnr"
  previous=$(size_of "q$quality.aec") previous_psnr=${psnr:-0}
done
[ "$previous_psnr" -gt 2600 ] || fail "PSNR at -q 100 is only $previous_psnr / 100 dB"
compress_sample fraction.aec -q 31.5 && ! cmp -s fraction.aec q30.aec || fail "-q 31.5 equals -q 30"

# Sizes that no stride divides.
for size in 1x1 1x70 65x3 100x63; do
  small_image "$size.ppm" "${size%x*}" "${size#*x}"
  expect 0 "$AECOMP" compress "$size.ppm" -m "$MODEL"
  expect 0 "$AECOMP" decompress "$size.aec" -m "$MODEL" -o "back_$size.ppm"
  [ "$(size_of "back_$size.ppm")" -eq "$(size_of "$size.ppm")" ] || fail "$size comes back in another size"
done

# Several inputs, JSON, info.
expect 0 "$AECOMP" compress 1x1.ppm a.png -m "$MODEL" -O out --json
expect_stdout '"input":"a.png","output":"out/a.aec","status":"ok","width":384,"height":256,"bytes":'
expect_equal out/a.aec a.aec
expect 0 "$AECOMP" info a.aec && expect_stdout '384x256' && expect_stdout 'bpp'
expect 0 "$AECOMP" info a.aec --json && expect_stdout '"width":384,"height":256'
expect 0 sh -c "'$AECOMP' info - <a.aec" && expect_stdout '^stdin'
expect 0 "$AECOMP" info "$MODEL" && expect_stdout 'tiny'
cp a.png -- -dash.png && expect 0 "$AECOMP" compress -m "$MODEL" -- -dash.png && expect_file ./-dash.aec

# The model that came with the program, when there is one.
if [ -n "$("$AECOMP" model list 2>/dev/null | grep built-in)" ]; then
  expect 0 "$AECOMP" compress a.png -o builtin.aec && expect 0 "$AECOMP" decompress builtin.aec -o builtin.png
  expect 0 "$AECOMP" info builtin.aec && expect_stdout 'built in'
fi
finish
