// SIGINT and SIGTERM. Either way no partial output stays behind.
#pragma once

namespace aecomp {

/// From now on a signal removes temporary outputs and ends the process with 130. Signals that would kill the process
/// because of an output (a closed pipe, a file size limit) are turned into write errors.
void InstallSignalHandlers();

/// From now on the first signal only sets the flag, so that work can end in order; one that comes later than
/// a second after it ends the process.
void InterruptSetsFlag();
bool Interrupted();

}  // namespace aecomp
