#include "model/network/architecture_check.h"

#include <algorithm>

#include "model/network/shape_repair.h"

namespace aecomp {
namespace {

constexpr int kProbe = 256;  // pixels: any size that is a multiple of every plausible stride

Shape Square(const Architecture& a, int size) { return {1, a.image_channels, size, size}; }

/// "4 channels, not 3; height 27, not 28"
std::string Differences(const Shape& got, const Shape& expected) {
  std::string text;
  const auto add = [&](const std::string& what) { text += (text.empty() ? "" : "; ") + what; };
  const auto versus = [](int a, int b) { return std::to_string(a) + ", not " + std::to_string(b); };
  if (got.c != expected.c) {
    add(std::to_string(got.c) + (got.c == 1 ? " channel" : " channels") + ", not " + std::to_string(expected.c));
  }
  if (got.h != expected.h) add("height " + versus(got.h, expected.h));
  if (got.w != expected.w) add("width " + versus(got.w, expected.w));
  return text;
}

/// The edits that turn what came into what was expected.
std::string Fixes(const NetworkReport& n, const Shape& expected) {
  const std::string list =
      std::to_string(expected.c) + ", " + std::to_string(expected.h) + ", " + std::to_string(expected.w);
  if (n.layers.back().type == "reshape") return "set \"shape\" of " + n.origin.producer + " to [" + list + "]";
  std::string text;
  const auto add = [&](const std::string& what) { text += (text.empty() ? "" : "; ") + what; };
  if (n.output.c != expected.c) {
    const std::string& knob = n.origin.channels_knob;
    add(knob.empty() ? "change the channels that " + n.origin.producer + " gives"
                     : "set " + knob + " to " + std::to_string(expected.c));
  }
  if (n.output.h == expected.h && n.output.w == expected.w) return text;
  const Repair repair = RepairSize(*n.network, n.input, expected);
  if (repair.edit.empty()) {
    add("no output_padding, padding, kernel or stride of one layer mends the size: its strides must undo those of the "
        "layers that made its input");
  } else {
    if (repair.edit.find("output_padding") == std::string::npos) add("no output_padding mends the size");
    add(repair.why + "; " + repair.edit);
  }
  return text;
}

/// `reader`: "the image is", "the latent is": what the shape must be equal to.
Status Expect(const NetworkReport& n, const Shape& expected, const std::string& reader) {
  if (n.output == expected) return {};
  return UsageError(std::string(n.role) + ": " + n.origin.producer + " ends it with " + n.output.ToString() + ", but " +
                    reader + " " + expected.ToString() + ": " + Differences(n.output, expected) + "; " +
                    Fixes(n, expected));
}

/// The same origin under another name.
InputOrigin As(const std::string& name, InputOrigin origin) {
  origin.producer = name + ", which comes from " + origin.producer;
  return origin;
}

/// Runs shape inference network by network and keeps the reports.
class Inference {
 public:
  explicit Inference(const Architecture& a) : a_(a) {}

  Status Run(const Shape& image) {
    AECOMP_RETURN_IF_ERROR(Add("encoder", a_.encoder, image, {"the image", "\"image_channels\"", {}, ""}));
    const Shape y = reports.back().output;
    const InputOrigin latent = As("the latent", reports.back().origin);
    AECOMP_RETURN_IF_ERROR(Add("decoder", a_.decoder, y, latent));
    AECOMP_RETURN_IF_ERROR(Expect(reports.back(), image, "the image is"));
    return a_.prior == PriorType::kHyperprior ? RunPrior(y, latent) : Status();
  }

  std::vector<NetworkReport> reports;

