# The batch examples of scripts/, with names that break careless ones.
. "$(dirname "$0")/lib.sh"
need_model
export AECOMP MODEL
SCRIPTS=$SOURCE/scripts
count() { find "$1" -type f -name "$2" -printf x | wc -c; }
total() { find "$1" -name '*.aec' -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }'; }
for script in "$SCRIPTS"/*.sh; do expect 0 bash -n "$script"; done

odd=$'\xc3\xa4 "quoted" \'name\', \\n $HOME *\nwith a line end'
latin=$'l\xe4tin'
mkdir -p in/2020/may "in/-2021 $odd"
small_image in/a.ppm 90 70
small_image in/2020/may/--help.ppm 70 90
small_image "in/-2021 $odd/$odd.PPM" 64 64
small_image "in/2020/$latin.ppm" 40 30
echo text >in/notes.txt

# Every script says how it is used.
for script in folder_roundtrip compress_large folder_budget parallel_compress verify_archive; do
  expect 2 "$SCRIPTS/$script.sh" && expect_stderr "scripts/$script.sh" && expect_stderr 'AECOMP=program' && [ ! -s "$LOGS/out" ] ||
    fail "$script.sh without arguments"
done
expect 2 "$SCRIPTS/folder_roundtrip.sh" in out back -q 30 && expect_no_file out

# A folder there and back.
expect 0 "$SCRIPTS/folder_roundtrip.sh" in arch back -- -q 70
expect_stdout '^3 images, 0.0 megapixels: 50.* saved, .* bpp, mean PSNR [1-9][0-9.]* dB$' # what is not UTF-8 does not count
[ "$(cd arch && find . -name '*.aec' | sort)" = "$(cd in && find . -iname '*.ppm' | sed 's/\.[pP][pP][mM]$/.aec/' | sort)" ] || fail "arch does not mirror in"
[ "$(count back '*.png')" -eq 4 ] || fail "not all restored: $(find back)"
[ "$(wc -l <arch/report.csv)" -eq 5 ] && [ "$(grep -c ',ok,[0-9]*,[0-9]*,[0-9]*,[0-9.]*,[0-9.]*,[0-9]*$' arch/report.csv)" -eq 4 ] || fail "report.csv: $(cat arch/report.csv)"
sum=$(awk -F, 'NR > 1 { n += $(NF - 3) } END { print n }' arch/report.csv)
[ "$sum" -eq "$(total arch)" ] || fail "report.csv: $sum bytes instead of $(total arch)"
if command -v python3 >/dev/null; then
  python3 - "$odd" <<'P' || fail "report.csv is not what csv readers take"
import csv, sys
rows = list(csv.DictReader(open("arch/report.csv", newline="", errors="replace")))
name = sys.argv[1].replace("\\", "\\\\").replace("\n", "\\n")
assert f"in/-2021 {name}/{name}.PPM" in [row["input"] for row in rows], rows
assert all(len(row) == 9 and None not in row for row in rows)
P
fi
expect 2 "$SCRIPTS/folder_roundtrip.sh" in arch back && expect_stderr 'exists'
rm arch/a.aec back/a.png && expect 0 "$SCRIPTS/folder_roundtrip.sh" in arch back -- -q 70 --skip-existing && expect_stdout '^1 images'
expect_file arch/a.aec && expect_file back/a.png
echo broken >in/broken.png && expect 1 "$SCRIPTS/folder_roundtrip.sh" in arch back -- -f && expect_stderr 'in/broken.png' && expect_stdout '^3 images'
grep -q '^"in/broken.png","arch/broken.aec",error,,,,,,7$' arch/report.csv || fail "report.csv does not name what failed"
mkdir only && mv in/broken.png only && expect 1 "$SCRIPTS/folder_roundtrip.sh" only none none && expect_stdout 'no image was compressed' && rm -r none
mkdir empty && expect 2 "$SCRIPTS/folder_roundtrip.sh" empty none none && expect_stderr 'holds no files'

# Verifying: all good; truncated, empty and foreign files; nothing to look at.
expect 0 "$SCRIPTS/verify_archive.sh" arch list && expect_stdout '^4 files checked, 0 bad$' && [ -e list ] && [ ! -s list ] || fail "a list of nothing is not empty"
cp -r arch rotten && rotten="rotten/-2021 $odd/$odd.aec"
head -c 100 "$rotten" >cut && mv cut "$rotten" && : >"rotten/2020/$latin.aec"
expect 1 "$SCRIPTS/verify_archive.sh" rotten list && expect_stdout '^4 files checked, 2 bad$' && expect_stderr truncated && expect_stderr 'is empty'
printf '%s\0' "$rotten" "rotten/2020/$latin.aec" | LC_ALL=C sort -z >wanted && LC_ALL=C sort -z list >list.sorted && expect_equal list.sorted wanted
mkdir linked && ln -s "$WORK/$rotten" linked/bad.aec && ln -s linked link && expect 1 "$SCRIPTS/verify_archive.sh" link list && expect_stdout '^1 files checked, 1 bad$'
expect 2 "$SCRIPTS/verify_archive.sh" arch missing/list && expect_stderr 'missing/list: cannot be written'
expect 2 "$SCRIPTS/verify_archive.sh" empty list && expect_stderr 'holds no .aec'
expect 2 "$SCRIPTS/verify_archive.sh" missing list && expect_stderr missing
expect 2 env AECOMP=./no-aecomp "$SCRIPTS/verify_archive.sh" arch list && expect_stderr 'no such program'
(unset MODEL && expect 1 "$SCRIPTS/verify_archive.sh" arch list && expect_stdout '4 bad' && exit "$FAILURES") || fail "without the model some file passes"

# Only large files.
cp -r in large
expect 0 "$SCRIPTS/compress_large.sh" large 10K -- -q 20 && expect_stdout '^3 images compressed: 50'
[ "$(count large '*.aec')" -eq 3 ] && expect_no_file "large/2020/$latin.aec" && expect_equal large/a.ppm in/a.ppm
expect 0 "$SCRIPTS/compress_large.sh" large 10K && expect_stdout '^0 images compressed'
expect 0 "$SCRIPTS/compress_large.sh" large 3612 && expect_stdout '^1 images compressed: 3613 ->' && expect_file "large/2020/$latin.aec"
expect 0 "$SCRIPTS/compress_large.sh" large && expect_stdout 'no image above 1000000 bytes'
expect 2 "$SCRIPTS/compress_large.sh" large huge && expect_stderr usage\\\|SIZE
mkdir links && ln -s "$WORK/in/a.ppm" links/a.ppm && ln -s "$WORK/in/2020/$latin.ppm" links/small.ppm && ln -s links link2
expect 0 "$SCRIPTS/compress_large.sh" link2 10K && expect_stdout '^1 images compressed: 18' && expect_file links/a.aec
echo broken >large/broken.png && expect 1 "$SCRIPTS/compress_large.sh" large 6 && expect_stderr broken.png

# A budget.
for budget in 1000 1900; do
  expect 0 "$SCRIPTS/folder_budget.sh" in "of $budget" $budget
  bytes=$(total "of $budget")
  expect_stdout "^of $budget: quality [0-9.]*, $bytes of $budget bytes\$"
  [ "$bytes" -le "$budget" ] && [ "$bytes" -gt $((budget * 9 / 10)) ] || fail "$bytes bytes for a budget of $budget"
  [ "$(wc -l <"$LOGS/err")" -le 8 ] || fail "more than 8 passes"
done
[ "$(count 'of 1900' '*.aec')" -eq 4 ] || fail "not all files: $(find 'of 1900')"
expect 2 "$SCRIPTS/folder_budget.sh" in 'of 1900' 6K && expect_stderr 'of 1900: exists'
expect 2 "$SCRIPTS/folder_budget.sh" in none 100 && expect_stderr 'out of reach: the lowest quality takes [0-9]' && expect_no_file none
expect 0 "$SCRIPTS/folder_budget.sh" in most 1G && expect_stdout '^most: quality 100'
expect 3 "$SCRIPTS/folder_budget.sh" only none 1M && expect_no_file none
[ -z "$(find . -maxdepth 1 -name 'none*' -o -maxdepth 1 -name 'of*.*')" ] || fail "working folders are left: $(ls)"

# Several jobs: GNU parallel where it is, xargs, a Slurm array; all give what one run gives.
expect 0 "$AECOMP" compress -r in -O one -m "$MODEL" -q 40
expect 0 "$SCRIPTS/parallel_compress.sh" lists in lists 3 && expect_stdout '^4 images in 3 lists: tasks 0 to 2$'
same() { diff -r one "$1" || fail "$1 differs from one run"; }
mkdir bin && for tool in bash dirname nproc realpath xargs; do ln -s "$(type -P $tool)" bin/; done # no parallel
expect 0 env PATH="$WORK/bin" JOBS=2 "$SCRIPTS/parallel_compress.sh" run lists xargs -- -q 40 && same xargs
expect 2 env PATH="$WORK/bin" SSHLOGINS=host "$SCRIPTS/parallel_compress.sh" run lists none && expect_stderr 'needs GNU parallel'
if [[ $(parallel --version 2>/dev/null) == GNU* ]]; then
  expect 0 env JOBS=2 "$SCRIPTS/parallel_compress.sh" run lists parallel -- -q 40 && same parallel
  expect 0 env JOBS=2 SSHLOGINS=: "$SCRIPTS/parallel_compress.sh" run lists logins -- -q 40 && same logins
else
  echo "not checked: GNU parallel is not installed"
fi
for task in 0 1 2; do
  expect 0 env SLURM_ARRAY_TASK_ID=$task SLURM_CPUS_PER_TASK=1 "$SCRIPTS/parallel_compress.sh" run lists array -- -q 40
  [ "$(count array '*.aec')" -le $((task * 2 + 2)) ] || fail "task $task did more than its list"
done
same array
expect 2 env SLURM_ARRAY_TASK_ID=3 "$SCRIPTS/parallel_compress.sh" run lists array && expect_stderr 'no list for task 3'
# Once more goes on with what is missing, and leaves the rest alone.
rm array/a.aec && before=$(stat -c %Y.%i array/2020/may/--help.aec)
expect 0 env JOBS=2 "$SCRIPTS/parallel_compress.sh" run lists array -- -q 40 && same array
[ "$(stat -c %Y.%i array/2020/may/--help.aec)" = "$before" ] || fail "what was there was written again"
cp "only/broken.png" in/ && expect 0 "$SCRIPTS/parallel_compress.sh" lists in lists2 2
expect 1 env JOBS=2 "$SCRIPTS/parallel_compress.sh" run lists2 some && expect_stderr broken.png && [ "$(count some '*.aec')" -eq 4 ] || fail "not all but the broken one"
cp in/a.ppm in/a.pnm && expect 0 "$SCRIPTS/parallel_compress.sh" lists in lists3 2 && expect_stderr 'share an output.*\./a'
expect 2 "$SCRIPTS/parallel_compress.sh" run lists3 out3 && expect_stderr 'keep-extension.*\./a' && expect_no_file out3
expect 1 "$SCRIPTS/parallel_compress.sh" run lists3 out3 -- --keep-extension && expect_file out3/a.ppm.aec && expect_file out3/a.pnm.aec
expect 0 "$SCRIPTS/parallel_compress.sh" lists links lists5 1 && expect_stdout '^2 images in 1 lists'
expect 2 "$SCRIPTS/parallel_compress.sh" lists empty lists4 2 && expect_stderr 'no images' && expect_no_file lists4
expect 2 "$SCRIPTS/parallel_compress.sh" run empty out && expect_stderr 'holds no lists'
finish
