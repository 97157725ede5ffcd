#include "model/codec/factorized_coder.h"

#include <algorithm>
#include <cmath>

#include "io/first_exception.h"
#include "io/rans.h"
#include "model/codec/parallel_streams.h"
#include "model/entropy/rate_estimate.h"

namespace aecomp {
namespace {

/// Bits that one squared quantisation step of error is worth. Training balances every gain where a little more of it
/// costs as many bits as it saves distortion: 1 / ln 2 bits for each unit of log gain, against 2/12 of a squared step,
/// whatever the decoder makes of the channel.
const double kSquaredStepBits = 6 / std::log(2.0);

}  // namespace

FactorizedCoder::FactorizedCoder(const Model& model, int quality, double thrift)
    : model_(model),
      quality_(quality),
      inverse_weight_(static_cast<float>(thrift / kSquaredStepBits)),
      scales_(FactorizedScalesAt(model.architecture, model.parameters, quality)),
      quantiser_(model.factorized.tables()) {}

/// The table of every symbol: its channel's.
std::vector<uint8_t> FactorizedCoder::Rows(size_t symbols) const {
  const std::span<const uint8_t> rows = model_.factorized.Rows(quality_);
  std::vector<uint8_t> all;
  all.reserve(symbols);
  while (all.size() < symbols) all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

std::vector<int16_t> FactorizedCoder::Quantise(const Tile& tile, const LatentView& y) const {
  const std::span<const uint8_t> rows = model_.factorized.Rows(quality_);
  const size_t channels = rows.size(), width = static_cast<size_t>(tile.coded_w) * channels;
  std::vector<int16_t> symbols(static_cast<size_t>(tile.coded_h) * width);
#pragma omp parallel for schedule(static)
  for (int i = 0; i < tile.coded_h; ++i) {
    const float* from = y.At(tile.row + i, tile.column);
    int16_t* to = symbols.data() + static_cast<size_t>(i) * width;
    for (size_t e = 0; e < width; ++e) {
      const size_t c = e % channels;
      to[e] = quantiser_.Quantise((from[e] - scales_.mean[c]) * scales_.gain[c], rows[c], inverse_weight_);
    }
  }
  return symbols;
}

std::vector<TileStreams> FactorizedCoder::Encode(const std::vector<Tile>& tiles, const LatentView& y) const {
  size_t most = 0;
  std::vector<std::vector<int16_t>> symbols;
  for (const Tile& tile : tiles) {
    symbols.push_back(Quantise(tile, y));
    most = std::max(most, symbols.back().size());
  }
  const size_t parts = StreamsFor(most, kMaxStreams);
  const std::vector<uint8_t> rows = Rows(most);
  const size_t channels = model_.factorized.Rows(quality_).size();
  std::vector<TileStreams> coded(tiles.size());
  for (TileStreams& t : coded) t.streams.resize(parts);
  const auto encode = [&](size_t task) {
    const std::vector<int16_t>& values = symbols[task / parts];
    const auto [begin, end] = StreamRange(values.size(), task % parts, parts);
    coded[task / parts].streams[task % parts] =
        EncodeValues(model_.factorized.tables(), std::span(values).subspan(begin, end - begin),
                     std::span(rows).subspan(begin % channels, end - begin));
  };
  FirstException exception;
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t task = 0; task < tiles.size() * parts; ++task) exception.Guard([&] { encode(task); });
  exception.Rethrow();
  return coded;
}

double FactorizedCoder::EstimateBits(const std::vector<Tile>& tiles, const LatentView& y) const {
  double bits = 0;
  for (const Tile& tile : tiles) {
    const std::vector<int16_t> symbols = Quantise(tile, y);
#pragma omp parallel for reduction(+ : bits) schedule(static)
    for (size_t i = 0; i < symbols.size(); ++i) {
      bits += LogisticSymbolBits(symbols[i], scales_.scale[i % scales_.scale.size()]);
    }
  }
  return bits;
}

Status FactorizedCoder::Decode(const Tile& tile, const TileStreams& streams, LatentPlane& y_hat) const {
  const size_t channels = scales_.step.size(), width = static_cast<size_t>(tile.coded_w) * channels;
  const size_t size = static_cast<size_t>(tile.coded_h) * width, parts = streams.streams.size();
  const std::vector<uint8_t> rows = Rows(size);
  std::vector<int16_t> symbols(size);
  AECOMP_RETURN_IF_ERROR(ParallelStreams(parts, [&](size_t i) -> Status {
    const auto [begin, end] = StreamRange(size, i, parts);
    return DecodeValues(model_.factorized.tables(), streams.streams[i], std::span(rows).subspan(begin, end - begin),
                        std::span(symbols).subspan(begin, end - begin));
  }));
  const auto restore_row = [&](int i) {
    std::vector<float> restored(channels);
    const int16_t* from = symbols.data() + static_cast<size_t>(i) * width;
    for (int j = 0; j < tile.coded_w; ++j, from += channels) {
      for (size_t c = 0; c < channels; ++c) restored[c] = from[c] * scales_.step[c] + scales_.mean[c];
      y_hat.Set(tile.row + i, tile.column + j, restored.data());
    }
  };
  FirstException exception;
#pragma omp parallel for schedule(static)
  for (int i = 0; i < tile.coded_h; ++i) exception.Guard([&] { restore_row(i); });
  exception.Rethrow();
  return {};
}

}  // namespace aecomp
