#include "model/portable/synthesis.h"

#include <algorithm>

#include "model/portable/inflate.h"

namespace aecomp_portable {
namespace {

PORTABLE_VECTORISED
void ToDeepInput(const int16_t* latents, size_t count, const int16_t* table, int16_t* to) {
  for (size_t i = 0; i < count; ++i) to[i] = table[latents[i]];
}

/// deep [width, from] + blocks -> v [width, to] as samples, not yet cut to integers.
PORTABLE_VECTORISED
void ToRange(const float* deep, const float* blocks, size_t count, float low, float high, float* v) {
  const float scale = high - low;
  for (size_t i = 0; i < count; ++i) {
    v[i] = Limit((deep[i] + blocks[i] + 0.5f) * scale + low, low, high) + 0.5f;
  }
}

void GrayToRange(const float* deep, const float* blocks, size_t width, float low, float high, float* v) {
  for (size_t x = 0; x < width; ++x, deep += 3, blocks += 3) {
    const float sum = (deep[0] + blocks[0]) + (deep[1] + blocks[1]) + (deep[2] + blocks[2]);
    v[x] = Limit((sum / 3 + 0.5f) * (high - low) + low, low, high) + 0.5f;
  }
}

template <class Sample>
void Store(const float* v, size_t width, size_t channels, size_t gap, Sample* to) {
  if (gap == 0) channels *= width, width = 1;
  for (size_t x = 0; x < width; ++x, to += channels + gap, v += channels) {
    for (size_t c = 0; c < channels; ++c) to[c] = static_cast<Sample>(static_cast<int32_t>(v[c]));
  }
}

/// Rows of pixels of both paths, one after the other.
class PixelRows {
 public:
  PixelRows(const Model& model, const SampleRules& rules, Latents* latents)
      : model_(model),
        rules_(rules),
        latents_(*latents),
        deep_(model.decoder, latents->rows, latents->columns, [this](int y, int16_t* to) {
          ToDeepInput(latents_.At(y, 0), static_cast<size_t>(latents_.columns) * static_cast<size_t>(latents_.channels),
                      model_.deep_input.data() + 32768, to);
        }) {
    const size_t side = static_cast<size_t>(model.stride);
    line_ = static_cast<size_t>(latents->columns) * side * static_cast<size_t>(model.image_channels);
    for (std::vector<float>& blocks : blocks_) blocks.resize(side * line_);
  }

  /// Row y of `width` pixels, as samples plus one half. Rows are asked for in order.
  void Next(int y, size_t width, bool gray, float* v) {
    const int side = model_.stride, i = y / side;
    if (y % side == 0) FindBlocks(i);
    const float* const deep = deep_.NextFloats();
    const float* const blocks = blocks_[i % 2].data() + static_cast<size_t>(y % side) * line_;
    const float low = rules_.low, high = rules_.high;
    if (gray) return GrayToRange(deep, blocks, width, low, high, v);
    ToRange(deep, blocks, width * static_cast<size_t>(model_.image_channels), low, high, v);
  }

 private:
  /// A row of blocks is whole when it has been mixed with the one below.
  void FindBlocks(int i) {
    if (i == 0) model_.blocks.Run(latents_.At(0, 0), latents_.columns, blocks_[0].data());
    if (i + 1 == latents_.rows) return;
    std::vector<float>& below = blocks_[(i + 1) % 2];
    model_.blocks.Run(latents_.At(i + 1, 0), latents_.columns, below.data());
    model_.blocks.MixRows(blocks_[i % 2].data(), below.data(), latents_.columns);
  }

  const Model& model_;
  const SampleRules& rules_;
  Latents& latents_;
  NetworkRun deep_;
  size_t line_;
  std::vector<float> blocks_[2];  ///< the row of blocks that is read, and the one below; by turns
};

/// Chunk `Outl`.
Status ReadOutliers(const Container& container, SampleRules* rules) {
  const Chunk* chunk = container.Find("Outl");
  if (chunk == nullptr) return {};
  const aecp_info& info = container.info;
  const Status bad = Corrupt("damaged: its chunk Outl");
  if (info.bits != 16) return bad;
  std::vector<uint8_t> content;
  PORTABLE_TRY(Inflate(chunk->content, size_t{16} << 20, "damaged: its chunk Outl", &content));
  Bytes bytes(content.data(), content.size());
  const uint64_t n = bytes.Varint(),
                 samples = uint64_t{info.width} * info.height * static_cast<uint64_t>(info.channels);
  if (n < 1 || n > 1 << 20) return bad;
  uint64_t next = 0;
  for (uint64_t i = 0; i < n; ++i) {
    const uint64_t gap = bytes.Varint();
    if (!bytes.ok() || gap >= samples - next) return bad;
    rules->outliers.push_back({next + gap, 0});
    next += gap + 1;
    if (next == samples && i + 1 < n) return bad;
  }
  for (SampleRules::Outlier& outlier : rules->outliers) {
    outlier.sample = bytes.U16();
    if (outlier.sample >= rules->low && outlier.sample <= rules->high) return bad;
  }
  return bytes.ok() && bytes.remaining() == 0 ? Status() : bad;
}

}  // namespace

Status SampleRules::Read(const Container& container) {
  const Chunk* range = container.Find("Rang");
  if (container.info.bits == 16) {
    Bytes content = range == nullptr ? Bytes() : range->content;
    low = content.U16(), high = content.U16();
    if (!content.ok() || content.remaining() != 0 || low >= high) {
      return Corrupt("damaged: it has 16 bits a sample, but does not say in which range they lie");
    }
  }
  PORTABLE_TRY(filter.Read(container));
  return ReadOutliers(container, this);
}

Status Synthesise(const Model& model, const Container& container, const SampleRules& rules, int gap, Latents* latents,
                  const Progress& progress, void* samples) {
  const aecp_info& info = container.info;
  if (model.decoder.Size(latents->rows) != latents->rows * model.stride ||
      model.decoder.Size(latents->columns) != latents->columns * model.stride) {
    return BadModel("the paths of its decoder differ in size");
  }
  PixelRows rows(model, rules, latents);
  const size_t width = info.width, channels = static_cast<size_t>(info.channels), free = static_cast<size_t>(gap);
  const size_t line = width * (channels + free);
  std::vector<float> v(width * channels);
  for (uint32_t y = 0; y < info.height; ++y) {
    rows.Next(static_cast<int>(y), width, channels == 1 && model.image_channels == 3, v.data());
    if (info.bits == 8) {
      Store(v.data(), width, channels, free, static_cast<uint8_t*>(samples) + y * line);
    } else {
      Store(v.data(), width, channels, free, static_cast<uint16_t*>(samples) + y * line);
    }
    const bool band = (y + 1) % static_cast<uint32_t>(model.stride) == 0;
    if (band && progress(static_cast<double>(y + 1) / info.height) != 0) return {AECP_USAGE, "stopped by the caller"};
  }
  ApplyFilter(rules.filter, info, rules.low, rules.high, gap, samples);
  for (const SampleRules::Outlier& o : rules.outliers) {
    const size_t at =
        static_cast<size_t>(o.index / channels) * (channels + free) + static_cast<size_t>(o.index % channels);
    static_cast<uint16_t*>(samples)[at] = o.sample;
  }
  return {};
}

}  // namespace aecomp_portable
