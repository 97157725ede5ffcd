// Sets how the program gets its memory from the kernel.
#pragma once

namespace aecomp {

/// For commands that load a model: the heap uses huge pages from now on and returns nothing to the kernel. Weights, and
/// the arrays made of them, are some dozen vectors of up to 1 MB; otherwise each would be mapped, cleared page by page
/// and unmapped again.
void UseOneHeap();

}  // namespace aecomp
