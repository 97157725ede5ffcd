#include "train/export/round_weights.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <random>

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

double SquareOf(const std::vector<Tensor>& x) {
  double sum = 0;
  for (const Tensor& t : x) {
    for (int64_t k = 0; k < t.size(); ++k) sum += std::pow(t.data()[k], 2);
  }
  return sum;
}

TEST(RoundWeights, GivesIntegersThatTellTheirUnit) {
  for (const bool transposed : {false, true}) {
    IntegerLayer layer;
    layer.transposed = transposed, layer.in = 6, layer.out = 3;
    layer.kernel = transposed ? 4 : 3, layer.stride = transposed ? 2 : 1, layer.padding = 1;
    const int64_t area = layer.kernel * layer.kernel;
    Parameter weight{"w", {6, 3, layer.kernel, layer.kernel}, {}, {}};
    if (!transposed) std::swap(weight.dims[0], weight.dims[1]);
    const DoubleMatrix values = Random(18 * area, 1, 5);
    for (Eigen::Index i = 0; i < values.size(); ++i) weight.value.push_back(static_cast<float>(values(i)));

    const std::vector<Tensor> read = Inputs(20);
    // What the layer gives with some weights, less a constant, which RoundWeights leaves to the bias.
    const auto given = [&](const Parameter& with) {
      std::vector<Tensor> results;
      for (const Tensor& x : read) {
        Tensor& y = results.emplace_back(layer.OutputShape(x.shape()));
        for (const ConvolutionPhase& phase : PhasesOf(layer)) {
          const std::vector<float> reads = ReadsOf(layer, phase, x);
          const DoubleMatrix weights = WeightsOf(layer, phase, with);
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
    };
    const auto lost = [&](const std::vector<Tensor>& wanted, const Parameter& with) {
      std::vector<Tensor> results = given(with);
      std::vector<double> mean(3);
      for (int pass = 0; pass < 2; ++pass) {
        for (size_t i = 0; i < results.size(); ++i) {
          const int64_t positions = results[i].size() / 3 * std::ssize(results);
          for (int64_t k = 0; k < results[i].size(); ++k) {
            float& v = results[i].data()[k];
            double& of = mean[static_cast<size_t>(k % 3)];
            if (pass == 0)
              v -= wanted[i].data()[k], of += v / static_cast<double>(positions);
            else
              v -= static_cast<float>(of);
          }
        }
      }
      return SquareOf(results);
    };

    const std::vector<Tensor> wanted = given(weight);
    Parameter rounded = weight, nearest = weight;
    RoundWeights(layer, read, wanted, rounded);
    for (int o = 0; o < 3; ++o) {
      const auto at = [&](int64_t i) {  // weight number i of this output channel
        return static_cast<size_t>(transposed ? (i / area * 3 + o) * area + i % area : o * 6 * area + i);
      };
      float most = 0, most_before = 0;
      for (int64_t i = 0; i < 6 * area; ++i) {
        most = std::max(most, std::fabs(rounded.value[at(i)]));
        most_before = std::max(most_before, std::fabs(weight.value[at(i)]));
      }
      for (int64_t i = 0; i < 6 * area; ++i) {
        const double steps = rounded.value[at(i)] * kWeightSteps / most;
        EXPECT_NEAR(steps, std::rint(steps), 1e-3);
        float& v = nearest.value[at(i)];
        v = std::rint(v * 63 / most_before) * most_before / 63;
      }
    }
    EXPECT_LT(lost(wanted, rounded), 0.5 * lost(wanted, nearest)) << transposed;
  }
}

}  // namespace
}  // namespace aecomp
