# A small run of scripts/prove_exactness.sh: files written and read as on other processors have the same pixels.
. "$(dirname "$0")/lib.sh"
need_model
mkdir images
small_image images/colour.ppm 131 70
small_image images/odd.ppm 33 29
expect 0 env COUNT=2 EMULATED=1 QUALITIES="15 90" "$SOURCE/scripts/prove_exactness.sh" images "$AECOMP"
grep -q "16 files written.*all pixels equal" "$LOGS/out" || fail "nothing was compared"
finish
