# Small files that ask for much memory or time are refused, or done, within 5 s and 700 MB; hostile.py says how they
# are made. Files of AECOMP_TEST_DATA/../cases/hostile are tried as well where they exist.
. "$(dirname "$0")/lib.sh"
command -v python3 >"$LOGS/out" || { echo "left out, no python3" && exit 77; }
need_model
others=("${AECOMP_TEST_DATA:-$SOURCE/../shared/data}"/../cases/hostile/*)
[ -e "${others[0]}" ] || { others=() && echo "left out, no AECOMP_TEST_DATA: files from elsewhere"; }
expect 0 python3 "$SOURCE/tests/formats/hostile.py" "$AECOMP" "${others[@]}"
tail -1 "$LOGS/out"
grep WRONG "$LOGS/out"
finish
