// How the program gets its memory from the kernel.
#pragma once

namespace aecomp {

/// For commands that load a model: makes the heap one, in huge pages, that gives nothing back in between. Weights and
/// what they are made into are some dozen vectors of up to 1 MB, each of which would be mapped, cleared page by page
/// and unmapped again.
void UseOneHeap();

}  // namespace aecomp
