#include "model/portable/residual.h"

#include <memory>

#include "model/portable/residual_channel.h"

namespace aecomp_portable {
namespace {

struct Place {
  size_t top, left, height, width;
};

/// One tile. Channels are numbered as they are coded: green, red, blue.
class ResidualTile {
 public:
  ResidualTile(const Container& file, Bytes stream, const Place& place, int gap, void* samples)
      : coder_(stream),
        place_(place),
        base_(file.has_base()),
        deep_(file.info.bits == 16),
        step_(2 * file.most_error + 1),
        channels_(static_cast<size_t>(file.info.channels)),
        pixel_size_(channels_ + static_cast<size_t>(gap)),
        line_(pixel_size_ * file.info.width),
        samples_(samples),
        most_(channels_, deep_ ? 65535 : 255),
        values_(channels_) {}

  /// row_done: called after each row. Not 0: stop.
  Status Decode(const std::function<int()>& row_done);

 private:
  Status ReadMap();
  Status ReadPalette(uint32_t size);
  Status ReadValues(size_t channel);
  void Prepare(bool matches);
  void DecodeRow(int y);
  void DecodePlainRow(int y);
  void ReadBaseRow(int y);

  /// Place of a sample of the tile in the picture.
  size_t At(size_t y, size_t x, size_t channel) const {
    const size_t stored = channels_ == 1 || channel == 2 ? channel : 1 - channel;
    return (place_.top + y) * line_ + (place_.left + x) * pixel_size_ + stored;
  }
  void Put(size_t at, int32_t sample) {
    if (deep_) {
      static_cast<uint16_t*>(samples_)[at] = static_cast<uint16_t>(sample);
    } else {
      static_cast<uint8_t*>(samples_)[at] = static_cast<uint8_t>(sample);
    }
  }
  /// What was coded of a pixel, through the map of values.
  void PutCoded(size_t y, size_t x, size_t channel, int32_t coded);

