# Corrupt, truncated and foreign .aec files: one line, the documented code, nothing written.
. "$(dirname "$0")/lib.sh"
need_model
compress_sample good.aec -q 60
size=$(size_of good.aec)
decompress() { expect_refusal "$1" "$2" "$AECOMP" decompress "$2" -m "$MODEL"; }

for bytes in 1 3 4 8 16 31 40 60 $((size / 4)) $((size / 2)) $((size - 1)); do
  head -c "$bytes" good.aec >cut.aec && decompress 4 cut.aec
done
for offset in 0 3 4 5 8 10 12 50 60 70 80 $((size / 3)) $((size / 2)) $((size - 3)) $((size - 1)); do
  cp good.aec damaged.aec && flip damaged.aec "$offset" && expect_damage=$offset
  expect_refusal 4 damaged.aec "$AECOMP" decompress damaged.aec -m "$MODEL" ||
    echo "  (byte $expect_damage of $size changed)"
done
: >empty.aec && decompress 3 empty.aec
{ cat good.aec && echo more; } >longer.aec && decompress 4 longer.aec
head -c 3000 /dev/urandom >noise.aec && decompress 4 noise.aec
echo text >text.aec && decompress 4 text.aec
cp "$SAMPLE" image.aec && decompress 4 image.aec
mkdir folder.aec && decompress 3 folder.aec
decompress 3 missing.aec
head -c 20 good.aec >header.aec
for file in header.aec noise.aec text.aec; do expect_refusal 4 "$file" "$AECOMP" info "$file"; done

# Models: another one, none, a broken one.
train_tiny 2 other.aecm || fail "cannot train a second model"
rm -f other.aecm.* # checkpoint
id=$("$AECOMP" info "$MODEL" --json | sed 's/.*"model":"\([0-9a-f]*\)".*/\1/')
expect_refusal 5 "$id" "$AECOMP" decompress good.aec -m other.aecm
expect_refusal 5 "$id" "$AECOMP" decompress good.aec
expect_refusal 5 missing.aecm "$AECOMP" decompress good.aec -m missing.aecm
expect_refusal 5 text.aec "$AECOMP" decompress good.aec -m text.aec
for bytes in 0 7 100 20000 $(($(size_of "$MODEL") - 1)); do
  head -c "$bytes" "$MODEL" >broken.aecm
  expect_refusal 5 broken.aecm "$AECOMP" decompress good.aec -m broken.aecm
  expect_refusal 5 broken.aecm "$AECOMP" compress "$SAMPLE" -m broken.aecm -o x.aec
done
finish
