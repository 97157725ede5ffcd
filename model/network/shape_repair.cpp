#include "model/network/shape_repair.h"

#include <functional>
#include <nlohmann/json.hpp>

#include "model/network/layers/conv_options.h"
#include "model/network/layers/options.h"

namespace aecomp {
namespace {

using nlohmann::json;

/// The layers of a network in order, into sums as well: pointers into `layers`.
void CollectLayers(json& layers, std::vector<json*>& found) {
  for (json& layer : layers) {
    if (layer.at("type") == "sum") {
      for (json& branch : layer.at("branches")) CollectLayers(branch, found);
    } else {
      found.push_back(&layer);
    }
  }
}

bool IsConv(const json& layer) { return layer.at("type") == "conv2d" || layer.at("type") == "conv_transpose2d"; }

/// Values to try for an option of a convolution, small ones first.
std::vector<int> Candidates(const ConvOptions& o, const std::string& key) {
  const int least = key == "kernel" || key == "stride" ? 1 : 0;
  const int most = key == "output_padding" ? (o.transposed ? o.stride - 1 : -1) : o.kernel + (key == "kernel" ? 2 : 0);
  std::vector<int> values;
  for (int v = least; v <= std::min(most, 16); ++v) values.push_back(v);
  return values;
}

LayerSpec SpecOf(const json& layer) {
  return {layer.at("type").get<std::string>(), layer.at("name").get<std::string>(),
          std::make_shared<const json>(layer)};
}

/// PyTorch's formula with the numbers in it.
std::string Formula(const ConvOptions& o, int in, int out) {
  const auto n = [](int value) { return std::to_string(value); };
  if (!o.transposed) {
    return n(out) + " = (" + n(in) + " + 2*" + n(o.padding) + " - " + n(o.kernel) + ") / " + n(o.stride) + " + 1";
  }
  return n(out) + " = (" + n(in) + " - 1)*" + n(o.stride) + " - 2*" + n(o.padding) + " + " + n(o.kernel) + " + " +
         n(o.output_padding);
}

class Search {
 public:
  Search(const Network& network, const Shape& input, const Shape& wanted) : input_(input), wanted_(wanted) {
    for (const LayerSpec& spec : network) layers_.push_back(*spec.options);
    CollectLayers(layers_, found_);
  }

  Repair Run() {
    for (const char* key : {"output_padding", "padding", "kernel", "stride"}) {
      for (auto layer = found_.rbegin(); layer != found_.rend(); ++layer) {
        if (Repair repair = TryLayer(**layer, key); !repair.edit.empty()) return repair;
      }
      if (key != std::string("output_padding")) continue;
      if (Repair repair = TryAllOutputPaddings(); !repair.edit.empty()) return repair;
    }
    return {};
  }

 private:
  Repair TryLayer(json& layer, const std::string& key) {
    if (!IsConv(layer)) return {};
    const LayerSpec spec = SpecOf(layer);
    const auto options = ReadConvOptions(spec, spec.type == "conv_transpose2d");
    if (!options.ok()) return {};
    const json before = layer;
    for (const int value : Candidates(options.value(), key)) {
      layer[key] = value;
      const bool helps = --tries_left_ >= 0 && Fits();
      layer = before;
      if (!helps) continue;
      return {"set \"" + key + "\" of " + LayerLabel(spec) + " to " + std::to_string(value),
              Why(spec.name, options.value())};
    }
    return {};
  }

  /// Transposed convolutions one after the other often lack it all alike.
  Repair TryAllOutputPaddings() {
    const json before = layers_;
    std::string names, why;
    for (json* layer : found_) {
      if (layer->at("type") != "conv_transpose2d") continue;
      const auto options = ReadConvOptions(SpecOf(*layer), true);
      if (!options.ok() || options.value().stride < 2) continue;
      const std::string name = layer->at("name").get<std::string>();
      if (why.empty()) why = Why(name, options.value());
      names += (names.empty() ? "'" : " and '") + name + "'";
      (*layer)["output_padding"] = 1;
    }
    if (!names.empty() && Fits()) return {"set \"output_padding\" of layers " + names + " to 1", why};
    layers_ = before;
    found_.clear();
    CollectLayers(layers_, found_);
    return {};
  }

  bool Fits() const {
    const auto network = ParseNetwork(layers_);
    if (!network.ok()) return false;
    const auto inferred = InferNetwork(network.value(), input_, {});
    return inferred.ok() && inferred.value().output.h == wanted_.h && inferred.value().output.w == wanted_.w;
  }

  std::string Why(const std::string& name, const ConvOptions& options) const {
    const auto network = ParseNetwork(layers_);
    if (!network.ok()) return "";
    const auto reports = InferShapes(network.value(), input_);
    if (!reports.ok()) return "";
    for (const LayerReport& r : reports.value()) {
      if (r.name == name) return "'" + name + "' gives " + Formula(options, r.input.h, r.output.h);
    }
    return "";
  }

  Shape input_, wanted_;
  json layers_ = json::array();
  std::vector<json*> found_;
  int tries_left_ = 1000;
};

}  // namespace

Repair RepairSize(const Network& network, const Shape& input, const Shape& wanted) {
  return Search(network, input, wanted).Run();
}

}  // namespace aecomp
