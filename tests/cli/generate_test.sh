# Man page and completion name every option that --help names, and bash completes with the script.
. "$(dirname "$0")/lib.sh"

"$AECOMP" --generate man >man.1 2>"$LOGS/err" || fail "--generate man"
"$AECOMP" --generate bash >completion.bash 2>"$LOGS/err" || fail "--generate bash"
expect_refusal 2 'neither' "$AECOMP" --generate tea

sed 's/\\-/-/g; s/\\f[BRI]//g' man.1 >man.txt
. ./completion.bash || fail "bash cannot read the completion"

# complete_line WORD...: what bash would offer for the last word, in COMPREPLY.
complete_line() {
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  _aecomp
}
offers() {
  local reply
  for reply in "${COMPREPLY[@]}"; do [ "$reply" != "$1" ] || return 0; done
  fail "'${COMP_WORDS[*]}' does not offer $1 but: ${COMPREPLY[*]}"
}
offers_exactly() { [ "${COMPREPLY[*]}" = "$*" ] || fail "'${COMP_WORDS[*]}' offers '${COMPREPLY[*]}' instead of '$*'"; }

# section WORD...: the man page's part on this command.
section() { awk -v name="$*" '/^\.S[SH] / { on = (substr($0, 5) == name) } on' man.txt; }

# check_command WORD...: the options that --help lists, then the commands below.
check_command() {
  local help option names count=0 below
  help=$("$@" --help) || fail "$* --help"
  set -- aecomp "${@:2}"
  [ $# -gt 1 ] && section "$@" >part || section OPTIONS >part
  [ -s part ] || fail "no section on $*"
  while read -r names; do
    for option in ${names//,/ }; do
      count=$((count + 1))
      grep -qE -- "(^|[ ,])$option( |,|$)" part || fail "man page: $* lacks $option"
      complete_line "$@" "$option" && offers "$option"
    done
  done < <(sed -nE 's/^  (-[^ ]+).*/\1/p' <<<"$help")
  [ "$count" -ge 2 ] || fail "found only $count options of $*"
  OPTIONS=$((OPTIONS + count))
  for below in $(sed -n '/^Subcommands:/,/^$/s/^  \([a-z]\+\) .*/\1/p' <<<"$help"); do
    complete_line "$@" "$below" && offers "$below"
    COMMANDS=$((COMMANDS + 1))
    check_command "$AECOMP" "${@:2}" "$below"
  done
}
OPTIONS=0 COMMANDS=0
check_command "$AECOMP"
[ "$OPTIONS" -ge 80 ] && [ "$COMMANDS" -ge 10 ] || fail "only $OPTIONS options of $COMMANDS commands were found"

# Every default that --help shows is in the page.
"$AECOMP" decompress --help | grep -q 'N:INT in \[0 - 9\]=1' || fail "--help has another form than this test expects"
section aecomp decompress | grep -A3 -- '--png-level' | grep -q 'Default: 1' || fail "man page: no default of --png-level"

mkdir folder && touch 'file one.png' 'file*.png'
complete_line aecomp '' && offers compress && offers train
complete_line aecomp comp && offers_exactly compress
complete_line aecomp model 'ex' && offers_exactly export
complete_line aecomp train . --progress 'a' && offers_exactly always auto
complete_line aecomp train . --progress = 'n' && offers_exactly never
complete_line aecomp compress --metadata = && offers icc
complete_line aecomp compress --quality '' && offers_exactly
complete_line aecomp compress 'file' && [ "${#COMPREPLY[@]}" -eq 2 ] && offers 'file one.png' && offers 'file*.png'
complete_line aecomp compress a.png -O 'f' && offers_exactly folder
complete_line aecomp train 'f' && offers_exactly folder
complete_line aecomp train . --init 'n' && offers_exactly none
complete_line aecomp compress -o info '' && offers folder  # a value that is called as a command is

if command -v groff >/dev/null; then
  groff -man -ww -Tascii man.1 2>"$LOGS/err" >"$LOGS/out" || fail "groff"
  [ ! -s "$LOGS/err" ] || fail "groff warns"
fi
for heading in NAME SYNOPSIS DESCRIPTION COMMANDS 'EXIT STATUS' ENVIRONMENT FILES EXAMPLES; do
  grep -q "^\.SH $heading" man.1 || fail "man page: no $heading"
done
finish
