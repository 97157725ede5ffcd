#include "train/export/fit_z_context.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "model/codec/tile_coder.h"
#include "model/entropy/coding_tables.h"
#include "train/export/calibration.h"
#include "train/export/export.h"
#include "train/export/fit_tables.h"

namespace aecomp {
namespace {

constexpr int kPatches = 96;
constexpr uint64_t kSeed = 0x2C0A7E47;
constexpr int kTables = 128, kRounds = 10;
constexpr int kTotal = 1 << CodingTables::kPrecisionBits;

constexpr int kValues = 2 * kZMax + 1;         ///< -kZMax .. kZMax
using Histogram = std::array<float, kValues>;  ///< of how many, or how probable, or what each costs

/// Patches of 8 x 8 elements of z, less where most images are smaller.
int PatchSize(const Architecture& a, const Dataset& dataset) {
  std::vector<int> sides;
  for (size_t i = 0; i < dataset.size(); ++i)
    sides.push_back(std::min(dataset.image(i).width, dataset.image(i).height));
  const auto middle = sides.begin() + std::ssize(sides) / 2;
  std::nth_element(sides.begin(), middle, sides.end());
  return std::clamp(*middle / a.hyper_stride * a.hyper_stride, CalibrationPatchSize(a), 8 * a.hyper_stride);
}

/// How often z has each value in each context of each row: [rows * ZContext::kAll].
Result<std::vector<Histogram>> Count(Model& model, const Dataset& dataset) {
  const Architecture& a = model.architecture;
  AECOMP_ASSIGN_OR_RETURN(const std::vector<Tensor> latents,
                          SampleLatents(model, dataset, PatchSize(a, dataset), kPatches, kSeed));
  const Shape y = latents.front().shape();
  const Tile tile{0, 0, y.h, y.w, y.h, y.w};
  AECOMP_ASSIGN_OR_RETURN(const auto coder, TileCoder::Create(model, tile));
  const int levels = static_cast<int>(a.lambdas.size());
  std::vector<Histogram> counts(static_cast<size_t>(model.prior.z_tables().rows()) * ZContext::kAll);
  for (int level = 0; level < levels; ++level) {
    const TileQuality q = TileQualityAt(model, a.max_quality() * level / std::max(levels - 1, 1));
    const std::span<const uint8_t> rows = model.prior.ZRows(q.quality);
    const auto add = [&](size_t channel, const ZContext& context, int16_t value) -> Status {
      const size_t kind = size_t{rows[channel]} * ZContext::kAll + static_cast<size_t>(context.index);
      ++counts[kind][static_cast<size_t>(value + kZMax)];
      return {};
    };
    for (const Tensor& latent : latents) {
      AECOMP_ASSIGN_OR_RETURN(std::vector<int16_t> z,
                              coder->HyperLatents(q, tile, {latent.data(), int64_t{y.w} * y.c, y.c}));
      const int ratio = model.prior.ratio();
      AECOMP_RETURN_IF_ERROR(model.prior.ZContextsAt(q.quality).ForEach(y.h / ratio, y.w / ratio, z.data(), add));
    }
  }
  return counts;
}

/// What the table of a row says without contexts.
Histogram PriorOfRow(const CodingTables& tables, int row) {
  Histogram p;
  const int bound = tables.bound(row);
  for (int v = -kZMax; v <= kZMax; ++v) {
    const double beyond = double{1} * tables.Frequency(row, bound + 1) / (2 * std::max(kZMax - bound, 1));
    const double f = std::abs(v) <= bound ? tables.Frequency(row, v) : beyond * std::exp2(bound - std::abs(v));
    p[static_cast<size_t>(v + kZMax)] = static_cast<float>(f / kTotal);
  }
  return p;
}

/// Probabilities for values that were seen so often where `prior` was expected: the prior, times how much more often
/// the values of a bin occurred. Bins grow with the magnitude, so that many values need not all have been seen.
Histogram Smoothed(const Histogram& seen, const Histogram& prior) {
  constexpr double kTrust = 32;  // as many values as the prior is worth
  const double total = std::accumulate(seen.begin(), seen.end(), 0.0);
  Histogram p;
  const auto fit_bin = [&](int least, int most) {
    double expected = 1e-12, counted = 0;
    for (int v = least; v <= most; ++v)
      expected += prior[static_cast<size_t>(v + kZMax)], counted += seen[static_cast<size_t>(v + kZMax)];
    const double ratio = (counted / expected + kTrust) / (total + kTrust);
    for (int v = least; v <= most; ++v) {
      p[static_cast<size_t>(v + kZMax)] =
          static_cast<float>(ratio * (prior[static_cast<size_t>(v + kZMax)] + 1e-12 / (most - least + 1)));
    }
  };
  fit_bin(0, 0);
  for (int begin = 1, end; begin <= kZMax; begin = end) {
    end = std::min(kZMax + 1, std::max(begin + 1, begin + begin / 4));
    fit_bin(begin, end - 1), fit_bin(1 - end, -begin);
  }
  return p;
}

/// As frequencies. Values rarer than half a unit beyond the last one that is not go to the escape symbol.
FrequencyRow ToFrequencies(const Histogram& p) {
  const auto at = [&](int v) { return double{p[static_cast<size_t>(v + kZMax)]}; };
  int bound = kZMax;
  while (bound > 1 && kTotal * std::max(at(bound), at(-bound)) < 0.5) --bound;
  double beyond = 0;
  for (int v = bound + 1; v <= kZMax; ++v) beyond += at(v) + at(-v);
  FrequencyRow row;
  const auto add = [&](double probability) {
    row.push_back(static_cast<uint16_t>(std::clamp<long>(std::lround(probability * kTotal), 1, kTotal - 1)));
  };
  for (int v = -bound; v <= bound; ++v) add(at(v));
  add(beyond);
  for (int left = kTotal - std::accumulate(row.begin(), row.end(), 0); left != 0;) {  // to those that it changes least
    uint16_t& most = *std::max_element(row.begin(), row.end());
    const int part = std::clamp(left, -most / 4, most / 4 + 1);
    most = static_cast<uint16_t>(most + part), left -= part;
  }
  return row;
}

/// Bits of each value with a table.
Histogram Prices(const FrequencyRow& row) {
  const int bound = static_cast<int>(row.size() - 2) / 2;
  Histogram bits;
  for (int v = -kZMax; v <= kZMax; ++v) {
    const bool escape = std::abs(v) > bound;
    const int f = escape ? row.back() : row[static_cast<size_t>(v + bound)];
    const double excess = escape ? 2 + 2 * std::floor(std::log2(std::abs(v) - bound)) : 0;  // see PutExcess
    bits[static_cast<size_t>(v + kZMax)] =
        static_cast<float>(CodingTables::kPrecisionBits - std::log2(double{1} * f) + excess);
  }
  return bits;
}

/// What one kind is made of: the values that occurred, and how often. Most kinds have few of them.
struct Value {
  size_t v;  ///< of a Histogram
  float count;
};

/// The table of each kind that costs least. prior: of the rows; a context that was hardly seen is like its row.
std::vector<uint8_t> Assign(const std::vector<std::vector<Value>>& kinds, const std::vector<Histogram>& prior,
                            const std::vector<FrequencyRow>& tables) {
  constexpr float kDoubt = 2;  // so many values are added
  std::vector<Histogram> prices;
  for (const FrequencyRow& table : tables) prices.push_back(Prices(table));
  std::vector<uint8_t> best(kinds.size());
  for (size_t row = 0; row < prior.size(); ++row) {
    std::vector<float> of_row;  // of each table
    for (const Histogram& price : prices) {
      of_row.push_back(kDoubt * std::inner_product(price.begin(), price.end(), prior[row].begin(), 0.f));
    }
    for (size_t k = row * ZContext::kAll; k < (row + 1) * ZContext::kAll; ++k) {
      float least = 0;
      for (size_t t = 0; t < tables.size(); ++t) {
        float cost = of_row[t];
        for (const Value& value : kinds[k]) cost += value.count * prices[t][value.v];
        if (t == 0 || cost < least) least = cost, best[k] = static_cast<uint8_t>(t);
      }
    }
  }
  return best;
}

}  // namespace

Status FitZContext(Model& model, const Dataset& dataset) {
  if (model.architecture.tile != 0) return {};
  AECOMP_ASSIGN_OR_RETURN(const std::vector<Histogram> kinds, Count(model, dataset));
  std::vector<Histogram> prior;
  for (int row = 0; row < model.prior.z_tables().rows(); ++row) {
    prior.push_back(PriorOfRow(model.prior.z_tables(), row));
  }
  std::vector<float> sizes;
  std::vector<std::vector<Value>> values;
  for (const Histogram& kind : kinds) {
    sizes.push_back(std::accumulate(kind.begin(), kind.end(), 0.f));
    std::vector<Value>& some = values.emplace_back();
    for (size_t v = 0; v < kValues; ++v) {
      if (kind[v] > 0) some.push_back({v, kind[v]});
    }
  }
  std::vector<size_t> order(kinds.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return sizes[a] > sizes[b]; });
  std::vector<FrequencyRow> tables;  // at first one for each of those that occur most
  for (const size_t k : order) {
    if (tables.size() == kTables || sizes[k] == 0) break;
    tables.push_back(ToFrequencies(Smoothed(kinds[k], prior[k / ZContext::kAll])));
  }
  if (tables.empty()) return {};
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<uint8_t> best = Assign(values, prior, tables);
    std::vector<Histogram> seen(tables.size()), expected(tables.size());
    std::vector<float> size(tables.size());
    for (size_t k = 0; k < kinds.size(); ++k) {
      if (sizes[k] == 0) continue;
      size[best[k]] += sizes[k];
      for (const Value& value : values[k]) seen[best[k]][value.v] += value.count;
      for (size_t v = 0; v < kValues; ++v) expected[best[k]][v] += sizes[k] * prior[k / ZContext::kAll][v];
    }
    for (size_t t = 0; t < tables.size(); ++t) {
      if (size[t] == 0) continue;
      for (float& p : expected[t]) p /= size[t];
      tables[t] = ToFrequencies(Smoothed(seen[t], expected[t]));
    }
  }
  std::vector<uint8_t> best = Assign(values, prior, tables);
  AECOMP_ASSIGN_OR_RETURN(ZContextModel contexts,
                          ZContextModel::Create(model.prior.z_tables(), std::move(best), std::move(tables)));
  model.prior.SetZContext(std::move(contexts));
  return {};
}

}  // namespace aecomp
