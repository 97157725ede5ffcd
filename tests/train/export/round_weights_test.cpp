#include "train/export/round_weights.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <random>

#include "model/base/safetensors.h"

namespace aecomp {
namespace {

constexpr Eigen::Index kInputs = 24, kOutputs = 6;

DoubleMatrix Random(Eigen::Index rows, Eigen::Index columns, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  return DoubleMatrix::NullaryExpr(rows, columns, [&] { return normal(random); });
}

TEST(RoundInTurn, LaterRowsMakeGoodWhatEarlierOnesLose) {
  const DoubleMatrix reads = Random(500, 4, 1) * Random(4, kInputs, 2) + 0.1 * Random(500, kInputs, 3);
  const DoubleMatrix weights = Random(kInputs, kOutputs, 4);
  const DoubleMatrix products = reads.transpose() * reads;
  const DoubleMatrix upper = Eigen::LLT<DoubleMatrix, Eigen::Upper>(products).matrixU();
  std::vector<double> unit;
  std::vector<Eigen::Index> peak;
  DoubleMatrix nearest(kInputs, kOutputs);
  for (Eigen::Index c = 0; c < kOutputs; ++c) {
    Eigen::Index row;
    unit.push_back(weights.col(c).cwiseAbs().maxCoeff(&row) / kWeightSteps), peak.push_back(row);
    nearest.col(c) = (weights.col(c) / unit.back()).array().rint() * unit.back();
  }
  const DoubleMatrix rounded = RoundInTurn(upper, weights, unit, peak);
  for (Eigen::Index c = 0; c < kOutputs; ++c) {
    const auto column = static_cast<size_t>(c);
    EXPECT_NEAR(std::fabs(rounded(peak[column], c)), kWeightSteps * unit[column], 1e-12);
    for (Eigen::Index i = 0; i < kInputs; ++i) {
      const double steps = rounded(i, c) / unit[column];
      EXPECT_NEAR(steps, std::rint(steps), 1e-9);
      EXPECT_LE(std::fabs(steps), kWeightSteps + 1e-9);
    }
  }
  EXPECT_LT((reads * (rounded - weights)).squaredNorm(), 0.3 * (reads * (nearest - weights)).squaredNorm());
}

/// Inputs whose channels know of each other, as latents do.
std::vector<Tensor> Inputs(unsigned seed) {
  const DoubleMatrix mix = Random(2, 6, 9);
  std::vector<Tensor> inputs;
  for (unsigned i = 0; i < 4; ++i) {
    Tensor& x = inputs.emplace_back(Shape{1, 6, 12, 12});
    const DoubleMatrix values = Random(144, 2, seed + i) * mix;
    for (int64_t k = 0; k < x.size(); ++k) x.data()[k] = static_cast<float>(values.data()[k] + 0.5);
  }
  return inputs;
}

IntegerLayer SmallLayer(bool transposed) {
  IntegerLayer layer;
  layer.transposed = transposed, layer.in = 6, layer.out = 3;
  layer.kernel = transposed ? 4 : 3, layer.stride = transposed ? 2 : 1, layer.padding = 1;
  return layer;
}

Parameter RandomWeight(const IntegerLayer& layer) {
  Parameter weight{"w", {layer.out, layer.in, layer.kernel, layer.kernel}, {}, {}};
  if (layer.transposed) std::swap(weight.dims[0], weight.dims[1]);
  const DoubleMatrix values = Random(int64_t{layer.in} * layer.out * layer.kernel * layer.kernel, 1, 5);
  for (Eigen::Index i = 0; i < values.size(); ++i) weight.value.push_back(static_cast<float>(values(i)));
  return weight;
}

/// What a layer without a bias makes of `read`.
std::vector<Tensor> Given(const IntegerLayer& layer, const Parameter& weight, const std::vector<Tensor>& read) {
  std::vector<Tensor> results;
  for (const Tensor& x : read) {
    Tensor& y = results.emplace_back(layer.OutputShape(x.shape()));
    std::fill_n(y.data(), y.size(), 0.f);
    for (const ConvolutionPhase& phase : PhasesOf(layer)) {
      const std::vector<float> reads = ReadsOf(layer, phase, x);
      const DoubleMatrix weights = WeightsOf(layer, phase, weight);
      const int columns = (y.shape().w - phase.first_x + phase.every - 1) / phase.every;
      for (int64_t p = 0; p < phase.Positions(y.shape()); ++p) {
        const int64_t row = phase.first_y + p / columns * phase.every;
        const int64_t column = phase.first_x + p % columns * phase.every;
        for (int o = 0; o < layer.out; ++o) {
          double sum = 0;
          for (Eigen::Index d = 0; d < weights.rows(); ++d) {
            sum += weights(d, o) * reads[static_cast<size_t>(p * weights.rows() + d)];
          }
          y.data()[(row * y.shape().w + column) * layer.out + o] = static_cast<float>(sum);
        }
      }
    }
  }
  return results;
}

/// The sum of squares of results - wanted; about the mean of each channel where a bias takes that up.
double Lost(std::vector<Tensor> results, const std::vector<Tensor>& wanted, bool has_bias) {
  const auto channels = static_cast<size_t>(results[0].shape().c);
  std::vector<double> mean(channels);
  const double positions =
      static_cast<double>(results[0].size()) / static_cast<double>(channels) * static_cast<double>(results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    for (int64_t k = 0; k < results[i].size(); ++k) {
      results[i].data()[k] -= wanted[i].data()[k];
      mean[static_cast<size_t>(k) % channels] += results[i].data()[k] / positions;
    }
  }
  double sum = 0;
  for (const Tensor& t : results) {
    for (int64_t k = 0; k < t.size(); ++k) {
      sum += std::pow(t.data()[k] - (has_bias ? mean[static_cast<size_t>(k) % channels] : 0), 2);
    }
  }
  return sum;
}

/// The places of the weights of output channel o.
std::vector<size_t> PlacesOf(const IntegerLayer& layer, int o) {
  std::vector<size_t> places;
  const int area = layer.kernel * layer.kernel;
  for (int in = 0; in < layer.in; ++in) {
    for (int k = 0; k < area; ++k) {
      places.push_back(static_cast<size_t>((layer.transposed ? in * layer.out + o : o * layer.in + in) * area + k));
    }
  }
  return places;
}

float LargestOf(const Parameter& weight, const std::vector<size_t>& places) {
  float most = 0;
  for (const size_t at : places) most = std::max(most, std::fabs(weight.value[at]));
  return most;
}

Parameter RoundedToNearest(const IntegerLayer& layer, Parameter weight) {
  for (int o = 0; o < layer.out; ++o) {
    const std::vector<size_t> places = PlacesOf(layer, o);
    const float unit = LargestOf(weight, places) / 63;
    for (const size_t at : places) weight.value[at] = std::rint(weight.value[at] / unit) * unit;
  }
  return weight;
}

void ExpectWholeSteps(const IntegerLayer& layer, const Parameter& rounded) {
  for (int o = 0; o < layer.out; ++o) {
    const std::vector<size_t> places = PlacesOf(layer, o);
    const float most = LargestOf(rounded, places);
    for (const size_t at : places) {
      const double steps = rounded.value[at] * kWeightSteps / most;
      EXPECT_NEAR(steps, std::rint(steps), 0.05) << "f16 rounds the largest of 63 steps by 1/32";
    }
  }
}

TEST(RoundWeights, GivesIntegersThatTellTheirUnit) {
  for (const bool transposed : {false, true}) {
    const IntegerLayer layer = SmallLayer(transposed);
    const Parameter weight = RandomWeight(layer);
    const std::vector<Tensor> read = Inputs(20), wanted = Given(layer, weight, read);
    Parameter rounded = weight;
    RoundWeights(layer, /*has_bias=*/true, read, wanted, rounded);
    EXPECT_LT(Lost(Given(layer, rounded, read), wanted, true),
              0.5 * Lost(Given(layer, RoundedToNearest(layer, weight), read), wanted, true))
        << transposed;
    for (float& v : rounded.value) v = HalfToFloat(FloatToHalf(v));
    ExpectWholeSteps(layer, rounded);
  }
}

/// Inputs behind a relu: their means are large beside what varies.
std::vector<Tensor> PositiveInputs() {
  std::vector<Tensor> inputs = Inputs(30);
  for (Tensor& x : inputs) {
    for (int64_t k = 0; k < x.size(); ++k) x.data()[k] = 10 + x.data()[k];
  }
  return inputs;
}

TEST(RoundWeights, WithoutABiasMeansAreKept) {
  const IntegerLayer layer = SmallLayer(false);
  const Parameter weight = RandomWeight(layer);
  const std::vector<Tensor> read = PositiveInputs(), wanted = Given(layer, weight, read);
  Parameter rounded = weight;
  RoundWeights(layer, /*has_bias=*/false, read, wanted, rounded);
  EXPECT_LT(Lost(Given(layer, rounded, read), wanted, false),
            0.1 * Lost(Given(layer, RoundedToNearest(layer, weight), read), wanted, false));
}

TEST(RoundWeights, ConstantInputsTellNoWeights) {
  IntegerLayer layer = SmallLayer(false);
  layer.padding = 0;
  const Parameter weight = RandomWeight(layer);
  std::vector<Tensor> read = Inputs(40);
  for (Tensor& x : read) {
    for (int64_t k = 0; k < x.size(); ++k) x.data()[k] = 100.1f + 1e-4f * x.data()[k];
  }
  Parameter rounded = weight;
  RoundWeights(layer, /*has_bias=*/true, read, Given(layer, weight, read), rounded);
  double farthest = 0;
  for (size_t i = 0; i < weight.value.size(); ++i) {
    farthest = std::max(farthest, std::fabs(double{rounded.value[i]} - weight.value[i]));
  }
  EXPECT_LT(farthest, 0.5);
}

/// Half of the output positions of such a layer read nothing.
TEST(RoundWeights, StrideAboveTheKernel) {
  IntegerLayer layer = SmallLayer(true);
  layer.kernel = 2, layer.stride = 4, layer.padding = 0;
  const Parameter weight = RandomWeight(layer);
  const std::vector<Tensor> read = Inputs(50), wanted = Given(layer, weight, read);
  Parameter rounded = weight;
  RoundWeights(layer, /*has_bias=*/true, read, wanted, rounded);
  EXPECT_LT(Lost(Given(layer, rounded, read), wanted, true),
            Lost(Given(layer, RoundedToNearest(layer, weight), read), wanted, true));
  ExpectWholeSteps(layer, rounded);
}

}  // namespace
}  // namespace aecomp