  ResidualCoder coder_;
  const Place place_;
  const bool base_, deep_;
  const int32_t step_;
  const size_t channels_, pixel_size_, line_;
  void* const samples_;
  std::vector<int32_t> most_;  ///< of each coded channel
  std::vector<std::vector<int32_t>> palette_, values_;
  std::vector<std::unique_ptr<ResidualChannel>> coded_;
  std::unique_ptr<Matches> matches_;
  std::vector<int32_t> base_rows_[3][3];  ///< [channel, row % 3], with the ends repeated
};

Status ResidualTile::ReadPalette(uint32_t size) {
  if (size > 256) return Corrupt("damaged: a palette is too large");
  palette_.assign(size, std::vector<int32_t>(channels_));
  for (size_t c = 0; c < channels_; ++c) {
    int64_t value = 0;
    for (std::vector<int32_t>& colour : palette_) {
      const bool down = coder_.Bits(1) != 0;
      const int64_t distance = coder_.Number();
      value += down ? -distance : distance;
      if (value < 0 || value > most_[c]) return Corrupt("damaged: a colour that a pixel cannot have");
      colour[c] = static_cast<int32_t>(value);
    }
  }
  if (size > 0) most_ = {static_cast<int32_t>(size) - 1};
  return {};
}

Status ResidualTile::ReadValues(size_t channel) {
  const uint32_t count = coder_.Number();
  if (count > static_cast<uint32_t>(most_[channel]) + 1) return Corrupt("damaged: more values than a sample has");
  AdaptiveBit same;
  int64_t value = -1, gap = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (!coder_.Bit(&same)) gap = coder_.Number();
    value += 1 + gap;
    if (value > most_[channel]) return Corrupt("damaged: a value that a sample cannot have");
    values_[channel].push_back(static_cast<int32_t>(value));
  }
  if (count > 0) most_[channel] = static_cast<int32_t>(count) - 1;
  return {};
}

Status ResidualTile::ReadMap() {
  if (channels_ == 3) PORTABLE_TRY(ReadPalette(coder_.Number()));
  for (size_t c = 0; palette_.empty() && c < channels_; ++c) PORTABLE_TRY(ReadValues(c));
  return {};
}

void ResidualTile::PutCoded(size_t y, size_t x, size_t channel, int32_t coded) {
  if (!palette_.empty()) {
    for (size_t c = 0; c < channels_; ++c) Put(At(y, x, c), palette_[static_cast<size_t>(coded)][c]);
  } else {
    const std::vector<int32_t>& values = values_[channel];
    Put(At(y, x, channel), values.empty() ? coded : values[static_cast<size_t>(coded)]);
  }
}

/// For modes in which samples are predicted.
void ResidualTile::Prepare(bool matches) {
  std::vector<ResidualChannel*> before;
  for (const int32_t most : most_) {
    coded_.emplace_back(new ResidualChannel(before, place_.width, most, step_, base_));
    coded_.back()->Read(&coder_);
    before.push_back(coded_.back().get());
  }
  if (matches) matches_.reset(new Matches(place_.width));
  for (auto& rows : base_rows_) {
    for (std::vector<int32_t>& row : rows) row.resize(place_.width + 2);
  }
  if (base_) ReadBaseRow(0);
}

/// Before row y - 1 of the tile is put over it.
void ResidualTile::ReadBaseRow(int y) {
  const size_t row = std::min(static_cast<size_t>(y), place_.height - 1);
  for (size_t c = 0; c < channels_; ++c) {
    std::vector<int32_t>& to = base_rows_[c][y % 3];
    for (size_t x = 0; x < place_.width; ++x) {
      const size_t at = At(row, x, c);
      to[x + 1] = deep_ ? static_cast<const uint16_t*>(samples_)[at] : static_cast<const uint8_t*>(samples_)[at];
    }
    to[0] = to[1], to[place_.width + 1] = to[place_.width];
  }
}

void ResidualTile::DecodeRow(int y) {
  const int32_t* base[3][3] = {};
  if (base_) {
    ReadBaseRow(y + 1);
    for (size_t c = 0; c < channels_; ++c) {
      const auto row = [&](int i) { return base_rows_[c][i % 3].data() + 1; };
      base[c][0] = row(std::max(y - 1, 0)), base[c][1] = row(y), base[c][2] = row(y + 1);
    }
  }
  for (auto& channel : coded_) channel->BeginRow(y);
  if (matches_) matches_->BeginRow(y);
  for (size_t x = 0; x < place_.width; ++x) {
    const int at = static_cast<int>(x);
    uint64_t pixel = 0;
    const bool known = matches_ && matches_->Read(&coder_, at, &pixel);
    if (!known) pixel = 0;
    for (size_t c = 0; c < coded_.size(); ++c) {
      int32_t sample = static_cast<int32_t>(pixel >> 16 * c & 0xFFFF);
      if (known) {
        coded_[c]->Set(at, sample);
      } else {
        sample = coded_[c]->Decode(&coder_, at, base[c]);
        pixel |= static_cast<uint64_t>(sample) << 16 * c;
      }
      PutCoded(static_cast<size_t>(y), x, c, sample);
    }
    if (matches_) matches_->Learn(at, pixel);
  }
  for (auto& channel : coded_) channel->EndRow();
  if (matches_) matches_->EndRow();
}

void ResidualTile::DecodePlainRow(int y) {
  for (size_t x = 0; x < place_.width; ++x) {
    for (size_t c = 0; c < most_.size(); ++c) {
      int bits = 0;
      while ((most_[c] + step_ / 2) / step_ >> bits != 0) ++bits;
      const int64_t sample = int64_t{step_} * coder_.Wide(bits);
      PutCoded(static_cast<size_t>(y), x, c, static_cast<int32_t>(std::min<int64_t>(sample, most_[c])));
    }
  }
}

Status ResidualTile::Decode(const std::function<int()>& row_done) {
  if (step_ == 1 && !base_) PORTABLE_TRY(ReadMap());
  const uint32_t mode = coder_.Bits(2);
  if (mode == 3) return Corrupt("damaged: a way of coding residuals that does not exist");
  if (mode != 2) Prepare(mode == 1);
  for (size_t y = 0; y < place_.height && !coder_.damaged(); ++y) {
    mode == 2 ? DecodePlainRow(static_cast<int>(y)) : DecodeRow(static_cast<int>(y));
    if (row_done() != 0) return {AECP_USAGE, "stopped by the caller"};
  }
  return coder_.whole() ? Status() : Corrupt("damaged: a residual stream does not end where it should");
}

}  // namespace

Status DecodeResiduals(const Container& container, int gap, const Progress& progress, void* samples) {
  const aecp_info& info = container.info;
  const size_t size = info.tile_size, across = (info.width + size - 1) / size;
  double done = 0;
  for (size_t t = 0; t < container.residuals.size(); ++t) {
    const size_t top = t / across * size, left = t % across * size;
    const Place place = {top, left, std::min(size, info.height - top), std::min(size, info.width - left)};
    ResidualTile tile(container, container.residuals[t], place, gap, samples);
    const double part = static_cast<double>(place.width) / info.width / info.height;
    const Status status = tile.Decode([&] { return progress(std::min(done += part, 1.0)); });
    if (!status.ok()) return {status.code(), "tile " + std::to_string(t) + ": " + status.message()};
  }
  return {};
}

}  // namespace aecomp_portable