 private:
  Status RunPrior(const Shape& y, const InputOrigin& latent) {
    AECOMP_RETURN_IF_ERROR(Add("hyper_encoder", a_.hyper_encoder, y, latent));
    const Shape z = reports.back().output;
    AECOMP_RETURN_IF_ERROR(Add("hyper_decoder", a_.hyper_decoder, z, As("z", reports.back().origin)));
    const NetworkReport features = reports.back();
    const Shape k = features.output;
    AECOMP_RETURN_IF_ERROR(Expect(features, {1, k.c, y.h, y.w}, "features for each position of the latent are"));
    const InputOrigin origin = As("the features", features.origin);
    AECOMP_RETURN_IF_ERROR(Add("sigma_head", a_.sigma_head, k, origin));
    AECOMP_RETURN_IF_ERROR(Expect(reports.back(), y, "the latent is"));
    AECOMP_RETURN_IF_ERROR(Add("mu_head", a_.mu_head, k, origin));
    AECOMP_RETURN_IF_ERROR(Expect(reports.back(), y, "the latent is"));
    AECOMP_RETURN_IF_ERROR(Add("context_in", a_.context_in, y, latent));
    const Shape seen = reports.back().output;
    AECOMP_RETURN_IF_ERROR(Expect(reports.back(), {1, seen.c, k.h, k.w}, "beside the features it must be"));
    const std::string joined =
        "the join of " + std::to_string(k.c) + " features and " + std::to_string(seen.c) + " channels of context_in";
    AECOMP_RETURN_IF_ERROR(Add("context_out", a_.context_out, {1, k.c + seen.c, k.h, k.w}, {joined, "", {}, ""}));
    return Expect(reports.back(), y, "the latent is");
  }

  Status Add(const char* role, const Network& network, const Shape& input, const InputOrigin& origin) {
    auto inferred = InferNetwork(network, input, origin);
    if (!inferred.ok()) return UsageError(std::string(role) + ": " + inferred.status().message());
    InferredNetwork& n = inferred.value();
    reports.push_back({role, &network, input, n.output, n.origin, std::move(n.layers)});
    return {};
  }

