// Parses, dispatches, exits: the only place where a Status becomes an exit code.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <string_view>

#include "app/command.h"
#include "app/generate/generate.h"
#include "app/guard.h"
#include "app/interrupt.h"
#include "app/report.h"
#include "app/standard_descriptors.h"
#include "app/streams.h"
#include "app/version.h"
#include "io/memory.h"

namespace aecomp {
namespace {

constexpr const char* kFooter =
    "\nExit codes: 0 all done; 1 some file of a batch failed; 2 usage, nothing written; 3 unreadable input;\n"
    "4 corrupt .aec; 5 model missing or mismatched; 6 write failed; 7 training diverged; 8 not enough memory;\n"
    "130 interrupted.";

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

Status Run(const Command& command) {
  try {
    return command.run();
  } catch (const std::exception& thrown) {
    return StatusOf(thrown, "this run");
  }
}

/// For the build: man page or bash completion on stdout.
int PrintGenerated(const char* what, const CLI::App& app) {
  const auto text = Generate(what, DocumentCommands(app));
  Status status = text.status();
  if (text.ok()) {
    PrintStdout(text.value());
    status = FlushStdout();
  }
  if (!status.ok()) PrintError(status.message());
  return status.exit_code();
}

int ParseAndRun(int argc, char** argv) {
  OccupyStandardDescriptors();
  // OpenBLAS, which OpenCV brings along and nothing here calls, starts a thread for each core when it is loaded, and
  // tries again for ever when it gets no memory.
  (void)setenv("OPENBLAS_NUM_THREADS", "1", 1);
  if (!HasMemoryFor(0)) {
    const Status status = NotEnoughMemory("this program");
    PrintError(status.message());
    return status.exit_code();
  }
  InstallSignalHandlers();
  CLI::App app("Learned image compression: aecomp compress photo.png; aecomp decompress photo.aec", "aecomp");
  app.set_version_flag("--version", [] { return VersionText(); });
  app.require_subcommand(1);
  app.footer(kFooter);
  Command command;
  AddCompress(app, command);
  AddDecompress(app, command);
  AddInfo(app, command);
  AddEval(app, command);
  AddTrain(app, command);
  AddModel(app, command);
  if (argc == 3 && std::string_view(argv[1]) == "--generate") return PrintGenerated(argv[2], app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ExitFromParser(app, error, argc > 1 ? argv[1] : nullptr);
  }
  Status status = Run(command);
  if (const Status flushed = FlushStdout(); !flushed.ok() && status.ok()) status = flushed;
  if (!status.message().empty()) PrintError(status.message());
  return status.exit_code();
}

int Main(int argc, char** argv) {
  try {
    return ParseAndRun(argc, argv);
  } catch (const std::exception& thrown) {  // most often of memory that does not suffice for parsing the options
    const Status status = StatusOf(thrown, "this run");
    PrintError(status.message());
    return status.exit_code();
  }
}

}  // namespace
}  // namespace aecomp

int main(int argc, char** argv) { return aecomp::Main(argc, argv); }
