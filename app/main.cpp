// Parses, dispatches, exits: the only place where a Status becomes an exit code.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string_view>

#include "app/command.h"
#include "app/command_line.h"
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

Status Run(const Command& command) {
  try {
    return command.run();
  } catch (const std::exception& thrown) {
    return StatusOf(thrown, "this run");
  }
}

/// For the build: man page or bash completion on stdout.
int PrintGenerated(const char* what, const ProgramLine& line) {
  const auto text = Generate(what, DocumentCommands(line.definitions()));
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
  EndInOrderWithoutMemory();
  // OpenBLAS, which OpenCV brings along and nothing here calls, starts a thread for each core when it is loaded, and
  // tries again for ever when it gets no memory.
  (void)setenv("OPENBLAS_NUM_THREADS", "1", 1);
  // oneDNN would say on stdout what it does, amid the outputs.
  (void)unsetenv("DNNL_VERBOSE");
  (void)unsetenv("ONEDNN_VERBOSE");
  if (!HasMemoryFor(0)) {
    const Status status = NotEnoughMemory("this program");
    PrintError(status.message());
    return status.exit_code();
  }
  InstallSignalHandlers();
  ProgramLine line("aecomp", "Learned image compression: aecomp compress photo.png; aecomp decompress photo.aec",
                   kFooter, [] { return VersionText(); });
  const CommandLine root = line.root();
  root.RequireCommand();
  Command command;
  AddCompress(root, command);
  AddDecompress(root, command);
  AddInfo(root, command);
  AddEval(root, command);
  AddTrain(root, command);
  AddModel(root, command);
  if (argc == 3 && std::string_view(argv[1]) == "--generate") return PrintGenerated(argv[2], line);
  if (const std::optional<int> exit_code = line.Parse(argc, argv)) return *exit_code;
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