  const Architecture& a_;
};

/// Whether a layer sees the whole image at once, so that its number of weights fits one image size only.
bool SeesAll(const Network& network) {
  return std::any_of(network.begin(), network.end(), [](const LayerSpec& spec) {
    if (spec.type != "sum") return spec.type == "linear" || spec.type == "flatten" || spec.type == "reshape";
    const auto branches = SumBranches(spec);
    return branches.ok() && std::any_of(branches.value().begin(), branches.value().end(), SeesAll);
  });
}

bool IsOfOneSize(const Architecture& a) {
  const auto networks = {&a.encoder,    &a.decoder, &a.hyper_encoder, &a.hyper_decoder,
                         &a.sigma_head, &a.mu_head, &a.context_in,    &a.context_out};
  return std::any_of(networks.begin(), networks.end(), [](const Network* n) { return SeesAll(*n); });
}

/// The smallest square image that every layer of the encoder takes and that the decoder gives back; 0: none up to 512.
int FittingSize(const Architecture& a) {
  for (int size = 1; size <= 512; ++size) {
    const auto y = InferNetwork(a.encoder, Square(a, size), {});
    if (!y.ok()) continue;
    const auto restored = InferNetwork(a.decoder, y.value().output, {});
    if (restored.ok() && restored.value().output == Square(a, size)) return size;
  }
  return 0;
}

int StrideOf(int pixels, int elements) { return elements > 0 && pixels % elements == 0 ? pixels / elements : 0; }

/// 0 where there is none: the output is not a whole fraction of the input.
void FindStrides(Architecture& a) {
  const Shape image = Square(a, a.tile != 0 ? a.tile : kProbe);
  a.latent_stride = a.hyper_stride = a.tile_rows = a.tile_columns = 0;
  const auto y = InferNetwork(a.encoder, image, {});
  if (!y.ok()) return;
  a.latent_channels = y.value().output.c;
  if (a.tile != 0) a.tile_rows = y.value().output.h, a.tile_columns = y.value().output.w;
  a.latent_stride = StrideOf(image.h, y.value().output.h);
  a.hyper_stride = a.latent_stride;
  if (a.prior != PriorType::kHyperprior) return;
  const auto z = InferNetwork(a.hyper_encoder, y.value().output, {});
  if (!z.ok()) return;
  a.hyper_channels = z.value().output.c;
  a.hyper_stride = StrideOf(image.h, z.value().output.h);
}

/// The edit after which `pixels` are a multiple of the network's output size: the least change of that size.
std::string StrideRepair(const NetworkReport& network, int pixels) {
  std::vector<int> sizes;
  for (int size = 1; size <= pixels; ++size) {
    if (pixels % size == 0) sizes.push_back(size);
  }
  const auto distance = [&](int size) { return std::abs(size - network.output.h); };
  std::sort(sizes.begin(), sizes.end(), [&](int x, int y) { return distance(x) < distance(y); });
  sizes.resize(std::min<size_t>(sizes.size(), 3));
  for (const int size : sizes) {
    const Repair repair = RepairSize(*network.network, network.input, {1, 1, size, size});
    if (!repair.edit.empty()) return repair.why + "; " + repair.edit;
  }
  return "use kernels and padding for which it divides";
}

Status NoStride(const NetworkReport& encoder, const NetworkReport& last, const Shape& image) {
  const NetworkReport& guilty = StrideOf(image.h, encoder.output.h) == 0 ? encoder : last;
  return UsageError(std::string(guilty.role) + ": turns an image of " + image.ToString() + " into " +
                    guilty.output.ToString() + ", but " + std::to_string(image.h) + " is no multiple of " +
                    std::to_string(guilty.output.h) + ", so images cannot be padded to fit; " +
                    StrideRepair(guilty, image.h) + ", or name one size for all images with \"tile\"");
}

/// Images of any size, padded to a multiple of the stride, must pass.
Status CheckAllSizes(const Architecture& a) {
  for (const int size : {kProbe, kProbe + a.hyper_stride}) {
    const auto networks = InferNetworks(a, Square(a, size));
    if (!networks.ok()) {
      return UsageError("for an image of " + Square(a, size).ToString() + ", " + networks.status().message());
    }
    const NetworkReport& encoder = networks.value()[0];
    const NetworkReport& last = networks.value()[a.prior == PriorType::kHyperprior ? 2 : 0];
    if (StrideOf(size, encoder.output.h) == 0 || StrideOf(size, last.output.h) == 0 || a.hyper_stride == 0) {
      return NoStride(encoder, last, Square(a, size));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<NetworkReport>> InferNetworks(const Architecture& architecture, const Shape& image) {
  Inference inference(architecture);
  AECOMP_RETURN_IF_ERROR(inference.Run(image));
  return std::move(inference.reports);
}

Shape NetworkImage(const Architecture& a, const Shape& image) {
  if (a.tile != 0) return Square(a, a.tile);
  const int stride = std::max(a.hyper_stride, 1);
  const auto padded = [&](int size) { return (size + stride - 1) / stride * stride; };
  return {1, image.c, padded(image.h), padded(image.w)};
}

Status CheckArchitecture(Architecture& a, const std::optional<Shape>& image) {
  if (image && image->c != a.image_channels) {
    return UsageError("the image is " + image->ToString() + ", but \"image_channels\" is " +
                      std::to_string(a.image_channels) + "; change one of them");
  }
  FindStrides(a);
  const Shape at = NetworkImage(a, image.value_or(Square(a, kProbe)));
  const auto networks = InferNetworks(a, at);
  if (a.tile != 0) return networks.status();
  const bool of_one_size = IsOfOneSize(a);
  if (!of_one_size) return networks.ok() ? CheckAllSizes(a) : networks.status();
  const int fitting = networks.ok() && at.h == at.w ? at.h : FittingSize(a);
  const std::string tile = fitting == 0 ? ""
                                        : "images of " + std::to_string(fitting) + "x" + std::to_string(fitting) +
                                              " fit: add \"tile\": " + std::to_string(fitting) +
                                              " to the file, and images are coded in tiles of that size";
  if (!networks.ok()) return UsageError(networks.status().message() + (tile.empty() ? "" : "; " + tile));
  return UsageError("a flatten, reshape or linear layer has a size that depends on the image: " +
                    (tile.empty() ? "name one size for all images with \"tile\"" : tile));
}

}  // namespace aecomp
