// Random layers for the tests: options and input shapes of each layer type, the same for the same seed.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "model/network/layer.h"

namespace aecomp::test {

struct LayerCase {
  LayerSpec spec;
  Shape input;
};

inline LayerSpec MakeSpec(const std::string& type, nlohmann::json options, const std::string& name = "layer") {
  options["type"] = type, options["name"] = name;
  return {type, name, std::make_shared<const nlohmann::json>(std::move(options))};
}

inline std::string Describe(const LayerCase& c) {
  return c.spec.options->dump() + " for " + std::to_string(c.input.n) + " x " + c.input.ToString();
}

class CaseMaker {
 public:
  explicit CaseMaker(unsigned seed) : random_(seed) {}

  LayerCase Make(const std::string& type) {
    if (type == "conv2d" || type == "conv_transpose2d") return Conv(type);
    const Shape input{Between(1, 3), Between(1, 40), Between(1, 17), Between(1, 17)};
    nlohmann::json o = nlohmann::json::object();
    if (type == "linear") return Linear(input);
    if (type == "max_pool2d" || type == "avg_pool2d") return Pool(type, input);
    if (type == "reshape") return Reshape(input);
    if (type == "leaky_relu") o["slope"] = Between(0, 8) / 16.0;
    if (type == "compand" && Between(0, 1) == 0) o["scale"] = Between(1, 40) / 8.0;
    if (type == "lap") return Lapped();
    if (type == "pixel_shuffle" || type == "pixel_unshuffle") return Shuffle(type);
    return {MakeSpec(type, o), input};
  }

 private:
  int Between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  int OneOf(const std::vector<int>& values) {
    return values[static_cast<size_t>(Between(0, static_cast<int>(values.size()) - 1))];
  }

  /// Kept small enough for the reference: about a million products.
  LayerCase Conv(const std::string& type) {
    const bool transposed = type == "conv_transpose2d";
    for (;;) {
      const int groups = OneOf({1, 1, 1, 2, 3, 4});
      const int in = groups * Between(1, 40 / groups), out = groups * Between(1, 40 / groups);
      const int kernel = OneOf({1, 2, 3, 4, 5, 8, 16}), stride = OneOf({1, 1, 2, 2, 4, 16});
      const int padding = Between(0, kernel / 2);
      nlohmann::json o = {{"in", in}, {"out", out}, {"kernel", kernel}, {"stride", stride}, {"padding", padding}};
      if (groups > 1) o["groups"] = groups;
      if (Between(0, 3) == 0) o["bias"] = false;
      if (transposed && stride > 1 && Between(0, 1) == 0) o["output_padding"] = Between(1, stride - 1);
      const Shape input{Between(1, 3), in, Between(1, transposed ? 7 : 35), Between(1, transposed ? 7 : 35)};
      const LayerCase made{MakeSpec(type, o), input};
      const auto info = FindLayerType(type)->infer(made.spec, input);
      if (info.ok() && info.value().macs < 700000 && info.value().output.size() < 300000) return made;
    }
  }

  LayerCase Linear(const Shape& input) {
    nlohmann::json o = {{"in", input.c * input.h * input.w}, {"out", Between(1, 50)}};
    if (Between(0, 3) == 0) o["bias"] = false;
    return {MakeSpec("linear", o), input};
  }

  LayerCase Pool(const std::string& type, const Shape& input) {
    const int kernel = Between(1, std::min({5, input.h, input.w}));
    nlohmann::json o = {{"kernel", kernel}};
    if (Between(0, 1) == 0) o["stride"] = Between(1, 4);
    if (Between(0, 1) == 0) o["padding"] = Between(0, kernel / 2);
    return {MakeSpec(type, o), input};
  }

  /// The same elements dealt out again: factors of h and w move to other dimensions.
  LayerCase Reshape(const Shape& input) {
    std::vector<int> s = {input.c, input.h, input.w};
    for (int prime : {2, 3, 5, 7, 11}) {
      for (int& d : s) {
        if (d % prime != 0 || Between(0, 1) == 0) continue;
        d /= prime;
        s[static_cast<size_t>(Between(0, 2))] *= prime;
      }
    }
    std::shuffle(s.begin(), s.end(), random_);
    return {MakeSpec("reshape", {{"shape", s}}), input};
  }

  LayerCase Lapped() {
    const int block = 2 * Between(1, 8);
    nlohmann::json o = {{"block", block}};
    if (Between(0, 1) == 0) o["inverse"] = true;
    return {MakeSpec("lap", o), {Between(1, 3), Between(1, 5), block * Between(1, 4), block * Between(1, 4)}};
  }

  LayerCase Shuffle(const std::string& type) {
    const int r = Between(1, 4), n = Between(1, 3), c = Between(1, 20), h = Between(1, 9), w = Between(1, 9);
    const bool deep = type == "pixel_shuffle";
    return {MakeSpec(type, {{"factor", r}}), deep ? Shape{n, c * r * r, h, w} : Shape{n, c, h * r, w * r}};
  }

  std::mt19937 random_;
};

}  // namespace aecomp::test
