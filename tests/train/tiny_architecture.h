// A codec small enough to train in seconds and to code in milliseconds: the structure of data/arch/release.json with
// few channels. The one small architecture of the tests of model/ and train/.
#pragma once

#include <string>

namespace aecomp {

inline std::string TinyArchitecture() {
  return R"({
    "name": "tiny", "image_channels": 3, "lambdas": [0.001, 0.004, 0.016, 0.064],
    "training": {"principal_components": ["block_analysis", "block_synthesis"],
                 "initial_scale": {"analysis.2": 0.05, "synthesis.2": 0.02},
                 "rate_scale": {"block_": 0.1, "log_gain": 0.1, "log_step": 0.1}},
    "encoder": [{"type": "sum", "name": "analysis", "branches": [
      [{"type": "conv2d", "name": "analysis.0", "in": 3, "out": 8, "kernel": 8, "stride": 4, "padding": 2},
       {"type": "sum", "name": "analysis.1", "branches": [[], [
         {"type": "conv2d", "name": "analysis.1.a", "in": 8, "out": 8, "kernel": 3, "padding": 1},
         {"type": "relu", "name": "analysis.1.a.relu"},
         {"type": "conv2d", "name": "analysis.1.b", "in": 8, "out": 8, "kernel": 3, "padding": 1}]]},
       {"type": "conv2d", "name": "analysis.2", "in": 8, "out": 16, "kernel": 8, "stride": 4, "padding": 2}],
      [{"type": "lap", "name": "lap", "block": 16},
       {"type": "conv2d", "name": "block_analysis", "in": 3, "out": 16, "kernel": 16, "stride": 16}]]}],
    "decoder": [{"type": "sum", "name": "synthesis", "branches": [
      [{"type": "compand", "name": "synthesis.compand", "scale": 4},
       {"type": "conv_transpose2d", "name": "synthesis.0", "in": 16, "out": 8, "kernel": 4, "stride": 2, "padding": 1},
       {"type": "relu", "name": "synthesis.0.relu"},
       {"type": "conv_transpose2d", "name": "synthesis.1", "in": 8, "out": 8, "kernel": 4, "stride": 2, "padding": 1},
       {"type": "relu", "name": "synthesis.1.relu"},
       {"type": "conv_transpose2d", "name": "synthesis.2", "in": 8, "out": 3, "kernel": 8, "stride": 4, "padding": 2}],
      [{"type": "conv_transpose2d", "name": "block_synthesis", "in": 16, "out": 3, "kernel": 16, "stride": 16},
       {"type": "lap", "name": "unlap", "block": 16, "inverse": true}]]}],
    "prior": {"type": "hyperprior",
      "hyper_encoder": [
        {"type": "conv2d", "name": "hyper_analysis.0", "in": 16, "out": 8, "kernel": 4, "stride": 2, "padding": 1},
        {"type": "relu", "name": "hyper_analysis.0.relu"},
        {"type": "conv2d", "name": "hyper_analysis.1", "in": 8, "out": 8, "kernel": 4, "stride": 2, "padding": 1}],
      "hyper_decoder": [
        {"type": "conv_transpose2d", "name": "hyper_synthesis.0", "in": 8, "out": 8, "kernel": 4, "stride": 2, "padding": 1},
        {"type": "relu", "name": "hyper_synthesis.0.relu"},
        {"type": "conv_transpose2d", "name": "hyper_synthesis.1", "in": 8, "out": 16, "kernel": 4, "stride": 2, "padding": 1},
        {"type": "relu", "name": "hyper_synthesis.1.relu"},
        {"type": "conv2d", "name": "hyper_synthesis.2", "in": 16, "out": 16, "kernel": 3, "padding": 1},
        {"type": "relu", "name": "hyper_synthesis.2.relu"}],
      "sigma_head": [{"type": "conv2d", "name": "sigma_head", "in": 16, "out": 16, "kernel": 1}],
      "mu_head": [{"type": "conv2d", "name": "mu_head", "in": 16, "out": 16, "kernel": 1}],
      "context_in": [{"type": "conv2d", "name": "context_in", "in": 16, "out": 16, "kernel": 1}],
      "context_out": [{"type": "conv2d", "name": "context_out.0", "in": 32, "out": 16, "kernel": 3, "padding": 1},
                      {"type": "relu", "name": "context_out.0.relu"},
                      {"type": "conv2d", "name": "context_out.1", "in": 16, "out": 16, "kernel": 1}]}
  })";
}

}  // namespace aecomp
