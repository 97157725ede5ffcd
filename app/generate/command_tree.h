// The command line as data: every command with its options, read from the definitions that parse it. The man page and
// the completion are written from it, so that they cannot fall behind.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace aecomp {

/// An option, a flag or a positional argument.
struct OptionDoc {
  std::vector<std::string> names;  ///< "-q", "--quality"; empty for a positional argument
  std::string argument;            ///< "FILE", "N", ...; empty for a flag
  std::string help;
  std::string default_value;           ///< empty: none, or said in the help
  std::vector<std::string> choices;    ///< when only these values are taken
  std::string range;                   ///< "0 to 9" when the value is bounded
  std::vector<std::string> conflicts;  ///< names of the options that exclude this one
  bool required = false;
  bool repeats = false;  ///< takes any number of values
};

struct CommandDoc {
  std::string name;  ///< "compress"; of the root: the program
  std::string help;
  std::vector<OptionDoc> options;  ///< in the order of --help, positional arguments included
  std::vector<CommandDoc> commands;
};

/// Hidden options (those of an empty group) are left out, as --help does.
CommandDoc DocumentCommands(const CLI::App& app);

}  // namespace aecomp
