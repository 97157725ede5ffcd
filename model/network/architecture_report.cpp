#include "model/network/architecture_report.h"

#include <algorithm>
#include <functional>

#include "model/network/receptive_field.h"

namespace aecomp {
namespace {

using Visitor = std::function<void(const Network& prefix)>;

/// Calls `visit` with the network that ends in each layer, in the order of the reports.
void ForEachPrefix(const Network& network, Network& prefix, const Visitor& visit) {
  for (const LayerSpec& spec : network) {
    if (spec.type == "sum") {
      const auto branches = SumBranches(spec);
      for (size_t i = 0; branches.ok() && i < branches.value().size(); ++i) {
        const size_t before = prefix.size();
        ForEachPrefix(branches.value()[i], prefix, visit);
        prefix.resize(before);
      }
    }
    prefix.push_back(spec);
    visit(prefix);
  }
}

/// In elements of the input. An upsampling network sees more from some positions than from others: the most counts.
std::optional<int64_t> Width(const Network& prefix, const Shape& input, const Shape& output) {
  const int phases = std::clamp(output.h / std::max(input.h, 1), 1, 64);
  int64_t widest = 0;
  for (int phase = 0; phase < phases; ++phase) {
    const auto field = ReceptiveField(prefix, {phase, phase});
    if (!field) return std::nullopt;
    widest = std::max(widest, field->last - field->first + 1);
  }
  return widest;
}

NetworkCost Measure(const NetworkReport& report, const Shape& image) {
  NetworkCost cost{report.role, report.input, {}, 0, 0};
  const double pixels = static_cast<double>(image.h) * image.w;
  Network prefix;
  ForEachPrefix(*report.network, prefix, [&](const Network& network) {
    const LayerReport& layer = report.layers[cost.layers.size()];
    const auto width = Width(network, report.input, layer.output);
    const int stride = std::max(1, image.h / std::max(report.input.h, 1));
    const double macs = static_cast<double>(layer.macs) / pixels;
    cost.layers.push_back({layer, macs, width ? std::optional(*width * stride) : std::nullopt});
    cost.parameters += layer.parameters, cost.macs_per_pixel += macs;
  });
  return cost;
}

/// See model/entropy/entropy_parameters.h. A factorized prior has gain, step and scale for each quality and channel,
/// and a mean for each channel.
int64_t TableParameters(const Architecture& a, const std::vector<NetworkReport>& reports) {
  const int64_t q = std::ssize(a.lambdas), m = reports[0].output.c;
  if (a.prior == PriorType::kFactorized) return 3 * q * m + m;
  const int64_t n = reports[2].output.c;
  return 2 * q * m + m + 2 * q * n + n;
}

}  // namespace

Result<ArchitectureCost> MeasureArchitecture(const Architecture& a, const Shape& image) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<NetworkReport> reports, InferNetworks(a, image));
  ArchitectureCost cost;
  cost.image = image;
  for (const NetworkReport& report : reports) {
    cost.networks.push_back(Measure(report, image));
    const NetworkCost& n = cost.networks.back();
    cost.parameters += n.parameters;
    // The prior runs on both sides, but for what makes z.
    if (n.role != "decoder") cost.encode_macs_per_pixel += n.macs_per_pixel;
    if (n.role != "encoder" && n.role != "hyper_encoder") cost.decode_macs_per_pixel += n.macs_per_pixel;
  }
  cost.table_parameters = TableParameters(a, reports);
  cost.parameters += cost.table_parameters;
  cost.file_bytes = 2 * cost.parameters;
  return cost;
}

Result<TrainingMemory> EstimateTrainingMemory(const Architecture& a, int batch, int patch) {
  const Shape one = NetworkImage(a, {1, a.image_channels, patch, patch});
  AECOMP_ASSIGN_OR_RETURN(const std::vector<NetworkReport> reports, InferNetworks(a, one));
  TrainingMemory memory;
  memory.batch = {batch, one.c, one.h, one.w};
  double parameters = static_cast<double>(TableParameters(a, reports));
  for (const NetworkReport& report : reports) {
    for (const LayerReport& layer : report.layers) {
      const double bytes = 4.0 * batch * static_cast<double>(layer.output.size());
      if (layer.own_buffer) memory.activations += bytes, memory.gradients += bytes;
      memory.activations += static_cast<double>(batch) * static_cast<double>(layer.workspace_bytes);
      parameters += static_cast<double>(layer.parameters);
    }
  }
  memory.parameters = 5 * 4 * parameters;
  return memory;
}

}  // namespace aecomp
