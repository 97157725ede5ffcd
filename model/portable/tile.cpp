#include "model/portable/tile.h"

#include <algorithm>
#include <cmath>

namespace aecomp_portable {
namespace {

/// Whether channel 0 of position (i, j) is in the first half; channels take turns.
int FirstHalf(int i, int j) { return (i + j + 1) % 2; }

/// What context_in reads of a position: step 3 of "The networks".
PORTABLE_VECTORISED
void SeePosition(const int16_t* symbols, const float* mu, const float* gain, const float* fixed, float inverse,
                 int first, int channels, int16_t* to) {
  for (int c = 0; c < channels; ++c) {
    const int16_t v = See(Compand((static_cast<float>(symbols[c]) + mu[c] * gain[c]) * fixed[c]), inverse);
    to[c] = static_cast<int16_t>((c & 1) == first ? v : 0);
  }
}

PORTABLE_VECTORISED
void AddToSecondHalf(const float* correction, int first, int channels, float* mu) {
  for (int c = 0; c < channels; ++c) mu[c] = (c & 1) == first ? mu[c] : mu[c] + correction[c];
}

/// Steps 5 and 6.
PORTABLE_VECTORISED
void RestorePosition(const int16_t* symbols, const float* mu, const float* gain, const float* step, int channels,
                     int16_t* to) {
  for (int c = 0; c < channels; ++c) {
    const float y = (static_cast<float>(symbols[c]) + mu[c] * gain[c]) * step[c];
    to[c] = static_cast<int16_t>(static_cast<int32_t>(RoundSmall(Limit(y * 1024, -32767, 32767))));
  }
}

/// How many of the numbers floor(100 * 2^(n / 8)) - 100, n = 1 .. 80, are not above the activity. No such power is so
/// near an integer that a pow of another library would matter, but for whole octaves, which are exact.
int Level(int64_t activity) {
  static const std::vector<int64_t> from = [] {
    std::vector<int64_t> v;
    for (int n = 1; n <= 80; ++n) v.push_back(static_cast<int64_t>(std::floor(100 * std::pow(2.0, n / 8.0))) - 100);
    return v;
  }();
  return static_cast<int>(std::upper_bound(from.begin(), from.end(), activity) - from.begin());
}

}  // namespace

TileDecoder::TileDecoder(const Model& model, const Container& file)
    : model_(model),
      quality_(file.info.quality),
      strength_(file.strength),
      reference_(file.reference),
      planes_((file.tools & kPlanes) != 0),
      z_by_context_((file.tools & kZByContext) != 0),
      gray_(file.info.channels == 1 && model.image_channels == 3),
      numbers_(static_cast<size_t>(model.qualities)) {}

const QualityNumbers& TileDecoder::Numbers(int quality) {
  QualityNumbers& n = numbers_[static_cast<size_t>(quality)];
  if (n.gain.empty()) n = model_.At(quality, gray_);
  return n;
}

/// Steps 1 to 3 of "Tables and rows".
void TileDecoder::FindFeatures() {
  const auto channels = static_cast<size_t>(model_.hyper_channels), row = static_cast<size_t>(quality_) * channels;
  const size_t line = static_cast<size_t>(z_size_.w) * channels;
  NetworkRun run(model_.hyper_decoder, z_size_.h, z_size_.w, [&](int y, int16_t* to) {
    const int16_t* z = z_.data() + static_cast<size_t>(y) * line;
    for (size_t i = 0; i < line; ++i) {
      const size_t c = row + i % channels;
      const int64_t u = (int64_t{z[i]} * model_.z_multiplier[c] + model_.z_offset[c] + (1 << 15)) >> 16;
      to[i] = static_cast<int16_t>(std::min<int64_t>(std::max<int64_t>(u, 0), 255) - 128);
    }
  });
  features_.resize(At(padded_.h, 0, model_.features));
  for (int y = 0; y < padded_.h; ++y) {
    const int64_t* from = run.NextIntegers();
    uint8_t* const to = features_.data() + At(y, 0, model_.features);
    const size_t size = At(1, 0, model_.features);
    for (size_t i = 0; i < size; ++i) {
      to[i] = static_cast<uint8_t>(std::min<int64_t>(std::max<int64_t>(from[i], 0), 255));
    }
  }
}

/// Step 4.
int TileDecoder::Row(int64_t v, int quality, int channel) const {
  const int64_t offset = model_.sigma_offset[static_cast<size_t>(quality * model_.latent_channels + channel)];
  const int64_t row = (v + offset + 128) >> 8;
  return static_cast<int>(std::min<int64_t>(std::max<int64_t>(row, 0), model_.y_tables.rows() - 1));
}

/// "Qualities by place". v: [M] of a position.
int TileDecoder::QualityOf(const int64_t* v) const {
  if (strength_ == 0) return quality_;
  const int most = model_.qualities - 1, middle = 8 * (model_.core_lambdas - 1);
  int64_t activity = 0;
  for (int c = 0; c < model_.latent_channels; ++c) activity += Row(v[c], middle, c);
  const int steps = (strength_ * (reference_ - Level(activity)) + 16) >> 5;
  return std::min(std::max(quality_ + std::min(std::max(steps, -16), 24), 0), most);
}

/// Step 4, and the channels that a gray file skips.
void TileDecoder::FindRows() {
  const int channels = model_.latent_channels;
  const size_t features = At(1, 0, model_.features);
  NetworkRun run(model_.sigma_head, padded_.h, padded_.w, [&](int y, int16_t* to) {
    std::copy_n(features_.data() + static_cast<size_t>(y) * features, features, to);
  });
  rows_.resize(At(padded_.h, 0, channels));
  qualities_.assign(At(padded_.h, 0, 1), static_cast<uint8_t>(quality_));
  for (int i = 0; i < padded_.h; ++i) {
    const int64_t* v = run.NextIntegers();
    for (int j = 0; j < padded_.w; ++j, v += channels) {
      const int quality = QualityOf(v);
      qualities_[At(i, j, 1)] = static_cast<uint8_t>(quality);
      uint8_t* const to = rows_.data() + At(i, j, channels);
      for (int c = 0; c < channels; ++c) {
        to[c] = static_cast<uint8_t>(model_.Skips(static_cast<size_t>(c), gray_) ? 0 : Row(v[c], quality, c));
      }
    }
  }
}

/// Symbols of y but for the coarse channels.
Status TileDecoder::ReadSymbols(const Bytes* streams, size_t parts) {
  const int channels = model_.latent_channels;
  std::vector<uint8_t> listed, coarse(static_cast<size_t>(channels));
  for (const int32_t c : model_.coarse.channels) coarse[static_cast<size_t>(c)] = 1;
  const auto for_each = [&](const auto& f) {
    for (int i = 0; i < place_.coded_h; ++i) {
      size_t at = At(i, 0, channels);
      for (int j = 0; j < place_.coded_w; ++j) {
        for (size_t c = 0; c < coarse.size(); ++c, ++at) {
          if (rows_[at] != 0 && coarse[c] == 0) f(at);
        }
      }
    }
  };
  for_each([&](size_t at) { listed.push_back(rows_[at]); });
  std::vector<int16_t> values;
  PORTABLE_TRY(DecodeParts(model_.y_tables, streams, parts, listed, &values));
  symbols_.assign(At(padded_.h, 0, channels), 0);
  auto next = values.begin();
  for_each([&](size_t at) { symbols_[at] = *next++; });
  return {};
}

void TileDecoder::FindMeans() {
  const size_t features = At(1, 0, model_.features), line = At(1, 0, model_.latent_channels);
  NetworkRun run(model_.mu_head, padded_.h, padded_.w, [&](int y, int16_t* to) {
    std::copy_n(features_.data() + static_cast<size_t>(y) * features, features, to);
  });
  mu_.resize(At(padded_.h, 0, model_.latent_channels));
  for (int y = 0; y < padded_.h; ++y) std::copy_n(run.NextFloats(), line, mu_.data() + static_cast<size_t>(y) * line);
}

/// Runs the networks of the context. Rows of one feed the other; what they correct is added to mu.
Status TileDecoder::Correct(CoarseDecoder* coarse) {
  const int channels = model_.latent_channels, features = model_.features, seen = model_.context_in.out();
  const float see_in = 1.f / model_.in_unit, see_joined = 1.f / model_.joined_unit;
  PORTABLE_TRY(coarse->FirstStages(mu_.data(), symbols_.data()));
  NetworkRun in(model_.context_in, padded_.h, padded_.w, [&](int i, int16_t* to) {
    for (int j = 0; j < padded_.w; ++j, to += channels) {
      const QualityNumbers& n = NumbersAt(i, j);
      const size_t at = At(i, j, channels);
      SeePosition(symbols_.data() + at, mu_.data() + at, n.mean_gain.data(), n.fixed.data(), see_in, FirstHalf(i, j),
                  channels, to);
    }
  });
  NetworkRun out(model_.context_out, padded_.h, padded_.w, [&](int i, int16_t* to) {
    const float* v = in.NextFloats();
    for (int j = 0; j < padded_.w; ++j) {
      const uint8_t* from = features_.data() + At(i, j, features);
      for (int k = 0; k < features; ++k) *to++ = static_cast<int16_t>(from[k] >> 1);
      for (int k = 0; k < seen; ++k) *to++ = See(*v++, see_joined);
    }
  });
  for (int i = 0; i < padded_.h; ++i) {
    const float* correction = out.NextFloats();
    for (int j = 0; j < padded_.w; ++j, correction += channels) {
      AddToSecondHalf(correction, FirstHalf(i, j), channels, mu_.data() + At(i, j, channels));
    }
  }
  return coarse->LastStage(mu_.data(), symbols_.data());
}

void TileDecoder::Restore(Latents* latents) {
  const int channels = model_.latent_channels;
  for (int i = 0; i < place_.coded_h; ++i) {
    for (int j = 0; j < place_.coded_w; ++j) {
      const QualityNumbers& n = NumbersAt(i, j);
      const size_t at = At(i, j, channels);
      RestorePosition(symbols_.data() + at, mu_.data() + at, n.mean_gain.data(), n.step.data(), channels,
                      latents->At(place_.row + i, place_.column + j));
    }
  }
}

Status TileDecoder::Decode(const std::vector<Bytes>& streams, const TilePlace& place, Latents* latents) {
  place_ = place;
  z_size_ = {DivideUp(place.coded_h, model_.ratio), DivideUp(place.coded_w, model_.ratio)};
  padded_ = {z_size_.h * model_.ratio, z_size_.w * model_.ratio};
  for (const int side : {z_size_.h, z_size_.w}) {
    const int y = side * model_.ratio;
    bool fits = model_.hyper_decoder.Size(side) == y;
    for (const Network* n : {&model_.sigma_head, &model_.mu_head, &model_.context_in, &model_.context_out}) {
      fits = fits && n->Size(y) == y;
    }
    if (!fits) return BadModel("the networks of its prior do not fit a tile of this size");
  }
  const size_t before = model_.coarse.channels.empty() ? 1 : 2;
  if (streams.size() <= before) return Corrupt("damaged: it has fewer streams than its model needs");
  PORTABLE_TRY(ReadZ(streams[0]));
  FindFeatures();
  FindRows();
  PORTABLE_TRY(ReadSymbols(streams.data() + before, streams.size() - before));
  FindMeans();
  const auto gain_at = [this](int i, int j, int channel) { return NumbersAt(i, j).gain[static_cast<size_t>(channel)]; };
  CoarseDecoder::Tile tile = {place.coded_h, place.coded_w, padded_.w, rows_.data(), gain_at, planes_};
  CoarseDecoder coarse(model_, tile, Numbers(quality_), streams[before - 1]);
  PORTABLE_TRY(Correct(&coarse));
  Restore(latents);
  return {};
}

}  // namespace aecomp_portable
