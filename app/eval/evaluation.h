// The whole of an evaluation: aecomp on all pictures, then every peer at settings whose curve covers that of aecomp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/eval/eval_measure.h"
#include "app/eval/metric.h"
#include "app/eval/peer.h"
#include "app/eval/result_cache.h"
#include "io/status.h"
#include "model/codec/codec.h"

namespace aecomp {

/// A picture that is read when it is its turn: 8 or 16 bits, without alpha.
struct PictureSource {
  std::string name;
  /// notes: what was converted or left out.
  std::function<Result<Image>(std::vector<std::string>* notes)> read;
};

struct EvaluationPlan {
  std::vector<PictureSource> pictures;
  std::vector<double> qualities;  ///< of aecomp
  std::vector<Metric> metrics;
  std::vector<Peer> peers;
  ResultCache cache;
  bool estimate = false;  ///< see RunAecomp
  int threads = 1;
};

/// All may be empty; calls come from one thread at a time.
struct EvaluationTalk {
  std::function<void(const std::string&)> progress;  ///< a line that replaces the one before
  std::function<void(const std::string&)> message;   ///< a line that stays: notes and failures
  std::function<void(const Measurement&)> measured;
  std::function<bool()> interrupted;
};

struct EvaluationResult {
  std::vector<PictureSource> pictures;    ///< of which everything was measured
  std::vector<Measurement> measurements;  ///< aecomp's first, then peer by peer
  std::vector<Peer> peers;                ///< that did not fail, with the settings that were measured
  std::vector<Metric> metrics;            ///< whose programs did not fail
  size_t failed_pictures = 0;
  Status last_failure;    ///< of a picture
  bool left_out = false;  ///< a peer or a metric failed
  bool interrupted = false;
};

/// A picture or a peer that fails is named and left out, and the rest goes on. An interruption ends the work; pictures
/// that were not measured to the end are left out, and aecomp's measurements alone remain where no peer came so far.
EvaluationResult Evaluate(const EvaluationPlan& plan, Codec& codec, const EvaluationTalk& talk);

}  // namespace aecomp
