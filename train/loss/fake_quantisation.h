// Training with the rounding of the integer codec: weights to 7 bits, what convolutions read to 8. Gradients pass the
// rounding as if it were not there (Jacob et al., arXiv:1712.05877), and go to the weights before it.
//
// Rehearsed are the networks that run as IntegerNetworks, with one range for a whole tensor: the deep paths of analysis
// and synthesis, the hyper-encoder, the means and their context. The hyper-decoder and the sigma head are rehearsed as
// if they were, although their channels have ranges of their own, between one for all and one each.
#pragma once

#include <string>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/network/architecture.h"
#include "model/network/graph.h"

namespace aecomp {

class FakeQuantisation {
 public:
  /// kUsage when the codec of this architecture does not run in integers.
  static Result<FakeQuantisation> Create(const Architecture& architecture);

  const RoundedInputs& inputs() const { return inputs_; }

  /// Rounds the weights of every output channel to 63 steps either way; Restore brings back what they were.
  void Round(Parameters& parameters);
  void Restore(Parameters& parameters);

 private:
  /// first_input: whether what the first layer reads is rounded here.
  Status Add(const Network& network, bool first_input);

  struct Weights {
    std::string name;
    bool transposed = false;      ///< [in, out, kh, kw] instead of [out, in, kh, kw]
    std::vector<float> original;  ///< while rounded
  };
  RoundedInputs inputs_;
  std::vector<Weights> weights_;
};

}  // namespace aecomp
