#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <sstream>
#include <type_traits>
#include <vector>

#include "app/report.h"
#include "app/streams.h"
#include "io/status.h"

namespace aecomp {

Option Option::Check(const std::function<std::string(const std::string&)>& check) const {
  option_->check(check);
  return *this;
}

template <class T>
Option Option::Range(T lowest, T highest) const {
  option_->check(CLI::Range(lowest, highest));
  return *this;
}
template Option Option::Range(int, int) const;
template Option Option::Range(int64_t, int64_t) const;
template Option Option::Range(uint64_t, uint64_t) const;
template Option Option::Range(double, double) const;

Option Option::Positive() const {
  option_->check(CLI::PositiveNumber);
  return *this;
}

Option Option::Required() const {
  option_->required();
  return *this;
}

Option Option::Excludes(Option other) const {
  option_->excludes(other.option_);
  return *this;
}

Option Option::CommaSeparated() const {
  option_->delimiter(',');
  return *this;
}

Option Option::Count(int count) const {
  option_->expected(count)->allow_extra_args(false);
  return *this;
}

Option Option::TypeName(const std::string& name) const {
  option_->type_name(name);
  return *this;
}

Option Option::ShowDefault() const {
  option_->capture_default_str();
  return *this;
}

Option Option::ShowDefault(const std::string& text) const {
  option_->default_str(text);
  return *this;
}

Option Option::OneAtATime() const {
  option_->allow_extra_args(false);
  return *this;
}

Option Option::Hidden() const {
  option_->group("");
  return *this;
}

CommandLine CommandLine::AddCommand(const std::string& name, const std::string& help) const {
  return CommandLine(app_->add_subcommand(name, help));
}

void CommandLine::RequireCommand() const { app_->require_subcommand(1); }

void CommandLine::OnChosen(std::function<void()> chosen) const { app_->callback(std::move(chosen)); }

namespace {

/// Stands before arguments such as "[2020]", which CLI11 would take for lists of values.
constexpr char kShield = '\x01';

std::string WithoutShield(std::string argument) {
  if (argument.size() > 1 && argument[0] == kShield && argument[1] == '[') argument.erase(0, 1);
  return argument;
}

std::vector<std::string> WithShields(int argc, char** argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  for (std::string& argument : arguments) {
    if (argument.starts_with('[') && argument.ends_with(']')) argument.insert(argument.begin(), kShield);
  }
  return arguments;
}

/// "007" as "7": CLI11 takes what begins with 0 for octal.
std::string WithoutLeadingZeros(std::string number) {
  const size_t first = number.find_first_not_of("+-");
  if (first == number.npos || number.find_first_not_of("0123456789", first) != number.npos) return number;
  const size_t digit = std::min(number.find_first_not_of('0', first), number.size() - 1);
  return number.erase(first, digit - first);
}

/// Values come out of variables of scripts, and an unset one must not mean "not given".
std::string CheckNotEmpty(const std::string& text) { return text.empty() ? "an empty value was given" : ""; }

template <class T>
constexpr bool kIsText = std::is_same_v<T, std::string> || std::is_same_v<T, std::vector<std::string>>;
template <class T>
constexpr bool kIsWhole = std::is_integral_v<T> || std::is_same_v<T, std::optional<int>> ||
                          std::is_same_v<T, std::optional<uint64_t>> || std::is_same_v<T, std::vector<int64_t>>;

}  // namespace

template <class T>
Option CommandLine::Add(const std::string& names, T& value, const std::string& help) const {
  CLI::Option* const option = app_->add_option(names, value, help);
  if constexpr (kIsText<T>) option->check(CheckNotEmpty);
  if constexpr (kIsWhole<T>) option->transform(WithoutLeadingZeros);
  if constexpr (kIsText<T>) option->transform(WithoutShield);
  return Option(option);
}
#define AECOMP_OPTION_TYPE(...) \
  template Option CommandLine::Add(const std::string&, __VA_ARGS__&, const std::string&) const
AECOMP_OPTION_TYPE(std::string);
AECOMP_OPTION_TYPE(std::vector<std::string>);
AECOMP_OPTION_TYPE(int);
AECOMP_OPTION_TYPE(int64_t);
AECOMP_OPTION_TYPE(std::vector<int64_t>);
AECOMP_OPTION_TYPE(uint32_t);
AECOMP_OPTION_TYPE(uint64_t);
AECOMP_OPTION_TYPE(std::optional<int>);
AECOMP_OPTION_TYPE(std::optional<uint64_t>);
AECOMP_OPTION_TYPE(double);
AECOMP_OPTION_TYPE(std::optional<double>);
AECOMP_OPTION_TYPE(std::vector<double>);
#undef AECOMP_OPTION_TYPE

Option CommandLine::AddFlag(const std::string& names, bool& value, const std::string& help) const {
  return Option(app_->add_flag(names, value, help));
}

Option CommandLine::AddFlag(const std::string& names, std::function<void()> given, const std::string& help) const {
  return Option(app_->add_flag_callback(names, std::move(given), help));
}

Option CommandLine::AddNumbered(const std::string& names, const std::function<void(int)>& set, const std::string& help,
                                const std::map<std::string, int>& numbers) const {
  const std::function<void(const int&)> store = [set](const int& number) { set(number); };
  CLI::Option* const option = app_->add_option_function<int>(names, store, help);
  option->transform(CLI::CheckedTransformer(numbers));
  return Option(option);
}

ProgramLine::ProgramLine(const std::string& name, const std::string& help, const std::string& footer,
                         std::function<std::string()> version)
    : app_(std::make_unique<CLI::App>(help, name)) {
  app_->set_version_flag("--version", std::move(version));
  app_->footer(footer);
}

ProgramLine::~ProgramLine() = default;

CommandLine ProgramLine::root() const { return CommandLine(app_.get()); }

namespace {

/// Help and version are answers on stdout; every error of the command line is one line and exit code 2.
int ExitFromParser(const CLI::App& app, const CLI::ParseError& error, const char* first_argument) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    std::ostringstream out, unused;
    app.exit(error, out, unused);
    PrintStdout(out.str());
    const Status status = FlushStdout();
    if (!status.ok()) PrintError(status.message());
    return status.exit_code();
  }
  const auto chosen = app.get_subcommands();
  if (chosen.empty() && first_argument != nullptr && first_argument[0] != '-') {
    PrintError(std::string(first_argument) + ": no such command (see aecomp --help)");
    return UsageError("").exit_code();
  }
  std::string what = error.what();
  std::erase(what, kShield);
  PrintError(what + (" (see aecomp " + (chosen.empty() ? "" : chosen[0]->get_name() + " ") + "--help)"));
  return UsageError("").exit_code();
}

}  // namespace

std::optional<int> ProgramLine::Parse(int argc, char** argv) {
  const std::vector<std::string> arguments = WithShields(argc, argv);
  std::vector<const char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  try {
    app_->parse(argc, pointers.data());
  } catch (const CLI::ParseError& error) {
    return ExitFromParser(*app_, error, argc > 1 ? argv[1] : nullptr);
  }
  return std::nullopt;
}

}  // namespace aecomp
