#include "train/run/initialise.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <random>

#include "model/network/graph.h"
#include "model/network/layers/lap.h"
#include "model/network/layers/options.h"
#include "train/loss/prior_tables.h"
#include "train/random_bits.h"

namespace aecomp {
namespace {

struct Components {
  std::vector<float> basis;     ///< [M, C, k, k], by falling variance
  std::vector<float> variance;  ///< [M]
};

/// The block of the first lap layer of a network; 0: it has none.
int LapBlock(const Network& network) {
  for (const LayerSpec& spec : network) {
    if (spec.type == "lap") return CheckedInteger(spec, "block", 0);
    if (spec.type != "sum") continue;
    const std::vector<Network> branches = SumBranches(spec).value();
    for (const Network& branch : branches) {
      if (const int block = LapBlock(branch)) return block;
    }
  }
  return 0;
}

/// Reads a random k x k block of an image, in [-1/2, 1/2] and in PyTorch's order of samples. lapped: as it is after the
/// lap layer.
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

/// A layer with weights.
struct WeightedLayer {
  std::string name;
  double deviation;  // standard deviation of the weights for unit gain
};

Status CollectLayers(const Network& network, const Shape& input, std::vector<WeightedLayer>& layers) {
  Shape shape = input;
  for (const LayerSpec& spec : network) {
    AECOMP_ASSIGN_OR_RETURN(const std::vector<LayerReport> reports, InferShapes({spec}, shape));
    if (spec.type == "sum") {
      AECOMP_ASSIGN_OR_RETURN(const std::vector<Network> branches, SumBranches(spec));
      for (const Network& branch : branches) AECOMP_RETURN_IF_ERROR(CollectLayers(branch, shape, layers));
    } else if (reports.back().parameters > 0) {
      // The fan-in is the number of multiplications for one output element, also of a transposed convolution.
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
  const int size = a.tile != 0 ? a.tile : 4 * a.hyper_stride;  // any will do where sizes are free
  const Shape image{1, a.image_channels, size, size};
  const auto output = [](const Network& n, const Shape& s) { return InferShapes(n, s).value().back().output; };
  const Shape y = output(a.encoder, image);
  AECOMP_RETURN_IF_ERROR(CollectLayers(a.encoder, image, layers));
  AECOMP_RETURN_IF_ERROR(CollectLayers(a.decoder, y, layers));
  if (a.prior == PriorType::kFactorized) return {};
  const Shape z = output(a.hyper_encoder, y), features = output(a.hyper_decoder, z);
  Shape joined = output(a.context_in, y);
  joined.c += features.c;
  const std::pair<const Network*, Shape> all[] = {{&a.hyper_encoder, y},     {&a.hyper_decoder, z},
                                                  {&a.sigma_head, features}, {&a.mu_head, features},
                                                  {&a.context_in, y},        {&a.context_out, joined}};
  for (const auto& [network, input] : all) AECOMP_RETURN_IF_ERROR(CollectLayers(*network, input, layers));
  return {};
}

/// Sets gains and steps to where the slopes of a uniform quantiser's rate and distortion are equal, in an orthonormal
/// basis.
void InitialiseSteps(const Architecture& a, Parameters& parameters) {
  const size_t m = static_cast<size_t>(a.latent_channels);
  for (size_t q = 0; q < a.lambdas.size(); ++q) {
    const double square = 6 * a.image_channels / (std::log(2.0) * 65025 * a.lambdas[q]);
    const float log_step = static_cast<float>(0.5 * std::log(square));
    std::fill_n(parameters.Find("log_step")->value.begin() + static_cast<std::ptrdiff_t>(q * m), m, log_step);
    std::fill_n(parameters.Find("log_gain")->value.begin() + static_cast<std::ptrdiff_t>(q * m), m, -log_step);
  }
}

void InitialiseEntropy(const Architecture& a, const std::vector<float>& variance, Parameters& parameters) {
  const size_t m = static_cast<size_t>(a.latent_channels);
  std::vector<float>& z_scale = parameters.Find("z_log_scale")->value;
  std::fill(z_scale.begin(), z_scale.end(), 0.f);
  for (size_t c = 0; c < m; ++c) {
    parameters.Find("log_sigma")->value[c] = c < variance.size() ? 0.5f * std::log(variance[c]) : 0.f;
  }
}

/// Measures mean and spread of every channel of y, as the untrained encoder makes it of the data set.
Status InitialiseFactorized(const Architecture& a, const Dataset& dataset, uint64_t seed, Parameters& parameters) {
  constexpr int kBatches = 16, kPixels = 256;
  const int patch = a.tile != 0 ? a.tile : (kPixels + a.latent_stride - 1) / a.latent_stride * a.latent_stride;
  const int batch = std::clamp(kPixels * kPixels / (patch * patch), 1, 64);
  const Shape image{batch, a.image_channels, patch, patch};
  AECOMP_ASSIGN_OR_RETURN(auto encoder, Graph::Create(a.encoder, image, parameters, Graph::Mode::kInference));
  const Shape y = encoder->output_shape();
  std::vector<double> sum(static_cast<size_t>(y.c)), squares(sum.size());
  Tensor x(image);
  for (int b = 0; b < kBatches; ++b) {
    for (int n = 0; n < batch; ++n) {
      const uint64_t index = static_cast<uint64_t>(b * batch + n);
      dataset.Sample(MixBits(seed, index), patch, x.data() + n * (image.size() / batch));
    }
    for (int64_t i = 0; i < x.size(); ++i) x.data()[i] -= 0.5f;
    const float* latent = encoder->Forward(x.data());
    for (int64_t i = 0; i < y.size(); ++i) {
      const size_t c = static_cast<size_t>(i % y.c);
      sum[c] += latent[i], squares[c] += double{latent[i]} * latent[i];
    }
  }
  const double count = double{kBatches} * static_cast<double>(y.size() / y.c);
  std::vector<float>& mean = parameters.Find("y_mean")->value;
  std::vector<float>& log_scale = parameters.Find("y_log_scale")->value;
  for (size_t i = 0; i < log_scale.size(); ++i) {
    const size_t c = i % sum.size();
    const double m = sum[c] / count, variance = std::max(squares[c] / count - m * m, 1e-8);
    mean[c] = static_cast<float>(m);
    // A logistic of scale s has the variance (pi * s)^2 / 3.
    log_scale[i] =
        static_cast<float>(0.5 * std::log(3 * variance) - std::log(M_PI)) + parameters.Find("log_gain")->value[i];
  }
  return {};
}

Status InitialiseBlocks(const Architecture& a, const Recipe& recipe, const Dataset& dataset, uint64_t seed,
                        Parameters& parameters, std::vector<float>& variance) {
  if (recipe.block_analysis.empty()) return {};
  Parameter* analysis = parameters.Find(recipe.block_analysis + ".weight");
  Parameter* synthesis = parameters.Find(recipe.block_synthesis + ".weight");
  const auto size = [&](const Parameter* p) { return p == nullptr ? 0 : p->size() / a.latent_channels; };
  const bool linear = analysis != nullptr && analysis->dims.size() == 2;
  const auto fits = [&] {
    if (analysis == nullptr || synthesis == nullptr || analysis->dims[0] != a.latent_channels) return false;
    if (!linear) return analysis->dims == synthesis->dims && size(analysis) >= a.latent_channels;
    const int64_t samples = int64_t{a.image_channels} * a.tile * a.tile;
    return samples >= a.latent_channels && analysis->dims[1] == samples &&
           synthesis->dims == std::vector<int64_t>{samples, a.latent_channels};
  };
  if (!fits()) {
    const std::string m = std::to_string(a.latent_channels);
    return UsageError(
        "training: \"principal_components\" must name a convolution and a transposed convolution with equal weights [" +
        m + ", channels, k, k], or two linear layers from all samples of a tile to " + m + " and back");
  }
  const int channels = linear ? a.image_channels : static_cast<int>(analysis->dims[1]);
  const int kernel = linear ? a.tile : static_cast<int>(analysis->dims[2]);
  Components components =
      PrincipalComponents(dataset, channels, kernel, a.latent_channels, !linear && LapBlock(a.encoder) == kernel, seed);
  analysis->value = synthesis->value = components.basis;
  if (linear) {  // [out, in] both: the way back is the transpose
    const size_t in = static_cast<size_t>(analysis->dims[1]), m = static_cast<size_t>(a.latent_channels);
    for (size_t i = 0; i < in; ++i)
      for (size_t c = 0; c < m; ++c) synthesis->value[i * m + c] = analysis->value[c * in + i];
  }
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
  AddEntropyParameters(architecture, parameters);
  InitialiseSteps(architecture, parameters);
  if (architecture.prior == PriorType::kFactorized) {
    parameters.MarkChanged();
    AECOMP_RETURN_IF_ERROR(InitialiseFactorized(architecture, dataset, seed, parameters));
  } else {
    InitialiseEntropy(architecture, variance, parameters);
  }
  parameters.MarkChanged();
  return {};
}

}  // namespace aecomp
