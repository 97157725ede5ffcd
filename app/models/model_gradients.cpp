#include "app/models/model_gradients.h"

#include <algorithm>

#include "app/report.h"

namespace aecomp {
namespace {

/// A unit that lies on the kink of a relu to within rounding has two right gradients; other numbers will not put one
/// there again.
constexpr unsigned kAttempts = 2;

bool Passes(const reference::GradientReport& r) {
  return r.worst_reference <= kMostReferenceError && std::max(r.worst_graph, r.input_error) <= kMostGraphError;
}

Result<NetworkGradients> CheckNetwork(const std::string& role, const Network& network, const Shape& input) {
  NetworkGradients result{role, input, {}};
  for (unsigned attempt = 0; attempt < kAttempts; ++attempt) {
    Parameters parameters;
    AECOMP_RETURN_IF_ERROR(reference::FillParameters(network, input, 2 * attempt + 1, parameters));
    AECOMP_ASSIGN_OR_RETURN(result.report, reference::CheckGradients(network, input, 2 * attempt + 2, parameters));
    if (Passes(result.report)) break;
  }
  return result;
}

Shape SmallImage(const Architecture& a) {
  constexpr int kSmall = 32;
  Architecture encoder_alone = a;
  encoder_alone.hyper_stride = a.latent_stride;
  return NetworkImage(encoder_alone, {1, a.image_channels, kSmall, kSmall});
}

}  // namespace

Result<std::vector<NetworkGradients>> CheckGradients(const Architecture& a, const std::optional<Shape>& image) {
  Network coder = a.encoder;
  coder.insert(coder.end(), a.decoder.begin(), a.decoder.end());
  const Shape input = image ? NetworkImage(a, *image) : SmallImage(a);
  std::vector<NetworkGradients> result;
  AECOMP_ASSIGN_OR_RETURN(NetworkGradients first, CheckNetwork("encoder + decoder", coder, input));
  result.push_back(std::move(first));
  AECOMP_ASSIGN_OR_RETURN(const std::vector<NetworkReport> networks, InferNetworks(a, NetworkImage(a, input)));
  for (size_t i = 2; i < networks.size(); ++i) {
    const NetworkReport& n = networks[i];
    AECOMP_ASSIGN_OR_RETURN(NetworkGradients next, CheckNetwork(n.role, *n.network, n.input));
    result.push_back(std::move(next));
  }
  return result;
}

std::string GradientText(const std::vector<NetworkGradients>& networks) {
  std::string text;
  for (const NetworkGradients& n : networks) {
    text += Format("gradients of %s  (input %s)\n", n.role.c_str(), n.input.ToString().c_str());
    text += Format("  %-24s %-18s %12s %12s\n", "layer", "type", "reference", "graph");
    for (const reference::LayerGradients& l : n.report.layers) {
      text += Format("  %-24s %-18s %12.1e %12.1e\n", l.name.c_str(), l.type.c_str(), l.reference_error, l.graph_error);
    }
    text += Format("  %-24s %-18s %12s %12.1e\n", "input", "", "", n.report.input_error);
    for (const std::string& name : n.report.unreached) text += "  no gradient reaches " + name + "\n";
  }
  return text +
         "worst relative errors; reference: double precision against finite differences; graph: what trains "
         "against double precision\n";
}

Status JudgeGradients(const std::vector<NetworkGradients>& networks) {
  std::string unreached;
  for (const NetworkGradients& n : networks) {
    for (const reference::LayerGradients& l : n.report.layers) {
      if (l.reference_error <= kMostReferenceError && l.graph_error <= kMostGraphError) continue;
      return {
          StatusCode::kSomeFailed,
          Format("%s: layer '%s' (%s): its gradient is wrong: relative error %.1e against finite differences (at most "
                 "%.0e), %.1e of the graph (at most %.0e)",
                 n.role.c_str(), l.name.c_str(), l.type.c_str(), l.reference_error, kMostReferenceError, l.graph_error,
                 kMostGraphError)};
    }
    if (!(n.report.input_error <= kMostGraphError)) {
      return {StatusCode::kSomeFailed,
              Format("%s: the gradient of its input is wrong: relative error %.1e, at most %.0e", n.role.c_str(),
                     n.report.input_error, kMostGraphError)};
    }
    for (const std::string& name : n.report.unreached) unreached += (unreached.empty() ? "" : ", ") + name;
  }
  if (unreached.empty()) return {};
  return {StatusCode::kSomeFailed, "no gradient reaches " + unreached +
                                       ", so training cannot change it: check what the layers after it look at"};
}

}  // namespace aecomp
