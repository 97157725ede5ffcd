// The part of the entropy model that selects probability tables: z tables, hyper-decoder, sigma head and y tables, all
// in integers only, so that every machine selects the same tables. Exporting a model makes it once from the float
// model and stores it in the model file; it is never computed again.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "io/rans.h"
#include "io/status.h"
#include "model/base/parameters.h"
#include "model/base/safetensors.h"
#include "model/base/tensor.h"
#include "model/entropy/coarse.h"
#include "model/entropy/coding_tables.h"
#include "model/entropy/quality_map.h"
#include "model/entropy/z_context.h"
#include "model/integer/integer_layer.h"
#include "model/network/architecture.h"

namespace aecomp {

class IntegerPrior {
 public:
  /// Quantises hyper_decoder and sigma_head. `parameters` as they will be in the model file, that is rounded to f16.
  /// `calibration`: hyper-decoder inputs (z^ in its float scale, [N, h, w, C] rows) seen on training images; activation
  /// ranges are chosen from them, so they should cover all qualities and be several z wide. Fails with kModel, naming
  /// the layer, when a network has something other than conv2d, conv_transpose2d (without groups) and relu.
  static Result<IntegerPrior> Quantize(const Architecture& architecture, Parameters& parameters,
                                       std::span<const Tensor* const> calibration);
  Status Save(SafetensorsWriter& writer) const;
  /// Checks every number that Run relies on.
  static Result<IntegerPrior> Load(const Architecture& architecture, const SafetensorsFile& file);

  const CodingTables& z_tables() const;
  const CodingTables& y_tables() const;

  const std::vector<FrequencyRow>& y_frequencies() const;
  /// Replaces the y tables, of which there must be as many rows as before. Not while anything codes with them.
  Status SetYTables(std::vector<FrequencyRow> frequencies);

  /// Row of z_tables for each channel at a quality (1/16 steps). [N]
  std::span<const uint8_t> ZRows(int quality) const;

  /// z: [h, w, N] symbols of one tile. features: [4h, 4w, K] u8, value = feature * feature_scales()[channel]. y_rows:
  /// [4h, 4w, M] rows of y_tables; row 0 means "not coded, the value is 0". May be called from several threads. Fails
  /// only when there is no memory or the sizes do not close (kModel).
  /// With a map each position has a quality of its own, which selects its rows: qualities [4h, 4w], not written without
  /// a map.
  Status Run(int quality, const int16_t* z, int h, int w, uint8_t* features, uint8_t* y_rows,
             const QualityMap& map = {}, uint8_t* qualities = nullptr) const;
  /// Prepares Run for tiles of this size. Optional: call it where a thread has nothing else to do.
  Status Prepare(int h, int w) const;
  /// The same as Run, in plain loops: what Run is tested against.
  void RunScalar(int quality, const int16_t* z, int h, int w, uint8_t* features, uint8_t* y_rows,
                 const QualityMap& map = {}, uint8_t* qualities = nullptr) const;

  /// Channels of y that a colour model does not code in gray images, since they hold colour alone: not 0. [M], or empty
  /// when all are coded.
  std::span<const uint8_t> gray_skipped() const;
  void SetGraySkipped(std::vector<uint8_t> skipped);

  /// How the coarse channels of y are coded, which may be none.
  const CoarseModel& coarse() const;
  void SetCoarse(CoarseModel coarse);

  /// How z is coded by context; empty: each channel of z has a table at each quality.
  const ZContextModel& z_context() const;
  void SetZContext(ZContextModel model);
  /// The contexts of z at a quality.
  ZContexts ZContextsAt(int quality) const;
  /// Elements of y for each of z, each way.
  int ratio() const;

  /// [K]
  std::span<const float> feature_scales() const;
  int feature_channels() const { return static_cast<int>(feature_scales().size()); }

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace aecomp
