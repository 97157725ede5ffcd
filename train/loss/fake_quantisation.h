// Training with the rounding of the integer codec: weights to 7 bits, inputs of convolutions to 8 bits. Gradients pass
// the rounding as if it were not there (Jacob et al., arXiv:1712.05877), and go to the weights before it.
//
// The rounding is that of an IntegerNetwork, with one range for a whole tensor. Analysis and synthesis (their deep
// paths), the hyper-encoder, the means and their context run as such networks. The hyper-decoder and the sigma head are
// rounded in the same way although the integer codec gives their channels ranges of their own.
#pragma once

#include <optional>
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

 private:
  friend class RoundedWeights;
  /// Rounds the weights of every output channel to 63 steps either way.
  void Round(Parameters& parameters);
  void Restore(Parameters& parameters);

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

/// While it lives the weights are rounded; without a FakeQuantisation it does nothing.
class RoundedWeights {
 public:
  RoundedWeights(std::optional<FakeQuantisation>& rounding, Parameters& parameters)
      : rounding_(rounding), parameters_(parameters) {
    if (rounding_) rounding_->Round(parameters_);
  }
  ~RoundedWeights() {
    if (rounding_) rounding_->Restore(parameters_);
  }
  RoundedWeights(const RoundedWeights&) = delete;
  RoundedWeights& operator=(const RoundedWeights&) = delete;

 private:
  std::optional<FakeQuantisation>& rounding_;
  Parameters& parameters_;
};

}  // namespace aecomp
