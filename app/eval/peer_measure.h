// One image through a peer at one setting, from the cache where it is known.
#pragma once

#include <cstdint>
#include <vector>

#include "app/eval/eval_measure.h"
#include "app/eval/metric.h"
#include "app/eval/peer.h"
#include "io/status.h"

namespace aecomp {

struct CodedFile {
  std::vector<uint8_t> bytes;
  double seconds = 0;  ///< to encode, when it was encoded
};

/// A picture as peers take it: 8 bits, no alpha.
Original ForPeers(const Original& original);

/// original: of ForPeers. kInput, with the peer's name, when it fails or writes nothing; kInterrupted.
Result<CodedFile> EncodeWithPeer(const Peer& peer, const Original& original, double setting,
                                 const MeasureContext& context);

/// The picture like the original in channels and depth: gray from three equal channels, 8 bits from 16. `seconds` (may
/// be null): to decode. kInput when the peer fails or what comes back is no picture of this size.
Result<Image> DecodeWithPeer(const Peer& peer, const Original& original, const std::vector<uint8_t>& bytes,
                             const MeasureContext& context, double* seconds);

/// Both, with all metrics of the context.
Result<Measurement> MeasurePeer(const Peer& peer, const Original& original, double setting,
                                const MeasureContext& context);

}  // namespace aecomp
