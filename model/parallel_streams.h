// The streams of an image are coded side by side.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <vector>

#include "io/container.h"
#include "io/status.h"

namespace aecomp {

/// How many streams of y a tile of `symbols` coded symbols has, at most `most`: about 65,536 symbols make one.
inline size_t StreamsFor(size_t symbols, size_t most = kMaxStreams - 1) {
  constexpr size_t kStreamSymbols = 65536;
  return std::min((symbols + kStreamSymbols - 1) / kStreamSymbols, most);
}

/// f(0) .. f(count - 1) -> Status in parallel; the first failure wins. An exception is a corrupt file.
template <class F>
Status ParallelStreams(size_t count, F f) {
  std::vector<Status> results(count);
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t i = 0; i < count; ++i) {
    try {
      results[i] = f(i);
    } catch (const std::exception& e) {
      results[i] = CorruptError(e.what());
    }
  }
  for (Status& s : results) AECOMP_RETURN_IF_ERROR(std::move(s));
  return {};
}

}  // namespace aecomp
