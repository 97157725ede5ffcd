#include "model/codec/tile_streams.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "io/first_exception.h"
#include "model/codec/parallel_streams.h"
#include "model/entropy/coding_tables.h"

namespace aecomp {
namespace {

/// The table of every element of z [h', w', N]: that of its channel.
std::vector<uint8_t> RepeatRows(std::span<const uint8_t> rows, size_t size) {
  std::vector<uint8_t> repeated(size);
  for (size_t i = 0; i < size; ++i) repeated[i] = rows[i % rows.size()];
  return repeated;
}

/// The elements of z [h', w', N] as they are coded by context, and their tables.
void ListZ(const IntegerPrior& prior, int quality, const Tile& tile, std::vector<int16_t>& z, CodedSymbols& lists) {
  const std::span<const uint8_t> rows = prior.ZRows(quality);
  const auto list = [&](size_t channel, const ZContext& context, int16_t value) -> Status {
    lists.z.push_back(value);
    lists.z_rows.push_back(prior.z_context().Table(rows[channel], context));
    return {};
  };
  (void)prior.ZContextsAt(quality).ForEach(tile.h / prior.ratio(), tile.w / prior.ratio(), z.data(), list);
}

size_t FirstOfY(const IntegerPrior& prior) { return prior.coarse().empty() ? 1 : 2; }

/// Which elements of a tile the streams of y code, and in which order: those inside of the image whose row is not 0.
/// Works on rows of the tile in parallel. A processor cannot foresee whether an element is coded, so no branch depends
/// on it.
class CodedElements {
 public:
  /// rows: [h, w, M], must outlive this.
  CodedElements(const Tile& tile, const std::vector<uint8_t>& rows)
      : tile_(tile), rows_(rows), line_(rows.size() / static_cast<size_t>(tile.h)), first_(Lines() + 1) {
    inside_ = line_ / static_cast<size_t>(tile.w) * static_cast<size_t>(tile.coded_w);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < Lines(); ++i) {
      const uint8_t* row = rows_.data() + i * line_;
      uint32_t count = 0;
      for (size_t e = 0; e < inside_; ++e) count += row[e] != 0;
      first_[i + 1] = count;
    }
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
  }

  /// Of `values` [h, w, M].
  template <class T>
  std::vector<T> Of(const std::vector<T>& values) const {
    std::vector<T> coded(first_.back());
    FirstException exception;
    const auto copy_line = [&](size_t i) {
      thread_local std::vector<T> line;
      line.resize(inside_ + 1);
      const uint8_t* row = rows_.data() + i * line_;
      const T* from = values.data() + i * line_;
      size_t count = 0;
      const auto take = [&](size_t e) {
        line[count] = from[e];
        count += row[e] != 0;
      };
      ByGroups(row, take, [](size_t) {});
      std::copy_n(line.data(), count, coded.data() + first_[i]);
    };
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < Lines(); ++i) exception.Guard([&] { copy_line(i); });
    exception.Rethrow();
    return coded;
  }

  /// The opposite: elements that are not coded become 0.
  void Spread(std::vector<int16_t> coded, std::vector<int16_t>& values) const {
    coded.push_back(0);  // read, but not used, after the last one
    std::fill(values.begin() + static_cast<std::ptrdiff_t>(Lines() * line_), values.end(), int16_t{0});
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < Lines(); ++i) {
      int16_t* to = values.data() + i * line_;
      const uint8_t* row = rows_.data() + i * line_;
      size_t next = first_[i];
      const auto put = [&](size_t e) {
        const int16_t is_coded = row[e] != 0;
        to[e] = static_cast<int16_t>(coded[next] * is_coded);
        next += static_cast<size_t>(is_coded);
      };
      ByGroups(row, put, [&](size_t e) { std::fill_n(to + e, kGroup, int16_t{0}); });
      std::fill(to + inside_, to + line_, int16_t{0});
    }
  }

 private:
  static constexpr size_t kGroup = sizeof(uint64_t);

  size_t Lines() const { return static_cast<size_t>(tile_.coded_h); }

  /// Calls some(e) for the elements of a row of the tile, but none(e) for the first of kGroup that are not coded, which
  /// many are: channels of high frequencies.
  template <class Some, class None>
  void ByGroups(const uint8_t* row, Some some, None none) const {
    size_t e = 0;
    for (uint64_t group; e + kGroup <= inside_; e += kGroup) {
      std::memcpy(&group, row + e, kGroup);
      if (group == 0) {
        none(e);
        continue;
      }
      for (size_t k = e; k < e + kGroup; ++k) some(k);
    }
    for (; e < inside_; ++e) some(e);
  }

  const Tile& tile_;
  const std::vector<uint8_t>& rows_;
  size_t line_, inside_;       // elements of a row of the tile, and those of them inside of the image
  std::vector<size_t> first_;  // coded element of each row of the tile; how many there are
};

}  // namespace

