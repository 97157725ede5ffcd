// The main program of a fuzzer: libFuzzer calls one target, AECOMP_FUZZ_TARGET.
#include <omp.h>

#include <algorithm>

#include "tests/fuzz/target.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace aecomp::fuzz {
namespace {

const Target& TheTarget() {
  static const Target target = AECOMP_FUZZ_TARGET();
  return target;
}

Bytes RawMutation(const Bytes& bytes, size_t most) {
  Bytes changed = bytes;
  changed.resize(std::max(most, size_t{1}));
  const size_t used = std::min(bytes.size(), changed.size());
  changed.resize(LLVMFuzzerMutate(changed.data(), used, changed.size()));
  return changed;
}

}  // namespace
}  // namespace aecomp::fuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  // One thread: runs repeat exactly, and the cores are kept busy by as many fuzzers.
  omp_set_num_threads(1);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)aecomp::fuzz::TheTarget().accepts({data, size});
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  using namespace aecomp::fuzz;
  constexpr unsigned kPlain = 8;  // one of so many mutations repairs nothing
  const auto mutate = TheTarget().mutate;
  Random random(seed);
  if (mutate == nullptr || random() % kPlain == 0) return LLVMFuzzerMutate(data, size, max_size);
  const Bytes changed = mutate({data, data + size}, random, RawMutation);
  if (changed.empty() || changed.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(changed.begin(), changed.end(), data);
  return changed.size();
}
