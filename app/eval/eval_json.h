// The answers of `eval` as JSON Lines.
#pragma once

#include <string>
#include <vector>

#include "app/eval/bd_comparison.h"
#include "app/eval/peer.h"
#include "app/eval/rd_curve.h"

namespace aecomp {

/// One object a peer, then a measurement, a mean, a BD-rate and a level of quality; "type" says which.
std::string EvalJsonLines(const std::vector<Peer>& peers, const std::vector<Measurement>& measurements,
                          const std::vector<RdCurve>& curves, const Comparisons& comparisons);

}  // namespace aecomp
