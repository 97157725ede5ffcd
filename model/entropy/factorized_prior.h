// The prior without networks: every channel of y has one table at every quality, and a decoder needs nothing else. The
// tables are integers; exporting a model chooses them and stores them in its file.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "io/rans.h"
#include "io/status.h"
#include "model/base/safetensors.h"
#include "model/entropy/coding_tables.h"
#include "model/network/architecture.h"

namespace aecomp {

class FactorizedPrior {
 public:
  /// No channels.
  FactorizedPrior() = default;

  /// Chooses from FactorizedFrequencies() the tables that code the counted symbols in the fewest bits. counts: called
  /// for each quality from 0 to max_quality(); gives as many channels as the architecture has latent ones.
  static Result<FactorizedPrior> Choose(const Architecture& architecture,
                                        const std::function<SymbolCounts(int quality)>& counts);
  void Save(SafetensorsWriter& writer) const;
  /// Checks every number. kModel names the tensor.
  static Result<FactorizedPrior> Load(const Architecture& architecture, const SafetensorsFile& file);

  const CodingTables& tables() const { return tables_; }
  /// Row of tables() for each channel at a quality (1/16 steps). [M]
  std::span<const uint8_t> Rows(int quality) const;

 private:
  Status SetTables(std::vector<FrequencyRow> frequencies);

  size_t channels_ = 0;
  std::vector<uint8_t> rows_;  // [qualities, M]
  std::vector<FrequencyRow> frequencies_;
  CodingTables tables_;
};

}  // namespace aecomp
