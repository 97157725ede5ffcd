// How networks are laid out and made. network_run.cpp runs them.
#include "model/portable/network.h"

#include <algorithm>
#include <cstdlib>

namespace aecomp_portable {
namespace {

Status Unsuitable(const std::string& name, const std::string& why) {
  return BadModel("layer '" + name + "' " + why + ", so integers cannot run it");
}

Status ReadShape(const Json& layer, NetworkStep* step) {
  ConvolutionShape& s = step->shape;
  step->name = layer.Text("name");
  const std::string type = layer.Text("type");
  s.transposed = type == "conv_transpose2d";
  if (!s.transposed && type != "conv2d") return Unsuitable(step->name, "is neither a convolution nor a relu");
  s.in = layer.Whole("in", 0), s.out = layer.Whole("out", 0), s.kernel = layer.Whole("kernel", 0);
  s.stride = layer.Whole("stride", 1), s.padding = layer.Whole("padding", 0);
  constexpr int kMostChannels = 1 << 14, kMostKernel = 64;
  const bool possible = s.in >= 1 && s.out >= 1 && s.in <= kMostChannels && s.out <= kMostChannels && s.kernel >= 1 &&
                        s.kernel <= kMostKernel && s.stride >= 1 && s.stride <= std::max(s.kernel, 16) &&
                        s.padding >= 0 && s.padding <= s.kernel - (s.transposed ? 1 : 0);
  if (!possible) return Unsuitable(step->name, "has impossible numbers");
  const bool plain = layer.Whole("groups", 1) == 1 && layer.Whole("output_padding", 0) == 0;
  return plain ? Status() : Unsuitable(step->name, "has groups or an output_padding");
}

Status LayOut(const Json& layers, std::vector<NetworkStep>* steps);

/// A branch that is added to its own input.
Status LayOutBranch(const Json& layer, std::vector<NetworkStep>* steps) {
  const std::string name = layer.Text("name");
  const Json* branch = layer.Find("layers");
  if (layer.Text("type") == "sum") {
    const Json* branches = layer.Find("branches");
    const bool two = branches != nullptr && branches->items.size() == 2 && branches->items[0].items.empty();
    branch = two ? &branches->items[1] : nullptr;
  }
  if (branch == nullptr || branch->items.empty()) return Unsuitable(name, "does not add one branch to its own input");
  const auto ends_in_stream = [&] { return !steps->empty() && steps->back().output == NetworkStep::kStream; };
  const int entry = static_cast<int>(steps->size()) - 1;
  if (!ends_in_stream()) return Unsuitable(name, "has no convolution before it");
  PORTABLE_TRY(LayOut(*branch, steps));
  if ((*steps)[static_cast<size_t>(entry)].output != NetworkStep::kStream) {
    return Unsuitable(name, "has a branch that begins with a relu");
  }
  if (!ends_in_stream() || steps->back().residual >= 0) return Unsuitable(name, "does not end in a convolution");
  steps->back().residual = entry;
  return {};
}

Status LayOut(const Json& layers, std::vector<NetworkStep>* steps) {
  for (const Json& layer : layers.items) {
    const std::string type = layer.Text("type");
    if (type == "sum" || type == "residual") {
      PORTABLE_TRY(LayOutBranch(layer, steps));
    } else if (type == "relu") {
      const bool follows =
          !steps->empty() && steps->back().output == NetworkStep::kStream && steps->back().residual < 0;
      if (!follows) return Unsuitable(layer.Text("name"), "has no convolution before it");
      steps->back().output = NetworkStep::kRelu;
    } else {
      PORTABLE_TRY(ReadShape(layer, &steps->emplace_back()));
      if (steps->size() > 1000) return BadModel("it has more than 1000 layers");
    }
  }
  return {};
}

/// The largest sum of output channel o: model/CODING.md, "Weights".
int64_t LargestSum(const ConvolutionShape& s, const int16_t* weights, int64_t bias, int zero) {
  const int phases = s.transposed ? s.stride : 1;
  std::vector<int64_t> sums(static_cast<size_t>(phases) * static_cast<size_t>(phases));
  for (int a = 0; a < s.kernel; ++a) {
    for (int c = 0; c < s.kernel; ++c) {
      int64_t& sum = sums[static_cast<size_t>(a % phases * phases + c % phases)];
      for (int i = 0; i < s.in; ++i) sum += std::abs(*weights++);
    }
  }
  return (255 + zero) * *std::max_element(sums.begin(), sums.end()) + std::abs(bias);
}

constexpr int64_t kSumLimit = 1 << 24;

/// What 1 of the int16 of each step is worth.
std::vector<double> StreamUnits(const std::vector<NetworkStep>& steps, const std::vector<float>& ranges) {
  std::vector<double> most(ranges.begin() + 1, ranges.end());
  for (size_t i = steps.size(); i-- > 0;) {
    if (steps[i].residual < 0) continue;
    double& entry = most[static_cast<size_t>(steps[i].residual)];
    entry = std::max(entry, most[i]);
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].residual >= 0) most[i] = most[static_cast<size_t>(steps[i].residual)];
  }
  for (double& unit : most) unit *= 2 * kHeadroom / 32767;
  return most;
}

