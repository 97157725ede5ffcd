#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <sstream>
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

template <class T>
Option CommandLine::Add(const std::string& names, T& value, const std::string& help) const {
  return Option(app_->add_option(names, value, help));
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
  PrintError(error.what() + (" (see aecomp " + (chosen.empty() ? "" : chosen[0]->get_name() + " ") + "--help)"));
  return UsageError("").exit_code();
}

}  // namespace

std::optional<int> ProgramLine::Parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ExitFromParser(*app_, error, argc > 1 ? argv[1] : nullptr);
  }
  return std::nullopt;
}

}  // namespace aecomp
