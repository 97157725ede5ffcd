# eval beside other programs: those of the table, any command, programs that fail, the cache, an interruption.
. "$(dirname "$0")/lib.sh"
need_model
export XDG_CACHE_HOME=$LOGS/cache
own=(-m "$MODEL" --metrics ms_ssim,smooth_edges)

# script NAME: an executable from stdin.
script() { mkdir -p "$(dirname "$1")" && { echo '#!/bin/bash' && cat; } >"$1" && chmod +x "$1"; }

# aecomp as a program beside itself: the same bytes, so every BD-rate is 0. It notes its calls.
script twin.sh <<S
echo "\$@" >>"$LOGS/calls"
exec "$AECOMP" "\$@" -m "$MODEL" --quiet
S
twin="twin: $WORK/twin.sh compress -q {q} {in} -o {out}; $WORK/twin.sh decompress {in} -o {out}; 10,45,80"
calls() { wc -l <"$LOGS/calls"; }
expect 0 "$AECOMP" eval "$SAMPLE" "${own[@]}" --qualities 10,45,80 --no-codecs --command "$twin"
for metric in PSNR MS-SSIM 'smooth edges'; do expect_stdout "against twin *$metric *[0-9.]* to [0-9.]* dB *[+-]0.00 %"; done
expect_stdout '^  twin .*twin.sh compress -q {q}'
[ "$(calls)" -eq 6 ] || fail "$(calls) calls instead of 3 to encode and 3 to decode"
expect 0 "$AECOMP" eval "$SAMPLE" "${own[@]}" --qualities 20,80 --no-codecs --command "$twin" --command "${twin/twin:/pair:}"
[ "$(calls)" -eq 6 ] || fail "results are not remembered"
expect_stdout 'against twin' && expect_stdout 'against pair'
expect 0 "$AECOMP" eval "$SAMPLE" "${own[@]}" --qualities 20,80 --no-codecs --no-cache --command "$twin"
[ "$(calls)" -eq 12 ] || fail "--no-cache remembers"
echo '# another program' >>twin.sh
expect 0 "$AECOMP" eval "$SAMPLE" "${own[@]}" --qualities 20,80 --no-codecs --command "$twin"
[ "$(calls)" -eq 18 ] || fail "results of another program count"

# No shell: what a shell would run is an argument.
expect 1 "$AECOMP" eval "$SAMPLE" "${own[@]}" --qualities 50 --no-codecs --command 'x: cp {in} {out} {q} $(touch pwned); cp {in} {out}; 1,2'
expect_no_file pwned && expect_stderr 'x is left out' && expect_stdout 'aecomp, mean of 1 image'
expect_refusal 2 'not three parts' "$AECOMP" eval "$SAMPLE" -m "$MODEL" --command 'x: cp'
expect_refusal 2 'none of avif, jxl' "$AECOMP" eval "$SAMPLE" -m "$MODEL" --peers gif
expect_refusal 2 'none of psnr' "$AECOMP" eval "$SAMPLE" -m "$MODEL" --metrics vmaf

# Peers that fail in every way: named, left out, the rest goes on.
fails() { # NAME PATTERN COMMANDS
  expect 1 "$AECOMP" eval "$SAMPLE" "${own[@]}" --qualities 20,80 --peers jpeg --command "$1: $3; 1,2"
  expect_stderr "^aecomp: $1: .*$2.*$1 is left out" && expect_stdout '^jpeg, mean' && ! grep -q "^$1, mean" "$LOGS/out" || fail "$1"
}
script broken.sh <<'S'
echo 'out of paper' >&2; exit 3
S
script garbage.sh <<'S'
echo 'not a picture' >"$2"
S
fails missing 'no-such-program' 'no-such-program {in} {out} {q}; cp {in} {out}'
fails broken 'exit code 3: out of paper' "$WORK/broken.sh {in} {out} {q}; cp {in} {out}"
fails silent 'writes no file' 'true {in} {out} {q}; cp {in} {out}'
fails garbage 'garbage.sh' "$WORK/garbage.sh {in} {out} {q}; $WORK/garbage.sh {in} {out}"
fails other 'another size' "cp {in} {out} --suffix={q}; cp $SOURCE/data/before_after.png {out} --suffix={in}"

