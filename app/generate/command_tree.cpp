#include "app/generate/command_tree.h"

#include <CLI/CLI.hpp>
#include <sstream>

namespace aecomp {
namespace {

/// CLI11 keeps what a validator checks only as text, behind the name of the type: "WHEN:value in {a->0,b->1} OR {0,1}".
struct TypeText {
  std::string argument;
  std::vector<std::string> choices;
  std::string range;
};

/// The first braces hold the values, each perhaps with what it stands for in the program.
std::vector<std::string> Choices(const std::string& check) {
  const size_t begin = check.find('{'), end = check.find('}');
  std::vector<std::string> choices;
  if (begin == std::string::npos || end == std::string::npos) return choices;
  std::istringstream list(check.substr(begin + 1, end - begin - 1));
  for (std::string value; std::getline(list, value, ',');) choices.push_back(value.substr(0, value.find("->")));
  return choices;
}

/// "INT in [0 - 9]": "0 to 9".
std::string BoundedRange(const std::string& check) {
  const size_t begin = check.find(" in ["), middle = check.find(" - ", begin), end = check.find(']', begin);
  if (begin == std::string::npos || middle == std::string::npos || end == std::string::npos) return "";
  return check.substr(begin + 5, middle - begin - 5) + " to " + check.substr(middle + 3, end - middle - 3);
}

TypeText ParseType(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string check = colon == std::string::npos ? "" : text.substr(colon + 1);
  return {text.substr(0, colon), Choices(check), BoundedRange(check)};
}

OptionDoc DocumentOption(const CLI::Option& option) {
  OptionDoc doc;
  for (const std::string& name : option.get_snames()) doc.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) doc.names.push_back("--" + name);
  doc.help = option.get_description();
  doc.required = option.get_required();
  if (option.get_type_size_max() > 0) {  // not a flag
    TypeText type = ParseType(option.get_type_name());
    doc.argument = type.argument;
    doc.choices = std::move(type.choices);
    doc.range = std::move(type.range);
    doc.default_value = option.get_default_str();
    doc.repeats = option.get_items_expected_max() > 1;
  }
  for (const CLI::Option* other : option.get_excludes()) doc.conflicts.push_back(other->get_name());
  std::sort(doc.conflicts.begin(), doc.conflicts.end());  // a set of pointers has no order of its own
  return doc;
}

}  // namespace

CommandDoc DocumentCommands(const CLI::App& app) {
  CommandDoc doc;
  doc.name = app.get_name();
  doc.help = app.get_description();
  const auto shown = [](const CLI::Option* option) { return !option->get_group().empty(); };
  for (const CLI::Option* option : app.get_options(shown)) doc.options.push_back(DocumentOption(*option));
  const auto listed = [](const CLI::App* command) { return !command->get_group().empty(); };
  for (const CLI::App* command : app.get_subcommands(listed)) doc.commands.push_back(DocumentCommands(*command));
  return doc;
}

}  // namespace aecomp
