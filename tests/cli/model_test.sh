# Architecture files checked; weights out of a model and back into one that codes.
. "$(dirname "$0")/lib.sh"
ARCH=$SOURCE/data/arch

# Every file of the project fits; the table has totals.
for file in "$ARCH"/*.json; do expect 0 "$AECOMP" model check "$file"; done
expect 0 "$AECOMP" model check "$ARCH/conv_small.json" --input 3x100x50
expect_stdout 'decoder.1  *conv_transpose2d  *3x100x52  *771  *0.192  *12' # padded to a multiple of 4
expect_stdout 'encoding  0.180 kMAC/pixel, decoding 0.320' && expect_stdout 'parameters  4547' && expect_stdout 'training memory'
expect 0 sh -c "'$AECOMP' model check - <'$ARCH/conv_small.json'"
expect 0 "$AECOMP" model check "$ARCH/linear_tiles.json" --json
expect_stdout '"status":"ok".*"type":"architecture".*"tile":28.*"receptive_field":null'

# refused FILE FROM TO PATTERN [OPTION...]: an edit of a good file is refused in one line that matches.
refused() {
  local file=$1 from=$2 to=$3 pattern=$4
  shift 4
  sed -z "s/$from/$to/" "$ARCH/$file.json" >edited.json
  cmp -s edited.json "$ARCH/$file.json" && fail "$file.json has no $from"
  expect_refusal 2 "edited.json: .*$pattern" "$AECOMP" model check edited.json "$@"
}
refused conv_small '"out": 3,' '"out": 4,' "decoder.1.*4x256x256.*3x256x256.*4 channels, not 3.*set \"out\" of layer 'decoder.1'"
refused linear_tiles '1, 28, 28' '10, 28, 28' "'unflatten' (reshape).*7840.*784 came.*may not change the batch"
refused linear_tiles '"tile": 28,' '' "depends on the image.*add \"tile\": 28" --input 1x28x28
refused conv_pool ',\n *"output_padding": 1' '' "'deconv'.*27, not 28.*(14 - 1)\*2.*set \"output_padding\".*to 1" --input 1x28x28
refused conv_linear '"in": 29040' '"in": 2048' "'bottleneck' (linear): expects 2048.*29040 came (240x11x11 from layer 'features.1.relu'"
refused conv_small '0.001,' '0.001,,' 'line 5, column 21: not JSON'
refused conv_small 'image_channels' 'image_chanels' 'did you mean "image_channels"'
expect 2 "$AECOMP" model check edited.json --json && expect_stdout '"status":"error","error":".*image_chanels'
expect_refusal 2 'image is 1x64x64, but "image_channels" is 3' "$AECOMP" model check "$ARCH/conv_small.json" --input 1x64x64

# Gradients: right ones, and a parameter that none reaches.
expect 0 "$AECOMP" model check "$ARCH/conv_small.json" --gradients --input 3x16x16
expect_stdout 'encoder.1  *conv2d  *[0-9.]*e-[01][0-9]  *[0-9.]*e-0[4-9]'
expect 1 "$AECOMP" model check "$ARCH/unreached_weight.json" --gradients
expect_stdout 'no gradient reaches conv.weight' && expect_stderr 'unreached_weight.json: no gradient reaches conv.weight,'

mkdir images && cp "$SAMPLE" images/
expect 0 "$AECOMP" train images --arch "$SOURCE/data/arch/tiny.json" --init none --patch 64 --batch 2 --steps 3 -o m.aecm

expect 0 "$AECOMP" model export m.aecm -o w.safetensors && expect_file w.safetensors
expect 2 "$AECOMP" model export m.aecm -o w.safetensors && expect_stderr 'exists.*-f'
expect 0 "$AECOMP" model export m.aecm -o w.safetensors -f
expect 0 "$AECOMP" model import w.safetensors --images images -o n.aecm
expect 0 "$AECOMP" compress images/sample.png -m n.aecm -o a.aec
expect 0 "$AECOMP" decompress a.aec -m n.aecm -o a.png
# Both are what other readers of safetensors take; tables are in the model only.
if command -v python3 >/dev/null; then
  expect 0 python3 "$SOURCE/tests/cli/check_safetensors.py" m.aecm w.safetensors
  expect_stdout 'm.aecm: .* [1-9][0-9]* of them tables' && expect_stdout 'w.safetensors: .* 0 of them tables'
else
  echo "SKIPPED: python3 is missing, so nobody else read the weights files"
fi
# The weights are f16 in the model: out and in again they are the same.
expect 0 "$AECOMP" model export n.aecm -o again.safetensors
cmp -s w.safetensors again.safetensors || fail "weights change on their way through a model"

expect_refusal 5 'w.safetensors' "$AECOMP" compress images/sample.png -m w.safetensors -o b.aec
expect_refusal 5 'missing.aecm' "$AECOMP" model export missing.aecm -o x
expect_refusal 5 'sample.png' "$AECOMP" model export images/sample.png -o x
expect_refusal 3 'missing' "$AECOMP" model import w.safetensors --images missing -o x.aecm
mkdir empty
expect_refusal 3 'no image' "$AECOMP" model import w.safetensors --images empty -o x.aecm
expect_refusal 6 'missing/' "$AECOMP" model import w.safetensors --images images -o missing/x.aecm
finish
