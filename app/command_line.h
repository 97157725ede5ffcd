// Commands and their options: a thin interface over CLI11. Only command_line.cpp and command_tree.cpp include CLI11
// itself, whose header and templates take several seconds of compiling in every file that sees them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace aecomp {

/// An option that was added to a command. Its functions return it, so that calls can follow each other.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  /// check(text of a value) says what is wrong with it; an empty answer: nothing.
  Option Check(const std::function<std::string(const std::string&)>& check) const;
  template <class T>
  Option Range(T lowest, T highest) const;
  Option Positive() const;
  Option Required() const;
  Option Excludes(Option other) const;
  /// Several values in one argument, with commas between them.
  Option CommaSeparated() const;
  /// May be given several times, each time with one value.
  Option OneAtATime() const;
  /// Exactly `count` values.
  Option Count(int count) const;

  /// The kind of its value in help and man page, such as FILE or N.
  Option TypeName(const std::string& name) const;
  /// Help and man page show the value that the variable has now, or `text`, as the default.
  Option ShowDefault() const;
  Option ShowDefault(const std::string& text) const;
  /// Help, man page and completion leave it out.
  Option Hidden() const;

  friend bool operator==(Option a, Option b) { return a.option_ == b.option_; }

 private:
  CLI::Option* option_;
};

/// A command, or the program itself. A copy is the same command.
class CommandLine {
 public:
  explicit CommandLine(CLI::App* app) : app_(app) {}

  CommandLine AddCommand(const std::string& name, const std::string& help) const;
  /// One of the commands below this one must be given.
  void RequireCommand() const;
  /// What is to happen when this command was given, after all options were read.
  void OnChosen(std::function<void()> chosen) const;

  /// An option that writes its value to `value`, which must outlive the parsing: "-q,--quality"; without dashes a
  /// positional argument. An empty text is refused; whole numbers are decimal. command_line.cpp has the list of types.
  template <class T>
  Option Add(const std::string& names, T& value, const std::string& help) const;
  Option AddFlag(const std::string& names, bool& value, const std::string& help) const;
  /// A flag that calls `given` where it stands on the command line.
  Option AddFlag(const std::string& names, std::function<void()> given, const std::string& help) const;
  /// One of `choices`, by name.
  template <class T, class Choice>
  Option AddChoice(const std::string& names, T& value, const std::string& help,
                   const std::map<std::string, Choice>& choices) const {
    std::map<std::string, int> numbers;
    for (const auto& [name, choice] : choices) numbers[name] = static_cast<int>(choice);
    return AddNumbered(
        names, [&value](int number) { value = static_cast<Choice>(number); }, help, numbers);
  }

 private:
  Option AddNumbered(const std::string& names, const std::function<void(int)>& set, const std::string& help,
                     const std::map<std::string, int>& numbers) const;

  CLI::App* app_;
};

/// The command line of the whole program.
class ProgramLine {
 public:
  /// footer: the end of the help; version: the answer to --version.
  ProgramLine(const std::string& name, const std::string& help, const std::string& footer,
              std::function<std::string()> version);
  ~ProgramLine();

  CommandLine root() const;
  const CLI::App& definitions() const { return *app_; }

  /// Reads the command line and calls what OnChosen was given. nullopt: go on; else the exit code: help was printed, or
  /// an error was.
  std::optional<int> Parse(int argc, char** argv);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace aecomp
