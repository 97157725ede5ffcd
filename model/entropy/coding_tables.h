// The probability tables of a model, computed once when it is exported and stored in its file as integers. Decoders
// read the integers and never compute tables.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

namespace aecomp {

/// Frequencies of one table: the values -bound .. bound, then the escape symbol; see CodingTables::Create.
using FrequencyRow = std::vector<uint16_t>;

/// How often each symbol occurs in each of several kinds (channels, or rows of tables). Symbols beyond +-kMost count as
/// +-kMost.
class SymbolCounts {
 public:
  static constexpr int kMost = 2047;

  explicit SymbolCounts(int kinds) : counts_(static_cast<size_t>(kinds), std::vector<int32_t>(kMost + 1)) {}
  void Add(size_t kind, int symbol) { ++counts_[kind][static_cast<size_t>(std::min(std::abs(symbol), kMost))]; }
  /// Of the magnitudes 0 .. kMost: tables are symmetric.
  std::span<const int32_t> kind(size_t k) const { return counts_[k]; }
  size_t kinds() const { return counts_.size(); }

 private:
  std::vector<std::vector<int32_t>> counts_;
};

/// The y tables to start from: discretised Gaussians at log-spaced sigmas. Row r > 0 covers the sigmas around
/// YSigma(r); row 0 stands for everything below kSigmaCoded, where a symbol other than 0 costs 13 bits or more: more
/// than the distortion that it removes is worth at any quality, so the encoder writes 0 and nothing is coded.
inline constexpr int kYRows = 128;
inline constexpr double kSigmaCoded = 0.13;
inline constexpr double kSigmaMax = 400;

/// Distance of two rows in log sigma.
double YRowSpacing();
/// Sigma of row 1 .. kYRows - 1.
double YSigma(int row);
/// A sigma as a fractional row in 1/256: the row is (index + 128) >> 8, clamped to the rows that exist.
double YIndex256(double log_sigma);
std::vector<FrequencyRow> YFrequencies();

/// The y tables for what was counted when real pictures were coded at several qualities, each with kYRows kinds.
/// Encoders prefer small symbols and residuals have longer tails than their Gaussians, so that this codes them in 1.5 %
/// (high rates) to 3.5 % fewer bits. Rows with few counted symbols stay near their Gaussians.
std::vector<FrequencyRow> FitYFrequencies(std::span<const SymbolCounts> counts);

/// The z tables: discretised zero-mean logistics at log-spaced scales.
inline constexpr int kZRows = 64;
inline constexpr double kZScaleFirst = 0.05, kZScaleLast = 32;
inline constexpr int kZMax = 127;  ///< z symbols lie in -kZMax .. kZMax

double ZScale(int row);
/// The row whose scale is nearest in the log domain.
int ZRow(double scale);
std::vector<FrequencyRow> ZFrequencies();

/// The tables that a factorized prior chooses from for each of its channels: discretised zero-mean distributions of
/// three shapes (logistic, Laplace, and with the density exp(-sqrt|x|), from light to heavy tails), each at
/// kFactorizedScales log-spaced standard deviations.
inline constexpr int kFactorizedScales = 64, kFactorizedShapes = 3;
inline constexpr double kFactorizedFirst = 0.08, kFactorizedLast = 700;
std::vector<FrequencyRow> FactorizedFrequencies();

}  // namespace aecomp