# Programs of the table: too old, without a version, missing.
script old/avifenc <<<'echo Version: 0.1.9'
cp old/avifenc old/avifdec
expect 1 env "PATH=$WORK/old:$PATH" "$AECOMP" eval "$SAMPLE" "${own[@]}" --qualities 20,80 --peers avif,jpeg
expect_stderr 'avif: left out: avifenc 0.1.9: is too old' && expect_stdout '^jpeg, mean'
script strange/cwebp <<<'echo hello'
cp strange/cwebp strange/dwebp
expect 1 env "PATH=$WORK/strange:$PATH" "$AECOMP" eval "$SAMPLE" "${own[@]}" --qualities 20,80 --peers webp
expect_stderr 'webp: left out: cwebp -version: prints no version' && expect_stdout '^  webp *OpenCV'
expect 1 env "PATH=$WORK" "$AECOMP" eval "$SAMPLE" "${own[@]}" --qualities 20,80 --peers jxl,jpeg
expect_stderr 'jxl: left out: cjxl and djxl are not on the PATH' && expect_stdout '^jpeg, mean'

# Measures by programs.
script measures/butteraugli <<<'echo abc'
script measures/ssimulacra2 <<<'echo 71.5'
expect 1 env "PATH=$WORK/measures:$PATH" "$AECOMP" eval "$SAMPLE" -m "$MODEL" --qualities 20,80 --no-codecs
expect_stderr "Butteraugli: left out: butteraugli: prints no number: 'abc" && expect_stdout 'SSIMULACRA 2' && expect_stdout '71.500'
! grep -q Butteraugli "$LOGS/out" || fail "a measure that fails is in the table"
script measures/butteraugli <<<'echo 2.5 && echo more'
expect 0 env "PATH=$WORK/measures:$PATH" "$AECOMP" eval "$SAMPLE" -m "$MODEL" --qualities 20,80 --no-codecs --json
expect_stdout '"type":"mean".*"butteraugli":2.5,"ssimulacra2":71.5'
expect_refusal 3 'needs the program butteraugli' env "PATH=$WORK" "$AECOMP" eval "$SAMPLE" -m "$MODEL" --metrics butteraugli

# Ctrl-C keeps what is done.
script slow.sh <<'S'
touch started; exec sleep 100
S
"$AECOMP" eval "$SAMPLE" "${own[@]}" --qualities 20,80 --no-codecs --command "slow: $WORK/slow.sh {in} {out} {q}; cp {in} {out}; 1,2" \
  >"$LOGS/out" 2>"$LOGS/err" &
pid=$!
for _ in $(seq 1000); do [ -e started ] && break || sleep 0.05; done
kill -TERM "$pid" && wait "$pid"
[ $? -eq 130 ] || fail "an interrupted run ends with another code"
expect_stdout 'aecomp, mean of 1 image' && expect_stderr 'interrupted'

# What Debian has, against a second computation of every BD-rate.
/usr/bin/python3 -c 'import numpy' 2>/dev/null || { echo "SKIPPED: python3-numpy is missing, so BD-rates were not computed again"; finish; }
small_image small.ppm 192 180
expect 0 "$AECOMP" eval "$SAMPLE" small.ppm -m "$MODEL" --qualities 0,50,100 --csv all.csv --json --quiet && cp "$LOGS/out" all.jsonl
expect 0 env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$SOURCE/scripts/check_eval.py" all.csv all.jsonl
expect_stdout 'BD-rates compared, 0 differ'
for peer in avif:avifenc jxl:cjxl webp:cwebp; do
  command -v "${peer#*:}" >/dev/null || { echo "SKIPPED: ${peer#*:} is not installed"; continue; }
  grep -q "\"type\":\"peer\",\"codec\":\"${peer%:*}\",\"program\":\"${peer#*:} " all.jsonl || fail "no ${peer%:*}"
  grep -q "\"type\":\"bd_rate\".*\"anchor\":\"${peer%:*}\",\"metric\":\"smooth_edges\",\"percent\":[-0-9]" all.jsonl || fail "no BD-rate of ${peer%:*}"
done
finish
