# Architectures of every kind through the program: train, compress, decompress; what their models refuse.
. "$(dirname "$0")/lib.sh"
mkdir images && cp "$SAMPLE" images/
train() {
  local patch=64
  [[ $1 == *linear_tiles* ]] && patch=56  # two tiles
  "$AECOMP" train images --arch "$1" --init none --steps 3 --batch 2 --patch $patch --progress never -f -o "$2" \
    >"$LOGS/out" 2>"$LOGS/err" || fail "cannot train $1"
}
# A gray image of an odd size, beyond one tile of the file.
{
  printf 'P5\n1031 29\n255\n'
  head -c $((1031 * 29)) "$SAMPLE"
} >gray.pgm
small_image colour.ppm 29 31

for name in linear_tiles conv_small conv_pool; do
  train "$SOURCE/data/arch/$name.json" $name.aecm
  image=gray.pgm
  [ $name = conv_small ] && image=colour.ppm
  expect 0 "$AECOMP" compress $image -m $name.aecm -o a.aec -f --verify -q 60
  expect 0 "$AECOMP" decompress a.aec -m $name.aecm -o a.png -f
  expect 0 "$AECOMP" decompress a.aec -m $name.aecm -o b.png -f --threads 1
  expect_equal a.png b.png
  expect 0 "$AECOMP" eval $image -m $name.aecm --no-codecs --qualities 50
  head -c $(($(size_of a.aec) - 3)) a.aec >short.aec
  expect_refusal 4 'short.aec' "$AECOMP" decompress short.aec -m $name.aecm -o c.png
  flip a.aec $(($(size_of a.aec) - 2))
  expect_refusal 4 'a.aec' "$AECOMP" decompress a.aec -m $name.aecm -o c.png
done
expect_refusal 3 'colour.ppm.*gray images only; convert the image' "$AECOMP" compress colour.ppm -m conv_pool.aecm -o c.aec
expect_refusal 2 'gray.pgm: cannot be made that small' "$AECOMP" compress gray.pgm -m conv_pool.aecm -o c.aec --size 10
expect 0 "$AECOMP" compress gray.pgm -m linear_tiles.aecm -o c.aec --bpp 4

# Weights go out and come in again.
expect 0 "$AECOMP" model export linear_tiles.aecm -o w.safetensors
expect 0 "$AECOMP" model import w.safetensors --images images -o again.aecm
expect_equal linear_tiles.aecm again.aecm

# Found before a step is made.
sed 's/"relu", "name": "hyper_synthesis.0.relu"/"sigmoid", "name": "hyper_synthesis.0.relu"/' "$SOURCE/data/arch/tiny.json" >sigmoid.json
expect_refusal 2 "sigmoid.json: prior: layer 'hyper_synthesis.0.relu' (sigmoid).*integers.*use conv2d" "$AECOMP" model check sigmoid.json
expect 2 "$AECOMP" train images --arch sigmoid.json --init none --steps 1 -o m.aecm && expect_no_file m.aecm
finish
