// Codes the streams of an image in parallel.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>

#include "io/container.h"
#include "io/status.h"
#include "model/base/onednn.h"
#include "model/base/parallel_tasks.h"

namespace aecomp {

/// How many streams of y a tile of `symbols` coded symbols has, at most `most`: about 65,536 symbols make one.
inline size_t StreamsFor(size_t symbols, size_t most = kMaxStreams - 1) {
  constexpr size_t kStreamSymbols = 65536;
  return std::min((symbols + kStreamSymbols - 1) / kStreamSymbols, most);
}

/// The same as ParallelTasks, but an exception is a corrupt file.
template <class F>
Status ParallelStreams(size_t count, F f) {
  return ParallelTasks(count, [&](size_t i) -> Status {
    try {
      return f(i);
    } catch (const std::exception& e) {
      onednn::PassOnOutOfMemory(e);
      return CorruptError(e.what());
    }
  });
}

}  // namespace aecomp
