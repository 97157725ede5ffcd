#include "train/run/ranks.h"

#include <algorithm>
#include <functional>

namespace aecomp {

bool Ranks::Any(bool mine) {
  double value = mine ? 1 : 0;
  group_.Max({&value, 1});
  return value != 0;
}

double Ranks::Least(double mine) {
  double negative = -mine;
  group_.Max({&negative, 1});
  return -negative;
}

double Ranks::FromFirst(double mine) {
  group_.Broadcast({&mine, 1});
  return mine;
}

void Ranks::FromFirst(std::vector<FrequencyRow>& rows) {
  rows.resize(static_cast<size_t>(FromFirst(static_cast<double>(rows.size()))));
  for (FrequencyRow& row : rows) {
    row.resize(static_cast<size_t>(FromFirst(static_cast<double>(row.size()))));
    std::vector<double> values(row.begin(), row.end());
    group_.Broadcast(values);
    std::transform(values.begin(), values.end(), row.begin(), [](double v) { return static_cast<uint16_t>(v); });
  }
}

Status Ranks::ExpectEqual(const std::string& text) {
  const double hash = static_cast<double>(std::hash<std::string>()(text) >> 12);  // a double holds 53 bits
  double range[] = {hash, -hash};
  group_.Max(range);
  if (range[0] == -range[1]) return {};
  return UsageError("the processes have different images, options or checkpoints; give all of them the same");
}

Status Ranks::Join(StepResult& r) {
  double values[] = {r.loss, r.bpp, r.z_bpp, r.mse};
  AECOMP_RETURN_IF_ERROR(group_.Finish(values));
  r = {values[0], values[1], values[2], values[3]};
  return {};
}

}  // namespace aecomp
