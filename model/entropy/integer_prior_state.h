// The contents of an IntegerPrior, which the files that make, store and run it share.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "model/entropy/coding_tables.h"
#include "model/entropy/integer_prior.h"
#include "model/integer/integer_conv.h"

namespace aecomp {

/// The input of the first layer means 0 at 128; every later one is the output of a relu and means 0 at 0.
inline constexpr int kInputZeroPoint = 128;

/// Compiled convolutions for one size of z and smaller ones, with the activations between them.
struct IntegerRunner {
  int h = 0, w = 0;
  std::vector<IntegerConv> convs;
  AlignedBuffer<uint8_t> input;                 // [h, w, N]
  std::vector<AlignedBuffer<uint8_t>> between;  // output of each layer but the last of each network
};

struct IntegerPrior::State {
  int qualities = 0, latent_channels = 0, hyper_channels = 0;
  int middle_quality = 0;  ///< whose rows say how much activity a position has
  int ratio = 4;           ///< elements of y per element of z, each way

  // z -> input of the hyper-decoder: clamp((z * multiplier + offset + 2^15) >> 16, 0, 255).
  std::vector<int32_t> input_multiplier, input_offset;  ///< [qualities, N]
  std::vector<uint8_t> z_rows;                          ///< [qualities, N]
  std::vector<int32_t> sigma_offset;                    ///< [qualities, M]: 1/256 rows
  std::vector<float> feature_scales;                    ///< [K]
  std::vector<uint8_t> gray_skipped;                    ///< [M] or empty
  CoarseModel coarse;
  std::vector<FrequencyRow> z_frequencies, y_frequencies;
  CodingTables z_tables, y_tables;
  std::vector<int> expected_z;  ///< [rows of z_tables], see ExpectedMagnitudes
  ZContextModel z_context;

  std::vector<IntegerLayer> layers;  ///< hyper-decoder, then sigma head
  std::vector<std::string> names;    ///< of the layers, as in the architecture
  size_t hyper_layers = 0;           ///< how many of them are the hyper-decoder's

  std::mutex mutex;  ///< of `idle`
  std::vector<std::unique_ptr<IntegerRunner>> idle;

  int MaxQuality() const { return qualities - 1; }
  const int32_t* SigmaOffset(int quality) const { return sigma_offset.data() + int64_t{quality} * latent_channels; }
  int ZeroPoint(size_t layer) const { return layer == 0 ? kInputZeroPoint : 0; }
  void QuantiseInput(int quality, const int16_t* z, int64_t positions, uint8_t* x) const;  // [h, w, N]
  Result<std::unique_ptr<IntegerRunner>> TakeRunner(int h, int w);
  void GiveBack(std::unique_ptr<IntegerRunner> runner);
};

/// Geometry and names of the layers, without numbers, from the architecture. Refuses what integers cannot run.
Result<std::shared_ptr<IntegerPrior::State>> MakeIntegerLayout(const Architecture& architecture);

}  // namespace aecomp
