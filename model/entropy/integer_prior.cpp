#include "model/entropy/integer_prior.h"

#include <cstring>
#include <exception>
#include <numeric>

#include "model/base/onednn.h"
#include "model/entropy/integer_prior_state.h"

namespace aecomp {

void IntegerPrior::State::QuantiseInput(int quality, const int16_t* z, int64_t positions, uint8_t* x) const {
  const int32_t* multiplier = input_multiplier.data() + int64_t{quality} * hyper_channels;
  const int32_t* offset = input_offset.data() + int64_t{quality} * hyper_channels;
  for (int64_t i = 0; i < positions; ++i) {
    for (int c = 0; c < hyper_channels; ++c) {
      *x++ = ClampToU8((int64_t{*z++} * multiplier[c] + offset[c] + (1 << 15)) >> 16);
    }
  }
}

Result<std::unique_ptr<IntegerRunner>> IntegerPrior::State::TakeRunner(int h, int w) {
  {
    const std::lock_guard lock(mutex);
    for (auto& runner : idle) {
      if (h > runner->h || w > runner->w || 2 * w < runner->w) continue;  // see TileCoder::SetSize
      auto taken = std::move(runner);
      std::swap(runner, idle.back());
      idle.pop_back();
      for (IntegerConv& conv : taken->convs) {
        conv.SetSize(h, w);
        h = conv.output().h, w = conv.output().w;
      }
      return taken;
    }
  }
  auto runner = std::make_unique<IntegerRunner>();
  runner->h = h, runner->w = w;
  try {
    Shape shape{1, hyper_channels, h, w};
    runner->input = AlignedBuffer<uint8_t>(static_cast<size_t>(shape.size()));
    for (size_t i = 0; i < layers.size(); ++i) {
      runner->convs.emplace_back(layers[i], shape.h, shape.w, ZeroPoint(i));
      shape = runner->convs.back().output();
      const bool callers = i + 1 == hyper_layers || i + 1 == layers.size();
      runner->between.emplace_back(callers ? 0 : static_cast<size_t>(shape.size()));
    }
    if (shape.h != h * ratio || shape.w != w * ratio)
      return ModelError("the integer prior does not fit a tile of this size");
  } catch (const std::exception& e) {  // dnnl::error, std::bad_alloc
    onednn::PassOnOutOfMemory(e);
    return ModelError(std::string("the integer prior cannot be set up: ") + e.what());
  }
  return runner;
}

void IntegerPrior::State::GiveBack(std::unique_ptr<IntegerRunner> runner) {
  constexpr size_t kMostIdle = 8;  // those of an image (see Codec), for several threads
  const std::lock_guard lock(mutex);
  if (idle.size() >= kMostIdle) idle.erase(idle.begin());
  idle.push_back(std::move(runner));
}

const CodingTables& IntegerPrior::z_tables() const { return state_->z_tables; }
const CodingTables& IntegerPrior::y_tables() const { return state_->y_tables; }
const std::vector<FrequencyRow>& IntegerPrior::y_frequencies() const { return state_->y_frequencies; }
std::span<const float> IntegerPrior::feature_scales() const { return state_->feature_scales; }
std::span<const uint8_t> IntegerPrior::gray_skipped() const { return state_->gray_skipped; }
void IntegerPrior::SetGraySkipped(std::vector<uint8_t> skipped) { state_->gray_skipped = std::move(skipped); }

const CoarseModel& IntegerPrior::coarse() const { return state_->coarse; }
void IntegerPrior::SetCoarse(CoarseModel coarse) { state_->coarse = std::move(coarse); }

const ZContextModel& IntegerPrior::z_context() const { return state_->z_context; }
void IntegerPrior::SetZContext(ZContextModel model) { state_->z_context = std::move(model); }
ZContexts IntegerPrior::ZContextsAt(int quality) const { return {ZRows(quality), state_->expected_z}; }
int IntegerPrior::ratio() const { return state_->ratio; }

Status IntegerPrior::SetYTables(std::vector<FrequencyRow> frequencies) {
  if (std::ssize(frequencies) != y_tables().rows()) return ModelError("tables of another number of rows");
  AECOMP_ASSIGN_OR_RETURN(state_->y_tables, CodingTables::Create(frequencies));
  state_->y_frequencies = std::move(frequencies);
  return {};
}

std::span<const uint8_t> IntegerPrior::ZRows(int quality) const {
  const size_t n = static_cast<size_t>(state_->hyper_channels);
  return std::span(state_->z_rows).subspan(static_cast<size_t>(quality) * n, n);
}

Status IntegerPrior::Run(int quality, const int16_t* z, int h, int w, uint8_t* features, uint8_t* y_rows,
                         const QualityMap& map, uint8_t* qualities) const {
  State& s = *state_;
  AECOMP_ASSIGN_OR_RETURN(std::unique_ptr<IntegerRunner> runner, s.TakeRunner(h, w));
  s.QuantiseInput(quality, z, int64_t{h} * w, runner->input.data());
  const uint8_t* x = runner->input.data();
  try {
    for (size_t i = 0; i + 1 < s.layers.size(); ++i) {
      uint8_t* y = i + 1 == s.hyper_layers ? features : runner->between[i].data();
      runner->convs[i].RunToU8(x, y);
      x = y;
    }
    const int most = s.y_tables.rows() - 1;
    if (map.empty()) {
      runner->convs.back().RunToRows(x, s.SigmaOffset(quality), most, y_rows);
    } else {
      const auto choose = [&](int64_t pixel, const uint8_t* middle) {
        const uint32_t activity = std::accumulate(middle, middle + s.latent_channels, 0u);
        const int own = QualityAt(map, quality, activity, s.MaxQuality());
        qualities[pixel] = static_cast<uint8_t>(own);
        return s.SigmaOffset(own);
      };
      runner->convs.back().RunToRows(x, s.SigmaOffset(s.middle_quality), choose, most, y_rows);
    }
  } catch (const std::exception& e) {
    onednn::PassOnOutOfMemory(e);
    return ModelError(std::string("the integer prior cannot be run: ") + e.what());
  }
  s.GiveBack(std::move(runner));
  return {};
}

Status IntegerPrior::Prepare(int h, int w) const {
  AECOMP_ASSIGN_OR_RETURN(std::unique_ptr<IntegerRunner> runner, state_->TakeRunner(h, w));
  state_->GiveBack(std::move(runner));
  return {};
}

void IntegerPrior::RunScalar(int quality, const int16_t* z, int h, int w, uint8_t* features, uint8_t* y_rows,
                             const QualityMap& map, uint8_t* qualities) const {
  const State& s = *state_;
  Shape shape{1, s.hyper_channels, h, w};
  std::vector<uint8_t> x(static_cast<size_t>(shape.size()));
  s.QuantiseInput(quality, z, int64_t{h} * w, x.data());
  for (size_t i = 0; i < s.layers.size(); ++i) {
    const IntegerLayer& layer = s.layers[i];
    const Shape output = layer.OutputShape(shape);
    std::vector<int32_t> acc(static_cast<size_t>(output.size()));
    AccumulateScalar(layer, x.data(), shape.h, shape.w, s.ZeroPoint(i), acc.data());
    const bool last = i + 1 == s.layers.size();
    std::vector<uint8_t> y(acc.size());
    const auto row_at = [&](size_t k, int q) {
      const size_t c = k % static_cast<size_t>(layer.out);
      const int64_t value = Requantise(acc[k], layer.multiplier[c], layer.shift);
      return static_cast<uint8_t>(
          std::clamp<int64_t>((value + s.SigmaOffset(q)[c] + 128) >> 8, 0, s.y_tables.rows() - 1));
    };
    for (size_t k = 0; k < acc.size(); ++k) {
      const size_t c = k % static_cast<size_t>(layer.out);
      y[k] = last ? row_at(k, quality) : ClampToU8(Requantise(acc[k], layer.multiplier[c], layer.shift));
    }
    for (size_t first = 0; last && !map.empty() && first < acc.size(); first += static_cast<size_t>(layer.out)) {
      uint32_t activity = 0;
      const size_t end = first + static_cast<size_t>(layer.out);
      for (size_t k = first; k < end; ++k) activity += row_at(k, s.middle_quality);
      const int own = QualityAt(map, quality, activity, s.MaxQuality());
      for (size_t k = first; k < end; ++k) y[k] = row_at(k, own);
      qualities[first / static_cast<size_t>(layer.out)] = static_cast<uint8_t>(own);
    }
    if (i + 1 == s.hyper_layers) std::memcpy(features, y.data(), y.size());
    if (last) std::memcpy(y_rows, y.data(), y.size());
    x = std::move(y), shape = output;
  }
}

}  // namespace aecomp
