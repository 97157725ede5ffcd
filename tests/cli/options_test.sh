# Options out of range, in conflict, without a value or unknown: exit code 2, one line that names the option, nothing written.
. "$(dirname "$0")/lib.sh"
need_model
cp "$SAMPLE" a.png && compress_sample good.aec
# no COMMAND PATTERN OPTION...
no() {
  local command=$1 input=a.png pattern=$2
  shift 2
  [ "$command" = compress ] || input=good.aec
  expect_refusal 2 "$pattern" "$AECOMP" "$command" "$input" -m "$MODEL" "$@"
}

for value in -0.1 100.5 1e9 inf nan '' five 5x; do no compress quality -q "$value"; done
no compress bpp --bpp inf
for value in 0 -2 nan ten ''; do no compress bpp --bpp "$value" && no compress psnr --psnr "$value"; done
for value in 0 -1 1.5 ten ''; do no compress size --size "$value"; done
for value in -1 1025 two 1.5; do no compress threads -j "$value" && no decompress threads -j "$value"; done
for value in -1 10 best; do no decompress png-level --png-level "$value"; done
for value in jpeg icc,colour ,; do no compress metadata --metadata "$value"; done
no compress alpha --alpha maybe
no compress progress --progress sometimes
no decompress 'frob: a format' --format frob
no decompress 'frob: a format' -o x.frob

no compress exclude -o x.aec -O x
no compress exclude -f --skip-existing
no compress exclude --quiet -v
for pair in '-q 50 --bpp 1' '-q 50 --psnr 30' '-q 50 --size 1000' '--bpp 1 --psnr 30' '--bpp 1 --size 1000' '--psnr 30 --size 1000'; do
  no compress exclude $pair
done
no decompress exclude -o x.png -O x
no decompress exclude -f --skip-existing
no info exclude --quiet -v
no compress 'once\|more than\|At Most' -q 20 -q 30

no compress frobnicate --frobnicate
no decompress quality --quality 30
no decompress verify --verify
no info recursive --recursive
for option in -q -o -O -j --files-from --size; do no compress "$(printf %s "$option" | tr -d -)\|required" "$option"; done
expect_refusal 2 'file' "$AECOMP" info
expect_refusal 2 'input' "$AECOMP" eval
expect_refusal 2 'no input' "$AECOMP" decompress
expect_refusal 2 'subcommand' "$AECOMP" model

# An unset variable of a script is not "not given".
for option in -o -O -m --files-from; do
  expect_refusal 2 'an empty value was given' "$AECOMP" compress "$SAMPLE" -m "$MODEL" -f "$option" ''
done
expect_refusal 2 'an empty value was given' "$AECOMP" compress '' -m "$MODEL"
expect_refusal 2 'an empty value was given' "$AECOMP" decompress s.aec -m "$MODEL" --format ''
for option in --csv --plot --report --anchors; do
  expect_refusal 2 "$option: an empty value was given" "$AECOMP" eval "$SAMPLE" -m "$MODEL" "$option" ''
done
for option in --val --init --arch --log --time --output; do
  expect_refusal 2 "$option: an empty value was given" "$AECOMP" train . --steps 1 "$option" ''
done

# Numbers are decimal.
expect 0 "$AECOMP" compress a.png -m "$MODEL" -o zeros.aec --lossless && expect 0 "$AECOMP" decompress zeros.aec --max-side 0100 -o zeros.ppm
grep -aqE '^(100 [0-9]+|[0-9]+ 100)$' zeros.ppm || fail "--max-side 0100 is not 100"
expect 0 "$AECOMP" decompress zeros.aec --region 010,010,020,09 -o zeros.ppm -f && grep -aqx '20 9' zeros.ppm || fail "--region 010,010,020,09 is not 10,10,20,9"
expect 0 "$AECOMP" compress a.png -m "$MODEL" -o zeros.aec -f --max-error 010 --json && expect_stdout '"max_error":10'
finish
