// Codecs at equal bytes: each is asked for the setting whose file is nearest to a size.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/eval/eval_measure.h"
#include "app/eval/peer.h"
#include "model/codec/codec.h"

namespace aecomp {

/// A coded picture, decoded when it is asked for.
struct Coded {
  uint64_t bytes = 0;
  std::function<Result<Image>()> decode;
};

struct Contestant {
  std::string name;
  std::vector<double> settings;  ///< in order of bytes, which rise where `rises`
  bool rises = true;             ///< settings can be searched by halving; else all are tried
  std::function<Result<Coded>(const Original& original, double setting)> code;
};

/// aecomp with this codec, which must outlive the contestant.
Contestant AecompContestant(std::string name, Codec& codec);
/// peer and context must outlive it. Originals are those of ForPeers.
Contestant PeerContestant(const Peer& peer, const MeasureContext& context);

struct NearestSetting {
  double setting = 0;
  Coded coded;
};

/// The setting whose file is nearest to `bytes`, in ratio.
Result<NearestSetting> Nearest(const Contestant& contestant, const Original& original, uint64_t bytes);

}  // namespace aecomp
