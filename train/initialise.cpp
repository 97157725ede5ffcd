#include "train/initialise.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "model/graph.h"
#include "model/layers/lap.h"
#include "train/training_model.h"

namespace aecomp {
namespace {

struct Components {
  std::vector<float> basis;     ///< [M, C, k, k], by falling variance
  std::vector<float> variance;  ///< [M]
};

/// The block of the first lap layer of a network; 0: it has none.
int LapBlock(const Network& network) {
  for (const LayerSpec& spec : network) {
    if (spec.type == "lap") return spec.options->at("block").get<int>();
    if (spec.type != "sum") continue;
    const std::vector<Network> branches = SumBranches(spec).value();
    for (const Network& branch : branches) {
      if (const int block = LapBlock(branch)) return block;
    }
  }
  return 0;
}

/// A k x k block of an image in [-1/2, 1/2], PyTorch's order of samples; after the lap layer when its blocks are
/// lapped.
void ReadBlock(const Image& image, int channels, int kernel, bool lapped, std::mt19937_64& random,
               Eigen::Ref<Eigen::VectorXf> block) {
  const int side = lapped ? 3 * kernel : kernel, margin = (side - kernel) / 2;
  const int x = static_cast<int>(random() % static_cast<uint64_t>(image.width - side + 1));
  const int y = static_cast<int>(random() % static_cast<uint64_t>(image.height - side + 1));
  std::vector<float> window(static_cast<size_t>(side * side * channels));  // [side, side, C]
  ReadPixels(image, x, y, side, side, window.data());
  for (float& v : window) v -= 0.5f;
  if (lapped) Lap({1, channels, side, side}, kernel, /*inverse=*/false, window.data());
  int row = 0;
  for (int c = 0; c < channels; ++c)
    for (int v = 0; v < kernel; ++v)
      for (int u = 0; u < kernel; ++u)
        block[row++] = window[static_cast<size_t>(((margin + v) * side + margin + u) * channels + c)];
}

/// Principal components of k x k blocks.
Components PrincipalComponents(const Dataset& dataset, int channels, int kernel, int count, bool lapped,
                               uint64_t seed) {
  const int size = channels * kernel * kernel;
  constexpr int kBlocksPerImage = 400;
  std::mt19937_64 random(seed);
  Eigen::MatrixXf covariance = Eigen::MatrixXf::Zero(size, size);
  Eigen::MatrixXf blocks(size, kBlocksPerImage);
  for (size_t i = 0; i < dataset.size(); ++i) {
    for (int b = 0; b < kBlocksPerImage; ++b)
      ReadBlock(dataset.image(i), channels, kernel, lapped, random, blocks.col(b));
    covariance.selfadjointView<Eigen::Lower>().rankUpdate(blocks);
  }
  covariance /= static_cast<float>(dataset.size()) * kBlocksPerImage;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXf> solver(covariance);  // reads the lower half, values rise
  Components result;
  for (int m = 0; m < count; ++m) {
    const auto vector = solver.eigenvectors().col(size - 1 - m);
    result.basis.insert(result.basis.end(), vector.begin(), vector.end());
    result.variance.push_back(std::max(solver.eigenvalues()[size - 1 - m], 1e-6f));
  }
  return result;
}

/// What random initialisation needs to know of a layer.
struct WeightedLayer {
  std::string name;
  double deviation;  // of the weights, for unit gain
};

Status CollectLayers(const Network& network, const Shape& input, std::vector<WeightedLayer>& layers) {
  Shape shape = input;
  for (const LayerSpec& spec : network) {
    AECOMP_ASSIGN_OR_RETURN(const std::vector<LayerReport> reports, InferShapes({spec}, shape));
    if (spec.type == "sum") {
      AECOMP_ASSIGN_OR_RETURN(const std::vector<Network> branches, SumBranches(spec));
      for (const Network& branch : branches) AECOMP_RETURN_IF_ERROR(CollectLayers(branch, shape, layers));
    } else if (reports.back().parameters > 0) {
      // Multiplications that meet in one output element are its fan-in, transposed or not.
      const double fan_in =
          static_cast<double>(reports.back().macs) / static_cast<double>(reports.back().output.size());
      const double damping = spec.type == "conv_transpose2d" ? 0.7 : 1.0;
      layers.push_back({spec.name, damping / std::sqrt(fan_in)});
    }
    shape = reports.back().output;
  }
  return {};
}

Status CollectAllLayers(const Architecture& a, std::vector<WeightedLayer>& layers) {
  const int grid = 4;  // elements of z each way: sizes do not matter here
  const int latent = grid * a.hyper_stride / a.latent_stride;
  const Shape image{1, a.image_channels, grid * a.hyper_stride, grid * a.hyper_stride};
  const Shape y{1, a.latent_channels, latent, latent}, z{1, a.hyper_channels, grid, grid};
  const auto output = [](const Network& n, const Shape& s) { return InferShapes(n, s).value().back().output; };
  const Shape features = output(a.hyper_decoder, z);
  Shape joined = output(a.context_in, y);
  joined.c += features.c;
  const std::pair<const Network*, Shape> all[] = {
      {&a.encoder, image},       {&a.decoder, y},        {&a.hyper_encoder, y}, {&a.hyper_decoder, z},
      {&a.sigma_head, features}, {&a.mu_head, features}, {&a.context_in, y},    {&a.context_out, joined}};
  for (const auto& [network, input] : all) AECOMP_RETURN_IF_ERROR(CollectLayers(*network, input, layers));
  return {};
}

void InitialiseEntropy(const Architecture& a, const std::vector<float>& variance, Parameters& parameters) {
  AddEntropyParameters(a, parameters);
  const size_t m = static_cast<size_t>(a.latent_channels), n = static_cast<size_t>(a.hyper_channels);
  for (size_t q = 0; q < a.lambdas.size(); ++q) {
    const float log_step = static_cast<float>(0.5 * std::log(18 / (std::log(2.0) * 65025 * a.lambdas[q])));
    std::fill_n(parameters.Find("log_step")->value.begin() + static_cast<std::ptrdiff_t>(q * m), m, log_step);
    std::fill_n(parameters.Find("log_gain")->value.begin() + static_cast<std::ptrdiff_t>(q * m), m, -log_step);
    std::fill_n(parameters.Find("z_log_scale")->value.begin() + static_cast<std::ptrdiff_t>(q * n), n, 0.f);
  }
  for (size_t c = 0; c < m; ++c) {
    parameters.Find("log_sigma")->value[c] = c < variance.size() ? 0.5f * std::log(variance[c]) : 0.f;
  }
}

Status InitialiseBlocks(const Architecture& a, const Recipe& recipe, const Dataset& dataset, uint64_t seed,
                        Parameters& parameters, std::vector<float>& variance) {
  if (recipe.block_analysis.empty()) return {};
  Parameter* analysis = parameters.Find(recipe.block_analysis + ".weight");
  Parameter* synthesis = parameters.Find(recipe.block_synthesis + ".weight");
  if (analysis == nullptr || synthesis == nullptr || analysis->dims != synthesis->dims ||
      analysis->dims[0] != a.latent_channels ||
      analysis->dims[1] * analysis->dims[2] * analysis->dims[3] < a.latent_channels) {
    return UsageError(
        "training: \"principal_components\" must name a convolution and a transposed convolution with equal weights [" +
        std::to_string(a.latent_channels) + ", channels, k, k]");
  }
  Components components =
      PrincipalComponents(dataset, static_cast<int>(analysis->dims[1]), static_cast<int>(analysis->dims[2]),
                          a.latent_channels, LapBlock(a.encoder) == static_cast<int>(analysis->dims[2]), seed);
  analysis->value = synthesis->value = components.basis;
  variance = std::move(components.variance);
  return {};
}

}  // namespace

Status InitialiseParameters(const Architecture& architecture, const Recipe& recipe, const Dataset& dataset,
                            uint64_t seed, Parameters& parameters) {
  std::vector<WeightedLayer> layers;
  AECOMP_RETURN_IF_ERROR(CollectAllLayers(architecture, layers));
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  for (const WeightedLayer& layer : layers) {
    Parameter* weight = parameters.Find(layer.name + ".weight");
    if (weight == nullptr) continue;
    const float deviation = static_cast<float>(layer.deviation * recipe.InitialScale(layer.name));
    for (float& v : weight->value) v = deviation * normal(random);
  }
  std::vector<float> variance;
  AECOMP_RETURN_IF_ERROR(InitialiseBlocks(architecture, recipe, dataset, seed, parameters, variance));
  InitialiseEntropy(architecture, variance, parameters);
  parameters.MarkChanged();
  return {};
}

}  // namespace aecomp
