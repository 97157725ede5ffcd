#include "app/report/contestant.h"

#include <cmath>
#include <optional>
#include <utility>

#include "app/eval/peer_measure.h"
#include "app/eval/peer_positions.h"

namespace aecomp {
namespace {

double Distance(uint64_t a, uint64_t b) {
  return std::abs(std::log(static_cast<double>(a)) - std::log(static_cast<double>(b)));
}

}  // namespace

Contestant AecompContestant(std::string name, Codec& codec) {
  Contestant contestant{std::move(name), {}, true, {}};
  for (int q = 0; q <= 200; ++q) contestant.settings.push_back(q / 2.0);
  contestant.code = [&codec](const Original& original, double setting) -> Result<Coded> {
    AECOMP_ASSIGN_OR_RETURN(Restored restored, RunAecomp(codec, original.image, original.name, setting, false));
    auto image = std::make_shared<Image>(std::move(restored.image));
    return Coded{restored.measurement.bytes, [image]() -> Result<Image> { return image->Clone(); }};
  };
  return contestant;
}

Contestant PeerContestant(const Peer& peer, const MeasureContext& context) {
  Contestant contestant{peer.name, peer.qualities, false, {}};
  if (peer.has_axis()) {
    std::vector<int> positions;
    for (int i = 0; i <= QualityAxis::kPositions; ++i) positions.push_back(i);
    contestant.settings = SettingsAt(peer.axis, positions), contestant.rises = true;
  }
  contestant.code = [&peer, &context](const Original& original, double setting) -> Result<Coded> {
    AECOMP_ASSIGN_OR_RETURN(CodedFile file, EncodeWithPeer(peer, original, setting, context));
    const auto bytes = std::make_shared<std::vector<uint8_t>>(std::move(file.bytes));
    return Coded{bytes->size(), [&peer, &context, &original, bytes] {
                   return DecodeWithPeer(peer, original, *bytes, context, nullptr);
                 }};
  };
  return contestant;
}

Result<NearestSetting> Nearest(const Contestant& contestant, const Original& original, uint64_t bytes) {
  std::optional<NearestSetting> best;
  const auto try_at = [&](double setting) -> Result<uint64_t> {
    AECOMP_ASSIGN_OR_RETURN(Coded coded, contestant.code(original, setting));
    const uint64_t got = coded.bytes;
    if (!best || Distance(got, bytes) < Distance(best->coded.bytes, bytes)) best = {setting, std::move(coded)};
    return got;
  };
  if (contestant.settings.empty()) return UsageError(contestant.name + ": has no settings");
  if (!contestant.rises) {
    for (const double setting : contestant.settings) AECOMP_RETURN_IF_ERROR(try_at(setting).status());
    return std::move(*best);
  }
  for (size_t low = 0, high = contestant.settings.size(); low < high;) {
    const size_t middle = (low + high) / 2;
    AECOMP_ASSIGN_OR_RETURN(const uint64_t got, try_at(contestant.settings[middle]));
    if (got < bytes) low = middle + 1;
    if (got >= bytes) high = middle;
  }
  return std::move(*best);
}

}  // namespace aecomp