/// f16 weights in the order [out, kh, kw, in], each times the worth of its input channel.
std::vector<float> Ordered(const ConvolutionShape& s, const std::vector<float>& w, const std::vector<float>& worth) {
  std::vector<float> ordered(w.size());
  const size_t area = static_cast<size_t>(s.kernel) * static_cast<size_t>(s.kernel);
  const auto in = static_cast<size_t>(s.in), out = static_cast<size_t>(s.out);
  for (size_t o = 0; o < out; ++o) {
    for (size_t i = 0; i < in; ++i) {
      const float* from = w.data() + (s.transposed ? i * out + o : o * in + i) * area;
      for (size_t k = 0; k < area; ++k) ordered[(o * area + k) * in + i] = from[k] * (worth.empty() ? 1 : worth[i]);
    }
  }
  return ordered;
}

}  // namespace

Status Network::CheckChannels() const {
  for (size_t i = 1; i < steps_.size(); ++i) {
    if (steps_[i].shape.in != steps_[i - 1].shape.out) return Unsuitable(steps_[i].name, "reads other channels");
  }
  return {};
}

int Network::Size(int n) const {
  std::vector<int64_t> sizes = {n};
  for (const NetworkStep& step : steps_) {
    const int64_t size = step.shape.Size(sizes.back());
    if (size < 1 || size > 64 * int64_t{n} + 64) return 0;
    sizes.push_back(size);
    if (step.residual >= 0 && sizes[static_cast<size_t>(step.residual) + 1] != size) return 0;
  }
  return static_cast<int>(sizes.back());
}

Status Network::Quantise(NetworkStep& step, const Weights& weights, const Input& input, double out_scale) {
  const ConvolutionShape& s = step.shape;
  std::vector<float> w, bias(static_cast<size_t>(s.out), 0.f);
  const int64_t first = s.transposed ? s.in : s.out, second = s.transposed ? s.out : s.in;
  PORTABLE_TRY(weights.Floats(step.name + ".weight", {first, second, s.kernel, s.kernel}, &w));
  if (weights.Has(step.name + ".bias")) PORTABLE_TRY(weights.Floats(step.name + ".bias", {s.out}, &bias));
  w = Ordered(s, w, input.worth);
  std::vector<int16_t> rounded(w.size());
  std::vector<int32_t> sums(bias.size());
  const size_t count = w.size() / bias.size();
  step.scale.resize(bias.size());
  for (size_t o = 0; o < bias.size(); ++o) {
    const float* from = w.data() + o * count;
    int16_t* to = rounded.data() + o * count;
    float most = 0;
    for (size_t i = 0; i < count; ++i) most = std::max(most, std::fabs(from[i]));
    const double b = bias[o];
    double unit = std::max({most / 63.0, std::fabs(b) / input.scale / (1 << 23), 1e-12});
    while (true) {
      for (size_t i = 0; i < count; ++i) to[i] = static_cast<int16_t>(std::rint(static_cast<double>(from[i]) / unit));
      sums[o] = static_cast<int32_t>(std::rint(b / (unit * input.scale)));
      if (LargestSum(s, to, sums[o], input.zero) < kSumLimit) break;
      unit *= 1.05;
    }
    step.scale[o] = static_cast<float>(unit * input.scale / out_scale);
  }
  step.convolution.Make(s, rounded, sums);
  for (int n = 1; n < step.convolution.out_step(); ++n) {
    for (size_t o = 0; o < bias.size(); ++o) step.scale.push_back(step.scale[o]);
  }
  return {};
}

