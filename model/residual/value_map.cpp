#include "model/residual/value_map.h"

#include <algorithm>
#include <unordered_map>

namespace aecomp::residual {
namespace {

using Colour = std::array<uint16_t, 3>;

uint64_t Key(const uint16_t* p) { return uint64_t{p[0]} | uint64_t{p[1]} << 16 | uint64_t{p[2]} << 32; }

/// Green, then red, then blue count most for how bright a colour looks.
uint32_t Brightness(const Colour& c) { return 6u * c[0] + 3u * c[1] + c[2]; }

std::vector<Colour> FindPalette(const Samples& s) {
  if (s.channels != 3) return {};
  std::unordered_map<uint64_t, bool> seen;
  std::vector<Colour> palette;
  uint64_t last = ~uint64_t{0};
  for (size_t i = 0; i < s.values.size(); i += 3) {
    const uint64_t key = Key(&s.values[i]);
    if (key == last || !seen.emplace(last = key, true).second) continue;
    if (palette.size() == kMaxPalette) return {};
    palette.push_back({s.values[i], s.values[i + 1], s.values[i + 2]});
  }
  if (palette.size() * 8 > s.values.size() / 3) return {};  // it would cost more than it saves
  std::sort(palette.begin(), palette.end(), [](const Colour& a, const Colour& b) {
    return Brightness(a) != Brightness(b) ? Brightness(a) < Brightness(b) : a < b;
  });
  return palette;
}

/// The values that occur in a channel, when many between them do not.
std::vector<uint16_t> FindValues(const Samples& s, int channel) {
  std::vector<bool> used(static_cast<size_t>(s.maximum[static_cast<size_t>(channel)]) + 1);
  for (size_t i = static_cast<size_t>(channel); i < s.values.size(); i += static_cast<size_t>(s.channels)) {
    used[s.values[i]] = true;
  }
  std::vector<uint16_t> values;
  for (size_t v = 0; v < used.size(); ++v) {
    if (used[v]) values.push_back(static_cast<uint16_t>(v));
  }
  const size_t pixels = s.values.size() / static_cast<size_t>(s.channels);
  const size_t span = values.back() - size_t{values.front()} + 1;
  const bool sparse = values.size() * 4 <= span * 3 && values.size() * 8 <= pixels;
  return sparse ? values : std::vector<uint16_t>();
}

template <class T>
size_t RankOf(const std::vector<T>& sorted, T value) {
  return static_cast<size_t>(std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin());
}

/// Ascending values as the gaps between them. Gaps that repeat cost next to nothing.
void WriteValues(SymbolEncoder& coder, const std::vector<uint16_t>& values) {
  CodeNumber(coder, static_cast<uint32_t>(values.size()));
  AdaptiveBit same;
  int expected = 0;
  uint32_t gap = 0;
  for (const uint16_t value : values) {
    const auto now = static_cast<uint32_t>(value - expected);
    if (!coder.Bit(same, now == gap)) gap = CodeNumber(coder, now);
    expected = value + 1;
  }
}

Result<std::vector<uint16_t>> ReadValues(SymbolDecoder& coder, int32_t maximum) {
  const uint32_t count = CodeNumber(coder);
  if (count > static_cast<uint32_t>(maximum) + 1) return CorruptError("corrupt: more values than a sample has");
  std::vector<uint16_t> values;
  AdaptiveBit same;
  uint64_t expected = 0, gap = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (!coder.Bit(same)) gap = CodeNumber(coder);
    const uint64_t value = expected + gap;
    if (value > static_cast<uint64_t>(maximum)) return CorruptError("corrupt: a value that a sample cannot have");
    values.push_back(static_cast<uint16_t>(value));
    expected = value + 1;
  }
  return values;
}

}  // namespace

ValueMap ChooseMap(const Samples& samples) {
  ValueMap map;
  map.palette = FindPalette(samples);
  if (!map.palette.empty()) return map;
  for (int c = 0; c < samples.channels; ++c) map.values[static_cast<size_t>(c)] = FindValues(samples, c);
  return map;
}

