// The ways in by which bytes that nobody vouches for reach this program. The fuzzers and the replay of what they once
// found call the same functions. README.md in this folder says how to run them and how to add one.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace aecomp::fuzz {

using Bytes = std::vector<uint8_t>;
using View = std::span<const uint8_t>;
using Random = std::minstd_rand;

/// Changes bytes in any way, to at most `most` of them: libFuzzer's own mutations, or those of a test.
using RawMutator = std::function<Bytes(const Bytes& bytes, size_t most)>;

struct Target {
  const char* name;  ///< of its corpus, and of its folder in regressions/
  /// Does with the input all that the program does with such a file. True when the input was taken as sound. Aborts
  /// where a promise is broken.
  bool (*accepts)(View input);
  /// Small inputs to begin with, all of them sound.
  std::vector<Bytes> (*seeds)();
  /// An input changed so that it still passes the checks that a random change would fail: checksums and lengths. Null:
  /// the raw mutator alone is used.
  Bytes (*mutate)(const Bytes& input, Random& random, const RawMutator& raw);
};

Target ArchitectureTarget();
Target CheckpointTarget();
Target ContainerTarget();
Target DecodeTarget();
Target EntropyTarget();
Target ImageTarget();
Target MetadataTarget();
Target ModelTarget();
Target NamesTarget();
Target PngTarget();
Target PnmTarget();
Target PortableTarget();
Target PortablemodelTarget();
Target ResidualTarget();
Target SafetensorsTarget();

inline std::vector<Target> AllTargets() {
  return {ArchitectureTarget(), CheckpointTarget(), ContainerTarget(),     DecodeTarget(),   EntropyTarget(),
          ImageTarget(),        MetadataTarget(),   ModelTarget(),         NamesTarget(),    PngTarget(),
          PnmTarget(),          PortableTarget(),   PortablemodelTarget(), ResidualTarget(), SafetensorsTarget()};
}

/// Ends the process when a promise is broken: fuzzers and tests take that as a failure of the input.
inline void Promise(bool kept, const char* what) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

/// A message is one line without control characters and not endless.
inline void PromiseMessage(const std::string& message) {
  Promise(!message.empty() && message.size() < 4000, "a message has 1 to 4000 characters");
  for (const char c : message) Promise(static_cast<unsigned char>(c) >= 0x20, "a message has no control characters");
}

inline std::string Text(View bytes) { return {bytes.begin(), bytes.end()}; }
inline Bytes FromText(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace aecomp::fuzz
