// Small networks of every kind that architecture files can describe, with either prior.
#pragma once

#include <string>

#include "tests/model/network/architecture_files.h"

namespace aecomp::test {

inline constexpr const char* kSmallNetworks[] = {"linear_tiles", "conv_small", "conv_pool"};

/// A hyperprior of 1x1 convolutions for a latent of `m` channels, with `k` features.
inline std::string PointwiseHyperprior(int m, int k) {
  const auto conv = [](const std::string& name, int in, int out) {
    return R"({"type": "conv2d", "name": ")" + name + R"(", "in": )" + std::to_string(in) + R"(, "out": )" +
           std::to_string(out) + R"(, "kernel": 1})";
  };
  const auto relu = [](const std::string& name) { return R"({"type": "relu", "name": ")" + name + R"("})"; };
  return R"({"type": "hyperprior", "hyper_encoder": [)" + conv("he.0", m, 8) + "," + relu("he.0.relu") + "," +
         conv("he.1", 8, 4) + R"(], "hyper_decoder": [)" + conv("hd", 4, k) + "," + relu("hd.relu") +
         R"(], "sigma_head": [)" + conv("sigma", k, m) + R"(], "mu_head": [)" + conv("mu", k, m) +
         R"(], "context_in": [)" + conv("ci", m, 4) + R"(], "context_out": [)" + conv("co", k + 4, m) + "]}";
}

/// data/arch/NAME.json with that prior in place of its own; m: its latent channels.
inline std::string WithHyperprior(const std::string& name, int m, int k = 8) {
  return Edited(name, R"({"type": "factorized"})", PointwiseHyperprior(m, k));
}

}  // namespace aecomp::test