void SetCodedShape(const ValueMap& map, Samples& samples) {
  if (!map.palette.empty()) {
    samples.channels = 1;
    samples.maximum = {static_cast<int32_t>(map.palette.size()) - 1, 0, 0};
    return;
  }
  for (size_t c = 0; c < 3; ++c) {
    if (!map.values[c].empty()) samples.maximum[c] = static_cast<int32_t>(map.values[c].size()) - 1;
  }
}

Samples Apply(const ValueMap& map, const Samples& samples) {
  Samples coded;
  coded.width = samples.width, coded.height = samples.height, coded.channels = samples.channels;
  coded.maximum = samples.maximum;
  SetCodedShape(map, coded);
  if (!map.palette.empty()) {
    std::unordered_map<uint64_t, uint16_t> index;
    for (size_t i = 0; i < map.palette.size(); ++i) index[Key(map.palette[i].data())] = static_cast<uint16_t>(i);
    for (size_t i = 0; i < samples.values.size(); i += 3) coded.values.push_back(index[Key(&samples.values[i])]);
    return coded;
  }
  coded.values = samples.values;
  for (size_t i = 0; i < coded.values.size(); ++i) {
    const auto& values = map.values[i % static_cast<size_t>(samples.channels)];
    if (!values.empty()) coded.values[i] = static_cast<uint16_t>(RankOf(values, coded.values[i]));
  }
  return coded;
}

void Undo(const ValueMap& map, const Samples& coded, Samples& whole) {
  if (!map.palette.empty()) {
    whole.values.clear();
    for (const uint16_t index : coded.values) {
      const Colour& colour = map.palette[index];
      whole.values.insert(whole.values.end(), colour.begin(), colour.end());
    }
    return;
  }
  whole.values = coded.values;
  for (size_t i = 0; i < whole.values.size(); ++i) {
    const auto& values = map.values[i % static_cast<size_t>(whole.channels)];
    if (!values.empty()) whole.values[i] = values[whole.values[i]];
  }
}

void WriteMap(SymbolEncoder& coder, const ValueMap& map, const Samples& shape) {
  if (shape.channels == 3) {
    CodeNumber(coder, static_cast<uint32_t>(map.palette.size()));
    for (size_t c = 0; c < 3; ++c) {
      int before = 0;
      for (const Colour& colour : map.palette) {
        const int now = colour[c];
        const uint32_t high = static_cast<uint32_t>(std::abs(now - before));
        coder.Bits(1, now < before);
        CodeNumber(coder, high);
        before = now;
      }
    }
    if (!map.palette.empty()) return;
  }
  for (int c = 0; c < shape.channels; ++c) WriteValues(coder, map.values[static_cast<size_t>(c)]);
}

Result<ValueMap> ReadMap(SymbolDecoder& coder, const Samples& shape) {
  ValueMap map;
  if (shape.channels == 3) {
    const uint32_t count = CodeNumber(coder);
    if (count > kMaxPalette) return CorruptError("corrupt: a palette is too large");
    map.palette.resize(count);
    for (size_t c = 0; c < 3; ++c) {
      int64_t value = 0;
      for (Colour& colour : map.palette) {
        const bool down = coder.Bits(1) != 0;
        const int64_t distance = CodeNumber(coder);
        value += down ? -distance : distance;
        if (value < 0 || value > shape.maximum[c]) return CorruptError("corrupt: a colour that a pixel cannot have");
        colour[c] = static_cast<uint16_t>(value);
      }
    }
    if (count > 0) return map;
  }
  for (size_t c = 0; c < static_cast<size_t>(shape.channels); ++c) {
    AECOMP_ASSIGN_OR_RETURN(map.values[c], ReadValues(coder, shape.maximum[c]));
  }
  return map;
}

}  // namespace aecomp::residual
