# Weights out of a model and back into one that codes.
. "$(dirname "$0")/lib.sh"
mkdir images && cp "$SAMPLE" images/
expect 0 "$AECOMP" train images --arch "$SOURCE/data/arch/tiny.json" --init none --patch 64 --batch 2 --steps 3 -o m.aecm

expect 0 "$AECOMP" model export m.aecm -o w.safetensors && expect_file w.safetensors
expect 2 "$AECOMP" model export m.aecm -o w.safetensors && expect_stderr 'exists.*-f'
expect 0 "$AECOMP" model export m.aecm -o w.safetensors -f
expect 0 "$AECOMP" model import w.safetensors --images images -o n.aecm
expect 0 "$AECOMP" compress images/sample.png -m n.aecm -o a.aec
expect 0 "$AECOMP" decompress a.aec -m n.aecm -o a.png
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
