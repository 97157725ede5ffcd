// SIGINT (Ctrl-C), SIGQUIT, SIGTERM, SIGHUP and SIGXCPU end the program. No partial output stays behind.
#pragma once

namespace aecomp {

/// From now on such a signal removes temporary outputs and ends the process with 130; a SIGHUP that is ignored, as
/// under nohup, stays ignored. Signals that would kill the process because of an output (a closed pipe, a file size
/// limit) are turned into write errors.
void InstallSignalHandlers();

/// From now on the first signal only sets the flag, so that work can end in order; one that comes later than
/// a second after it ends the process. Call it before there are other threads: they inherit that these signals are
/// blocked, and a thread of its own waits for them. A handler that returns is not enough, because oneDNN's f32 GEMM
/// keeps an address of the heap in the stack pointer, and the frame of a handler would overwrite what lies below
/// (https://github.com/uxlfoundation/oneDNN/issues/4845; oneDNN 3.11 and before).
void InterruptSetsFlag();
bool Interrupted();

}  // namespace aecomp
