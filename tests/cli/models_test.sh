# Models by identity: an .aec names its model, and decompress finds it.
. "$(dirname "$0")/lib.sh"
need_model
train_tiny 2 "$LOGS/other.aecm" && OTHER=$LOGS/other.aecm
compress_sample mine.aec
expect 0 "$AECOMP" compress "$SAMPLE" -m "$OTHER" -o other.aec
id=$("$AECOMP" info mine.aec --json | sed 's/.*"model":"\([0-9a-f]*\)".*/\1/')
[ "${#id}" -eq 16 ] || fail "no identity in info --json"
expect 0 "$AECOMP" decompress mine.aec -m "$MODEL" -o want.png

# Nowhere: exit code 5, the identity and the places.
expect_refusal 5 "$id, which is not in the program, $XDG_DATA_HOME/aecomp/models.*-m.*model install" "$AECOMP" decompress mine.aec -o x.png
export AECOMP_MODEL_PATH=$WORK/nothing:$WORK/here
expect_refusal 5 "$id, which is not in the program, $WORK/nothing, $WORK/here, " "$AECOMP" decompress mine.aec -o x.png
expect_refusal 5 "was made with model $id, but $OTHER is" "$AECOMP" decompress mine.aec -m "$OTHER" -o x.png

# A folder and a file of the path, whatever the file is called; other models beside it do no harm.
mkdir here && cp "$OTHER" here/a.aecm && cp "$MODEL" here/b.aecm && echo nonsense >here/c.aecm
expect 0 "$AECOMP" decompress mine.aec -o path.png && expect_equal path.png want.png
AECOMP_MODEL_PATH=$MODEL expect 0 "$AECOMP" decompress mine.aec -o path.png -f && expect_equal path.png want.png
unset AECOMP_MODEL_PATH

# Installed, by name of its identity; a batch may need several models.
expect 0 "$AECOMP" model install "$MODEL" && expect_stdout "^$XDG_DATA_HOME/aecomp/models/$id.aecm$"
expect 0 "$AECOMP" model install "$OTHER" && expect 0 "$AECOMP" model install "$MODEL"
expect 0 "$AECOMP" decompress mine.aec other.aec -O both && expect_equal both/mine.png want.png
expect 0 "$AECOMP" model list && expect_stdout "$id"
expect 0 "$AECOMP" model list --json && [ "$(grep -c aecomp/models "$LOGS/out")" -eq 2 ] || fail "model list --json does not list both"
expect 0 "$AECOMP" info mine.aec --verify && expect_stdout 'decodes  yes'

# What is none is not installed; one that is damaged later is not believed.
expect_refusal 5 'here/c.aecm' "$AECOMP" model install here/c.aecm
expect 3 "$AECOMP" model install missing.aecm && expect_stderr missing.aecm
flip "$XDG_DATA_HOME/aecomp/models/$id.aecm" 20000
expect_refusal 5 "$id, which is not in" "$AECOMP" decompress mine.aec -o x.png
finish
