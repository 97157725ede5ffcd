// How near a trained linear autoencoder comes to what principal components can do: the same number of them, quantised
// with the same step, on the same held-out images. Not a speed. See scripts/linear_against_pca.sh.
//
//   linear_pca_bench MODEL HELD_OUT_FOLDER TRAINING_FOLDER...
//
// The network goes through the codec: real bytes, 8-bit pixels. Its step is how far a block of pixels must move along a
// channel's direction for the symbol to change by 1, the median over channels. The principal components come from the
// same training images (centred, all whole tiles); their coefficients are rounded to the nearest step, and their rate
// is the entropy of each coefficient on the held-out images themselves, which no real file has. Files are rounded
// towards fewer bits, so at one step they are smaller and worse than with plain rounding: compared at one step, the
// network's symbols are rounded to the nearest as well; files are compared at equal rate.
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "io/metrics.h"
#include "model/codec/codec.h"
#include "model/entropy/entropy_parameters.h"
#include "train/data/dataset.h"

namespace aecomp {
namespace {

using Matrix = Eigen::MatrixXf;

/// All tiles of an image as columns, in samples / 255; those at the border are continued.
Matrix Tiles(const Image& image, int tile, bool whole_only) {
  const int rows = image.height / tile + (!whole_only && image.height % tile != 0);
  const int columns = image.width / tile + (!whole_only && image.width % tile != 0);
  Matrix tiles(tile * tile, rows * columns);
  for (int t = 0; t < rows * columns; ++t) {
    for (int i = 0; i < tile * tile; ++i) {
      const int y = std::min(t / columns * tile + i / tile, image.height - 1);
      const int x = std::min(t % columns * tile + i % tile, image.width - 1);
      tiles(i, t) = static_cast<float>(image.Row(y)[x]) / 255.f;
    }
  }
  return tiles;
}

struct Pca {
  Eigen::VectorXf mean;
  Matrix basis;  // [samples, components]
};

Pca Fit(const Dataset& images, int tile, int components) {
  const int size = tile * tile;
  Matrix covariance = Matrix::Zero(size, size);
  Eigen::VectorXf sum = Eigen::VectorXf::Zero(size);
  double count = 0;
  for (size_t i = 0; i < images.size(); ++i) {
    const Matrix tiles = Tiles(images.image(i), tile, /*whole_only=*/true);
    covariance.selfadjointView<Eigen::Lower>().rankUpdate(tiles);
    sum += tiles.rowwise().sum();
    count += static_cast<double>(tiles.cols());
  }
  Pca pca;
  pca.mean = sum / static_cast<float>(count);
  covariance /= static_cast<float>(count);
  covariance.selfadjointView<Eigen::Lower>().rankUpdate(pca.mean, -1);
  pca.basis = Eigen::SelfAdjointEigenSolver<Matrix>(covariance).eigenvectors().rightCols(components);
  return pca;
}

struct Point {
  double bpp = 0, psnr = 0;
};

Point Measure(const Pca& pca, const Dataset& images, int tile, float step) {
  Point point;
  std::vector<std::map<int, double>> counts(static_cast<size_t>(pca.basis.cols()));
  double total = 0, pixels = 0;
  for (size_t k = 0; k < images.size(); ++k) {
    const Image& image = images.image(k);
    const Matrix tiles = Tiles(image, tile, /*whole_only=*/false);
    const Matrix symbols = ((pca.basis.transpose() * (tiles.colwise() - pca.mean)) / step).array().round();
    for (int t = 0; t < symbols.cols(); ++t)
      for (int c = 0; c < symbols.rows(); ++c) ++counts[static_cast<size_t>(c)][static_cast<int>(symbols(c, t))];
    total += static_cast<double>(symbols.cols());
    const Matrix restored = (pca.basis * symbols * step).colwise() + pca.mean;
    Image result(image.width, image.height, 1);
    const int columns = (image.width + tile - 1) / tile;
    for (int y = 0; y < image.height; ++y) {
      for (int x = 0; x < image.width; ++x) {
        const float v = restored(y % tile * tile + x % tile, y / tile * columns + x / tile);
        result.Row(y)[x] = static_cast<uint8_t>(std::lround(std::clamp(v, 0.f, 1.f) * 255.f));
      }
    }
    point.psnr += Psnr(image, result) / static_cast<double>(images.size());
    pixels += static_cast<double>(image.width) * image.height;
  }
  for (const auto& channel : counts)
    for (const auto& [symbol, n] : channel) point.bpp -= n * std::log2(n / total) / pixels;
  return point;
}

/// thrift: 1 as in files; 0: rounds to the nearest step, whatever it costs.
Point MeasureNetwork(Codec& codec, const Dataset& images, int quality, double thrift) {
  Point point;
  double pixels = 0;
  for (size_t k = 0; k < images.size(); ++k) {
    const Image& image = images.image(k);
    const auto analysed = codec.Analyse(image);
    if (!analysed.ok()) return {};
    const std::vector<uint8_t> bytes = codec.Encode(analysed.value(), quality, thrift).value();
    const Image restored = codec.Decompress(ParseContainer(bytes, "test").value(), "test").value();
    point.psnr += Psnr(image, restored) / static_cast<double>(images.size());
    point.bpp += 8.0 * static_cast<double>(bytes.size());
    pixels += static_cast<double>(image.width) * image.height;
  }
  point.bpp /= pixels;
  return point;
}

/// Width of a symbol's interval along its direction, in samples / 255: median over channels.
float StepOf(const Model& model, const Parameter& encoder, int quality) {
  const FactorizedScales s = FactorizedScalesAt(model.architecture, model.parameters, quality);
  const size_t m = s.gain.size(), samples = encoder.value.size() / m;  // [M, samples]
  std::vector<float> steps;
  for (size_t c = 0; c < m; ++c) {
    double square = 0;
    for (size_t i = 0; i < samples; ++i) square += std::pow(encoder.value[c * samples + i], 2);
    steps.push_back(1 / (s.gain[c] * static_cast<float>(std::sqrt(square))));
  }
  std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(m / 2), steps.end());
  return steps[m / 2];
}

/// PSNR of a rate-distortion curve at a rate: linear in log rate.
double PsnrAt(const std::vector<Point>& curve, double bpp) {
  size_t k = 1;
  while (k + 1 < curve.size() && curve[k].bpp < bpp) ++k;
  const Point &a = curve[k - 1], &b = curve[k];
  return a.psnr + (b.psnr - a.psnr) * std::log(bpp / a.bpp) / std::log(b.bpp / a.bpp);
}

int Run(const std::string& model_file, const std::string& held_out, const std::vector<std::string>& training) {
  std::shared_ptr<Model> model = ReadModel(model_file).value();
  const Architecture& a = model->architecture;
  const Parameter* weight = nullptr;
  for (const Parameter& p : model->parameters.list()) {
    if (p.dims == std::vector<int64_t>{a.latent_channels, int64_t{a.tile} * a.tile}) weight = &p;
  }
  if (a.image_channels != 1 || a.prior != PriorType::kFactorized || weight == nullptr) {
    std::fprintf(stderr, "%s: not a linear network of gray tiles with a factorized prior\n", model_file.c_str());
    return 2;
  }
  std::vector<std::string> notes;
  const Dataset train =
      Dataset::Load(ListImages(training).value(), {.channels = 1, .smallest = a.tile}, &notes).value();
  const Dataset test =
      Dataset::Load(ListImages({held_out}).value(), {.channels = 1, .smallest = a.tile}, &notes).value();
  const Pca pca = Fit(train, a.tile, a.latent_channels);
  Codec codec(model);
  std::printf("%d components of %dx%d, %zu held-out images\n", a.latent_channels, a.tile, a.tile, test.size());
  std::vector<float> steps;
  std::vector<Point> components;
  for (int quality = 0; quality <= a.max_quality(); quality += 6) {
    steps.push_back(StepOf(*model, *weight, quality));
    components.push_back(Measure(pca, test, a.tile, steps.back()));
  }
  std::printf("                |      PCA      | network, rounded alike   | network as in files\n");
  std::printf("quality    step |    bpp   PSNR |    bpp   PSNR difference  |    bpp   PSNR  at equal rate\n");
  double worst = 0;
  for (size_t i = 0; i < steps.size(); i += 2) {
    const int quality = static_cast<int>(6 * i);
    const Point alike = MeasureNetwork(codec, test, quality, 0), coded = MeasureNetwork(codec, test, quality, 1);
    const double difference = alike.psnr - components[i].psnr;
    worst = std::min(worst, difference);
    std::printf("%7d  %6.4f | %6.3f %6.2f | %6.3f %6.2f     %+6.2f  | %6.3f %6.2f      %+6.2f\n", quality, steps[i],
                components[i].bpp, components[i].psnr, alike.bpp, alike.psnr, difference, coded.bpp, coded.psnr,
                coded.psnr - PsnrAt(components, coded.bpp));
  }
  std::printf("at most %.2f dB below the principal components at the same step\n", std::fabs(worst));
  return worst >= -0.3 ? 0 : 1;
}

}  // namespace
}  // namespace aecomp

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: linear_pca_bench MODEL HELD_OUT_FOLDER TRAINING_FOLDER...\n");
    return 2;
  }
  return aecomp::Run(argv[1], argv[2], std::vector<std::string>(argv + 3, argv + argc));
}
