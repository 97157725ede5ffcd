# Little memory and few threads: exit code 8 with a message, or the right result; never a signal, never a file that is
# called corrupt or a model that is called broken, never a part of a file.
#   bash tests/cli/memory_test.sh build/release/aecomp [STEP=120]: limits from 60 MB to 800 MB in such steps
. "$(dirname "$0")/lib.sh"
step=${2:-120}
model=()
"$AECOMP" compress "$SAMPLE" -o good.aec 2>"$LOGS/err" || { need_model && model=(-m "$MODEL") && compress_sample good.aec; }
expect 0 "$AECOMP" decompress good.aec "${model[@]}" -o good.ppm
# 2.4 megapixels, which need several times the memory of the sample.
{ printf 'P6\n2000 1200\n255\n' && for _ in $(seq 25); do tail -c 294912 good.ppm; done; } | head -c 7200017 >large.ppm
expect 0 "$AECOMP" compress large.ppm "${model[@]}" -o large.aec
expect 0 "$AECOMP" decompress large.aec "${model[@]}" -o large_good.ppm
mkdir images archive
cp good.ppm images/a.ppm && cp good.ppm images/d.ppm && cp large.ppm images/b.ppm && cp large.ppm images/c.ppm
cp good.aec archive/a.aec && cp good.aec archive/d.aec && cp large.aec archive/b.aec && cp large.aec archive/c.aec
expect 0 "$AECOMP" compress -r images "${model[@]}" -O want -q 50 && mkdir want/pictures
cp large_good.ppm want/pictures/b.ppm && cp large_good.ppm want/pictures/c.ppm
cp good.ppm want/pictures/a.ppm && cp good.ppm want/pictures/d.ppm

did=0 refused=0
# limited LIMIT NUMBER WANTED COMMAND...: under this ulimit, outputs in out/ are those in WANTED or absent.
limited() {
  local limit=$1 number=$2 wanted=$3 code file count=0
  shift 3
  rm -rf out
  COMMANDS=$((COMMANDS + 1))
  timeout 120 bash -c "ulimit $limit && exec \"\$@\"" - "$@" >"$LOGS/out" 2>"$LOGS/err" </dev/null
  code=$?
  for file in $(find out -type f 2>/dev/null); do
    cmp -s "$file" "$wanted/${file##*/}" || fail "ulimit $limit: $file is wrong: $*"
    count=$((count + 1))
  done
  case $code in
    0) did=$((did + 1)) && [ "$count" -eq "$number" ] || fail "ulimit $limit: $count of $number files, exit code 0: $*" ;;
    8) refused=$((refused + 1)) && grep -q '^aecomp: .*not enough memory' "$LOGS/err" || fail "ulimit $limit: no message: $*" ;;
    1) refused=$((refused + 1)) && [ "$number" -gt 1 ] && ! grep '^aecomp: ' "$LOGS/err" | grep -v 'not enough memory\|of [0-9]* files failed' ||
      fail "ulimit $limit: another error: $*" ;;
    127) [ "$count" -eq 0 ] && grep -q 'error while loading shared libraries' "$LOGS/err" || fail "ulimit $limit: exit code 127: $*" ;;
    *) fail "ulimit $limit: exit code $code: $*" ;;
  esac
}
for limit in $(seq 60 "$step" 800); do
  limit="-v $((limit * 1000))"
  limited "$limit" 1 want "$AECOMP" compress images/a.ppm "${model[@]}" -q 50 -O out
  limited "$limit" 1 want "$AECOMP" compress images/b.ppm "${model[@]}" -q 50 -O out
  limited "$limit" 1 want/pictures "$AECOMP" decompress archive/a.aec "${model[@]}" --format ppm -O out
  limited "$limit" 1 want/pictures "$AECOMP" decompress archive/b.aec "${model[@]}" --format ppm -O out
  limited "$limit" 0 none "$AECOMP" info --verify archive/a.aec "${model[@]}"
  limited "$limit" 4 want "$AECOMP" compress images/a.ppm images/b.ppm images/c.ppm images/d.ppm "${model[@]}" -q 50 -O out
  limited "$limit" 4 want/pictures "$AECOMP" decompress archive/a.aec archive/b.aec archive/c.aec archive/d.aec "${model[@]}" --format ppm -O out
done
echo "ulimit -v: $did runs did their work, $refused said that memory does not suffice"
# 800 MB are enough for all of it.
limited '-v 800000' 4 want "$AECOMP" compress images/*.ppm "${model[@]}" -q 50 -O out && [ -e out/d.aec ] || fail "800 MB are not enough"

# JPEG and JPEG 2000, whose readers come in libraries of their own.
expect 0 "$AECOMP" decompress good.aec "${model[@]}" -o photo.jpg
expect 0 "$AECOMP" decompress large.aec "${model[@]}" -o scan.jp2
expect 0 "$AECOMP" compress photo.jpg scan.jp2 "${model[@]}" -O want
for limit in $(seq 60 "$((step * 2))" 800); do
  limited "-v $((limit * 1000))" 1 want "$AECOMP" compress photo.jpg "${model[@]}" -O out
  limited "-v $((limit * 1000))" 1 want "$AECOMP" compress scan.jp2 "${model[@]}" -O out
done

# The archive is sound, and is not called anything else.
(ulimit -v 120000 && AECOMP=$AECOMP MODEL=${model[1]:-} "$SOURCE/scripts/verify_archive.sh" archive list >"$LOGS/out" 2>"$LOGS/err")
code=$?
[ "$code" -eq 0 ] || [ "$code" -eq 3 ] || fail "verify_archive.sh ends with $code"
[ ! -s list ] || fail "verify_archive.sh calls sound files bad"

# Few threads. Root may have as many as it likes.
as_user=()
if [ "$(id -u)" -eq 0 ]; then
  command -v setpriv >"$LOGS/out" || { echo "left out, no setpriv: ulimit -u" && finish; }
  as_user=(setpriv --reuid 65534 --clear-groups)
  chmod 755 "$WORK" "$LOGS" && chmod -R a+rX .
  "${as_user[@]}" test -x "$AECOMP" || { echo "left out, another user cannot run $AECOMP: ulimit -u" && finish; }
fi
for threads in 1 2 3 4 6 8 12 20; do
  rm -rf out && mkdir -m 777 out
  for input in images/a.ppm photo.jpg; do
    COMMANDS=$((COMMANDS + 1))
    timeout 120 "${as_user[@]}" bash -c "ulimit -u $threads && exec \"\$@\"" - "$AECOMP" compress "$input" "${model[@]}" -j 4 -O out >"$LOGS/out" 2>"$LOGS/err" ||
      fail "ulimit -u $threads: exit code $?: $input"
  done
  expect 0 timeout 120 "${as_user[@]}" bash -c "ulimit -u $threads && exec \"\$@\"" - "$AECOMP" decompress archive/*.aec "${model[@]}" -j 4 --format ppm -O out
  for file in out/*; do
    case $file in *.ppm) wanted=want/pictures ;; *) wanted=want ;; esac
    [ "${file##*/}" = a.aec ] || cmp -s "$file" "$wanted/${file##*/}" || fail "ulimit -u $threads: $file is wrong"
  done
done
finish
