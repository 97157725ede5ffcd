# Temporary files: none is left by a run that is killed where the file system allows it, and what an earlier run left is
# removed, but nothing else.
. "$(dirname "$0")/lib.sh"
need_model
cp "$SAMPLE" a.png
mkdir out

# leftover NAME: as a run that was killed some time ago leaves it.
leftover() { printf partial >"out/$1" && touch -d '2 hours ago' "out/$1"; }
leftover .aecomp-0123456789abcdef.tmp
leftover .aecomp-00000000ffffffff.tmp
# None of ours, or in use.
for other in .aecomp-0123456789abcde.tmp .aecomp-0123456789abcdef0.tmp .aecomp-0123456789ABCDEF.tmp .aecomp-0123456789abcdef.tmp.bak \
  .aecomp-0123456789abcdeg.tmp x.aecomp-0123456789abcdef.tmp .aecomp-.tmp aecomp-0123456789abcdef.tmp; do
  leftover "$other"
done
printf partial >out/.aecomp-1111111111111111.tmp # a new one
mkdir out/.aecomp-2222222222222222.tmp && touch -d '2 hours ago' out/.aecomp-2222222222222222.tmp
leftover target && ln -s target out/.aecomp-3333333333333333.tmp && touch -h -d '2 hours ago' out/.aecomp-3333333333333333.tmp
mkfifo out/.aecomp-4444444444444444.tmp && touch -d '2 hours ago' out/.aecomp-4444444444444444.tmp
leftover .aecomp-5555555555555555.tmp
exec 7<out/.aecomp-5555555555555555.tmp && flock 7 # of a run that was stopped, and goes on later
before=$(ls -A out | grep -v -e 0123456789abcdef.tmp$ -e 00000000ffffffff | sort)
expect 0 "$AECOMP" compress a.png -m "$MODEL" -O out
for gone in .aecomp-0123456789abcdef.tmp .aecomp-00000000ffffffff.tmp; do expect_no_file "out/$gone"; done
for file in $before x.aecomp-0123456789abcdef.tmp aecomp-0123456789abcdef.tmp; do
  [ -e "out/$file" ] || [ -L "out/$file" ] || fail "out/$file is gone"
done
exec 7<&-
# In the present folder, whose name is empty; once the lock is given back.
expect 0 bash -c "cd out && '$AECOMP' compress ../a.png -m '$MODEL' -o a.aec -f"
expect_no_file out/.aecomp-5555555555555555.tmp

# Killed in the middle of many writes. Where files without a name can be made (O_TMPFILE), a name exists for an instant only.
mkdir killed many && for i in $(seq 100 300); do ln -s ../a.png "many/$i.png"; done
compress_sample good.aec
for delay in 0.3 0.5 0.7; do
  COMMANDS=$((COMMANDS + 1))
  "$AECOMP" compress many/*.png -m "$MODEL" -O killed -f >"$LOGS/out" 2>&1 &
  sleep "$delay"
  kill -9 $! && wait $! 2>/dev/null
done
for file in killed/*; do [ ! -e "$file" ] || expect_equal "$file" good.aec; done
find killed -name '.aecomp-*' -exec touch -d '2 hours ago' {} +
expect 0 "$AECOMP" compress a.png -m "$MODEL" -o killed/a.aec
[ -z "$(find killed -name '.aecomp-*')" ] || fail "left behind: $(ls -A killed | head -3)"
finish
