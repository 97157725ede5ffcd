// The script is a table of what each command takes and one function that looks it up; it works with bash alone, without
// the bash-completion package that loads it by name.
#include <algorithm>
#include <string_view>

#include "app/generate/generate.h"

namespace aecomp {
namespace {

/// Values worth offering where the definitions take more than a fixed set.
struct Suggestion {
  const char* option;
  const char* values;
};
constexpr Suggestion kSuggestions[] = {
    {"--metadata", "all none icc exif xmp text resolution"},
    {"--format", "png ppm pgm jpg webp tif bmp jp2"},
};

/// Arguments for which there is nothing to offer.
constexpr std::string_view kNumbers[] = {"INT", "UINT", "FLOAT", "N", "Q", "Q,...", "BYTES", "CxHxW"};

constexpr const char* kFunction = R"(
# Sets COMPREPLY to the names that begin with what was typed: `compgen -f` or `-d`, safe for blanks.
_aecomp_names() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

_aecomp_words() { mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$1" -- "$2"); }

_aecomp() {
  local current=${COMP_WORDS[COMP_CWORD]} previous= command=aecomp word values i
  COMPREPLY=()
  [ "$COMP_CWORD" -gt 0 ] && previous=${COMP_WORDS[COMP_CWORD - 1]}
  # --option=value arrives as three words.
  if [ "$previous" = = ] && [ "$COMP_CWORD" -gt 1 ]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  elif [ "$current" = = ]; then
    current=
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case " ${_aecomp_commands[$command]-} " in
      *" $word "*) command="$command $word" ;;
    esac
  done
  values=${_aecomp_values["$command $previous"]-}
  case $values in
    '') ;;
    @files*) _aecomp_names -f "$current" && _aecomp_words "${values#@files}" "$current"; return ;;
    @folders) _aecomp_names -d "$current"; return ;;
    @numbers) return ;;
    *) _aecomp_words "$values" "$current"; return ;;
  esac
  if [[ $current == -* ]]; then
    _aecomp_words "${_aecomp_options[$command]-}" "$current"
  elif [ -n "${_aecomp_commands[$command]-}" ]; then
    _aecomp_words "${_aecomp_commands[$command]}" "$current"
  else
    _aecomp_names "${_aecomp_positional[$command]--f}" "$current"
  fi
}

complete -F _aecomp aecomp
)";

template <class T, class Text>
std::string Join(const std::vector<T>& items, Text text) {
  std::string joined;
  for (const T& item : items) joined += (joined.empty() ? "" : " ") + text(item);
  return joined;
}

bool Has(const OptionDoc& option, const std::string& name) {
  return std::find(option.names.begin(), option.names.end(), name) != option.names.end();
}

/// What may follow the option: a list of words, or the kind of names to offer.
std::string Values(const OptionDoc& option) {
  for (const Suggestion& suggestion : kSuggestions) {
    if (Has(option, suggestion.option)) return suggestion.values;
  }
  if (!option.choices.empty()) return Join(option.choices, [](const std::string& choice) { return choice; });
  if (option.argument == "DIR") return "@folders";
  const std::string_view argument = option.argument;
  if (std::find(std::begin(kNumbers), std::end(kNumbers), argument) != std::end(kNumbers)) return "@numbers";
  const size_t word = argument.find('|');  // "FILE|none"
  return "@files" + (word == argument.npos ? "" : " " + option.argument.substr(word + 1));
}

struct Tables {
  std::string commands, options, values, positional;
};

std::string Entry(const std::string& key, const std::string& value) { return "  [" + key + "]='" + value + "'\n"; }

void Describe(const CommandDoc& command, const std::string& path, Tables& tables) {
  const std::string key = "\"" + path + "\"";
  if (!command.commands.empty()) {
    tables.commands += Entry(key, Join(command.commands, [](const CommandDoc& below) { return below.name; }));
  }
  std::string names;
  for (const OptionDoc& option : command.options) {
    for (const std::string& name : option.names) {
      names += (names.empty() ? "" : " ") + name;
      if (!option.argument.empty()) tables.values += Entry("\"" + path + " " + name + "\"", Values(option));
    }
    if (option.names.empty() && option.argument == "DIR") tables.positional += Entry(key, "-d");
  }
  tables.options += Entry(key, names);
  for (const CommandDoc& below : command.commands) Describe(below, path + " " + below.name, tables);
}

bool HasOption(const CommandDoc& command, const std::string& name) {
  const auto has = [&](const OptionDoc& option) { return Has(option, name); };
  const auto below = [&](const CommandDoc& c) { return HasOption(c, name); };
  return std::any_of(command.options.begin(), command.options.end(), has) ||
         std::any_of(command.commands.begin(), command.commands.end(), below);
}

}  // namespace

Result<std::string> BashCompletion(const CommandDoc& program) {
  for (const Suggestion& suggestion : kSuggestions) {
    if (!HasOption(program, suggestion.option)) {
      return UsageError(std::string(suggestion.option) +
                        ": no command has this option; see app/generate/bash_completion.cpp");
    }
  }
  Tables tables;
  Describe(program, program.name, tables);
  std::string text = "# bash completion for aecomp. Written by aecomp --generate bash.\n\n";
  text += "declare -gA _aecomp_commands=(\n" + tables.commands + ")\n";
  text += "declare -gA _aecomp_options=(\n" + tables.options + ")\n";
  text += "declare -gA _aecomp_values=(\n" + tables.values + ")\n";
  text += "declare -gA _aecomp_positional=(\n" + tables.positional + ")\n";
  return text + kFunction;
}

}  // namespace aecomp