CodedSymbols ListSymbols(const IntegerPrior& prior, int quality, const Tile& tile, TileSymbols symbols,
                         bool z_context) {
  CodedSymbols lists;
  if (z_context) {
    ListZ(prior, quality, tile, symbols.z, lists);
  } else {
    lists.z_rows = RepeatRows(prior.ZRows(quality), symbols.z.size());
    lists.z = std::move(symbols.z);
  }
  const CodedElements coded(tile, symbols.rows);
  lists.y = coded.Of(symbols.y);
  lists.y_rows = coded.Of(symbols.rows);
  lists.coarse = std::move(symbols.coarse), lists.coarse_rows = std::move(symbols.coarse_rows);
  return lists;
}

size_t LeastStreams(const IntegerPrior& prior) { return FirstOfY(prior) + 1; }

Result<std::vector<TileStreams>> EncodeStreams(const IntegerPrior& prior, std::span<const CodedSymbols> tiles,
                                               bool z_context) {
  size_t most = 1;
  for (const CodedSymbols& t : tiles) most = std::max(most, t.y.size());
  const size_t first = FirstOfY(prior), parts = StreamsFor(most, kMaxStreams - first), all = first + parts;
  std::vector<TileStreams> coded(tiles.size());
  for (TileStreams& t : coded) t.streams.resize(all);
  AECOMP_RETURN_IF_ERROR(ParallelStreams(tiles.size() * all, [&](size_t task) -> Status {
    const CodedSymbols& t = tiles[task / all];
    const size_t stream = task % all;
    std::vector<uint8_t>& bytes = coded[task / all].streams[stream];
    if (stream == 0) {
      bytes = EncodeValues(z_context ? prior.z_context().tables() : prior.z_tables(), t.z, t.z_rows);
    } else if (stream < first) {
      bytes = EncodeValues(prior.y_tables(), t.coarse, t.coarse_rows);
    } else {
      const auto [begin, end] = StreamRange(t.y.size(), stream - first, parts);
      bytes = EncodeValues(prior.y_tables(), std::span(t.y).subspan(begin, end - begin),
                           std::span(t.y_rows).subspan(begin, end - begin));
    }
    return {};
  }));
  return coded;
}

SymbolReader::SymbolReader(const IntegerPrior& prior, int quality, const TileStreams& streams, bool z_context)
    : prior_(prior),
      quality_(quality),
      z_context_(z_context),
      streams_(streams),
      first_of_y_(FirstOfY(prior)),
      coarse_(prior.y_tables(),
              first_of_y_ > 1 ? std::span<const uint8_t>(streams.streams[1]) : std::span<const uint8_t>()) {}

Status SymbolReader::ReadZ(const Tile& tile, std::vector<int16_t>& z) const {
  if (z_context_) {
    const std::span<const uint8_t> rows = prior_.ZRows(quality_);
    ValueDecoder decoder(prior_.z_context().tables(), streams_.streams[0]);
    const auto read = [&](size_t channel, const ZContext& context, int16_t& value) {
      const uint8_t table = prior_.z_context().Table(rows[channel], context);
      return decoder.Next({&table, 1}, {&value, 1});
    };
    AECOMP_RETURN_IF_ERROR(
        prior_.ZContextsAt(quality_).ForEach(tile.h / prior_.ratio(), tile.w / prior_.ratio(), z.data(), read));
    AECOMP_RETURN_IF_ERROR(decoder.Finish());
  } else {
    AECOMP_RETURN_IF_ERROR(
        DecodeValues(prior_.z_tables(), streams_.streams[0], RepeatRows(prior_.ZRows(quality_), z.size()), z));
  }
  for (const int16_t v : z) {
    if (v < -kZMax || v > kZMax) return CorruptError("an element of z is out of range");
  }
  return {};
}

Status SymbolReader::ReadY(const Tile& tile, const std::vector<uint8_t>& rows, std::vector<int16_t>& y) const {
  const CodedElements coded(tile, rows);
  const std::vector<uint8_t> coded_rows = coded.Of(rows);
  std::vector<int16_t> values(coded_rows.size());
  const size_t parts = streams_.streams.size() - first_of_y_;
  AECOMP_RETURN_IF_ERROR(ParallelStreams(parts, [&](size_t i) -> Status {
    const auto [begin, end] = StreamRange(coded_rows.size(), i, parts);
    return DecodeValues(prior_.y_tables(), streams_.streams[first_of_y_ + i],
                        std::span(coded_rows).subspan(begin, end - begin),
                        std::span(values).subspan(begin, end - begin));
  }));
  coded.Spread(std::move(values), y);
  return {};
}

}  // namespace aecomp