Status Network::Make(const Json& layers, const Weights& weights, const std::vector<float>& ranges, const Input& input) {
  PORTABLE_TRY(LayOut(layers, &steps_));
  if (steps_.empty() || steps_.back().output != NetworkStep::kStream || steps_.back().residual >= 0) {
    return BadModel("a network does not end in a convolution, so integers cannot run it");
  }
  PORTABLE_TRY(CheckChannels());
  steps_.back().output = NetworkStep::kLast;
  const bool usable = std::all_of(ranges.begin(), ranges.end(), [](float r) { return r > 1e-7f && r < 1e6f; });
  if (ranges.size() != steps_.size() + 1 || !usable) return BadModel("the ranges of its activations are not usable");
  if (!input.worth.empty() && static_cast<int>(input.worth.size()) != in()) {
    return Unsuitable(steps_[0].name, "reads other channels than there are");
  }
  const std::vector<double> units = StreamUnits(steps_, ranges);
  Input reads = input;
  for (size_t i = 0; i < steps_.size(); ++i) {
    NetworkStep& step = steps_[i];
    const double span = kHeadroom * ranges[i + 1];
    const bool relu = step.output == NetworkStep::kRelu, last = step.output == NetworkStep::kLast;
    PORTABLE_TRY(Quantise(step, weights, reads, relu ? span / 255 : last ? 1 : units[i]));
    reads = relu ? Input{span / 255, 0, {}} : Input{span / 127, 128, {}};
    step.narrow = static_cast<float>(units[i] / reads.scale);
  }
  return {};
}

Status Network::MakeStored(const Json& layers, const Weights& weights, int zero, bool open_end) {
  PORTABLE_TRY(LayOut(layers, &steps_));
  PORTABLE_TRY(CheckChannels());
  for (size_t n = 0; n < steps_.size(); ++n, zero = 0) {
    NetworkStep& step = steps_[n];
    const ConvolutionShape& s = step.shape;
    const std::string name = "integer." + step.name;
    const bool last = n + 1 == steps_.size();
    if ((step.output == NetworkStep::kRelu) != !(last && open_end) || step.residual >= 0) {
      return Unsuitable(step.name, "has no relu after it, or one that must not be there");
    }
    std::vector<int32_t> w, bias, multiplier, shift;
    PORTABLE_TRY(weights.Integers(name + ".weight", {s.out, s.kernel, s.kernel, s.in}, &w));
    PORTABLE_TRY(weights.Integers(name + ".bias", {s.out}, &bias));
    PORTABLE_TRY(weights.Integers(name + ".multiplier", {s.out}, &multiplier));
    PORTABLE_TRY(weights.Integers(name + ".shift", {1}, &shift));
    step.shift = shift[0];
    if (step.shift < 1 || step.shift > 46) return BadModel("tensor \"" + name + ".shift\" is out of range");
    const bool small = std::all_of(w.begin(), w.end(), [](int32_t v) { return v >= -64 && v <= 63; });
    const std::vector<int16_t> narrow(w.begin(), w.end());
    for (size_t o = 0; o < bias.size(); ++o) {
      const int16_t* of_channel = narrow.data() + o * (w.size() / bias.size());
      if (!small || multiplier[o] < 0 || LargestSum(s, of_channel, bias[o], zero) >= kSumLimit) {
        return BadModel("the numbers of layer '" + step.name + "' are out of range");
      }
    }
    step.convolution.Make(s, narrow, bias);
    step.output = last ? NetworkStep::kStoredLast : NetworkStep::kStored;
    for (int k = 0; k < step.convolution.out_step(); ++k) {
      step.multiplier.insert(step.multiplier.end(), multiplier.begin(), multiplier.end());
    }
  }
  return steps_.empty() ? BadModel("one of its networks is empty") : Status();
}

}  // namespace aecomp_portable
