#include "app/eval/evaluation.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "app/eval/peer_measure.h"
#include "app/eval/peer_positions.h"
#include "app/eval/rd_curve.h"
#include "app/eval/work_clock.h"
#include "app/eval/worker_pool.h"
#include "app/guard.h"
#include "app/report.h"

namespace aecomp {
namespace {

constexpr size_t kSamples = 3;            // pictures on which settings of peers are chosen
constexpr size_t kLikelyPoints = 6;       // of a peer's curve, before they are chosen
constexpr int kMostExtensions = 4;        // rounds in which curves are made longer
constexpr size_t kMostKept = 256u << 20;  // bytes of decoded pictures that wait for their measures
const std::vector<Metric> kPsnrAlone = {Metric::kPsnr};

/// What one picture gave so far.
struct PictureState {
  PictureSource source;
  std::vector<Measurement> own;
  std::map<std::pair<size_t, double>, Measurement> peers;  ///< by peer and setting
  bool noted_depth = false;
};

class Evaluator {
 public:
  Evaluator(const EvaluationPlan& plan, Codec& codec, const EvaluationTalk& talk)
      : plan_(plan),
        codec_(codec),
        talk_(talk),
        peers_(plan.peers),
        dead_(plan.peers.size()),
        positions_(plan.peers.size()),
        clock_(plan.pictures.size() * (plan.qualities.size() + plan.peers.size() * kLikelyPoints)),
        context_{plan_.metrics, plan_.cache, talk.interrupted,
                 [this](Metric metric, const Status& status) { FailMetric(metric, status); }} {}

  EvaluationResult Run() {
    for (const PictureSource& source : plan_.pictures) {
      if (!Stopped()) MeasureOwn(source);
    }
    if (!peers_.empty() && !states_.empty() && !Stopped()) MeasurePeers();
    return Collect();
  }

 private:
  bool Stopped() const { return talk_.interrupted && talk_.interrupted(); }

  void Say(const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (talk_.message) talk_.message(text);
  }
  void ShowProgress(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (talk_.progress) talk_.progress(clock_.Text() + "  " + name);
  }
  void FailMetric(Metric metric, const Status& status) {
    {
      const std::lock_guard lock(mutex_);
      if (!failed_metrics_.insert(metric).second) return;
    }
    Say(std::string(InfoOf(metric).label) + ": left out: " + status.message());
  }
  void FailPeer(size_t peer, const Status& status) {
    if (status.code() == StatusCode::kInterrupted || dead_[peer].exchange(true)) return;
    Say(status.message() + "; " + peers_[peer].name + " is left out");
  }

  Result<Original> Read(const PictureSource& source, std::vector<std::string>* notes) {
    return Guarded(source.name, [&]() -> Result<Original> {
      AECOMP_ASSIGN_OR_RETURN(Image image, source.read(notes));
      return MakeOriginal(source.name, std::move(image));
    });
  }

  void MeasureOwn(const PictureSource& source) {
    ShowProgress(source.name);
    PictureState state{source, {}, {}, false};
    const Status status = Guarded(source.name, [&] { return MeasureOwn(source, state); });
    if (status.code() == StatusCode::kInterrupted) return;
    if (status.ok()) {
      states_.push_back(std::move(state));
      return;
    }
    result_.last_failure = status;
    ++result_.failed_pictures;
    if (plan_.pictures.size() > 1) Say(status.message());
  }

  Status MeasureOwn(const PictureSource& source, PictureState& state) {
    std::vector<std::string> notes;
    const auto read = Read(source, &notes);
    for (const std::string& note : notes) Say(source.name + ": note: " + note);
    AECOMP_RETURN_IF_ERROR(read.status());
    const Original& original = read.value();
    const Image& image = original.image;
    if (sizes_.emplace(image.width, image.height).second) {  // compile outside the times that are reported
      AECOMP_RETURN_IF_ERROR(RunAecomp(codec_, image, source.name, plan_.qualities.front(), false).status());
    }
    const size_t chunk = std::max<size_t>(1, kMostKept / std::max<size_t>(1, image.pixels.size()));
    std::vector<Restored> restored;
    for (size_t i = 0; i < plan_.qualities.size(); ++i) {
      AECOMP_ASSIGN_OR_RETURN(Restored one, RunAecomp(codec_, image, source.name, plan_.qualities[i], plan_.estimate));
      restored.push_back(std::move(one));
      if (restored.size() < chunk && i + 1 < plan_.qualities.size()) continue;
      AECOMP_RETURN_IF_ERROR(ScoreOwn(original, restored, state));
      restored.clear();
    }
    return {};
  }

  Status ScoreOwn(const Original& original, std::vector<Restored>& restored, PictureState& state) {
    std::vector<Status> statuses(restored.size());
    RunJobs(
        restored.size(), plan_.threads,
        [&](size_t i) {
          statuses[i] = Measure(original, restored[i].image, context_, restored[i].measurement.scores);
          clock_.Done();
          ShowProgress(original.name + "  aecomp");
        },
        talk_.interrupted);
    if (Stopped()) return {StatusCode::kInterrupted, "interrupted"};
    for (const Status& status : statuses) AECOMP_RETURN_IF_ERROR(status);
    for (Restored& one : restored) {
      if (talk_.measured) talk_.measured(one.measurement);
      state.own.push_back(std::move(one.measurement));
    }
    return {};
  }

  void MeasurePeers() {
    ChooseSettings();
    for (int round = 0; round <= kMostExtensions; ++round) {
      size_t points = 0;
      for (size_t p = 0; p < peers_.size(); ++p) points += dead_[p] ? 0 : peers_[p].qualities.size();
      clock_.Expect(states_.size() * (plan_.qualities.size() + points));
      for (PictureState& state : states_) {
        if (!Stopped()) MeasurePeersOn(state);
      }
      if (Stopped() || !Extend()) return;
    }
  }

  /// Where a peer has no qualities of its own, some that cover aecomp's curve, by the PSNR of a few pictures.
  void ChooseSettings() {
    std::vector<Original> samples;
    double low = 0, high = 0;
    const size_t count = std::min(kSamples, states_.size());
    for (size_t i = 0; i < count; ++i) {
      const PictureState& state = states_[i * states_.size() / count];
      auto original = Read(state.source, nullptr);
      if (!original.ok()) continue;  // MeasurePeersOn says so
      const auto [worst, best] = std::minmax_element(
          state.own.begin(), state.own.end(),
          [](const Measurement& a, const Measurement& b) { return a.scores[Metric::kPsnr] < b.scores[Metric::kPsnr]; });
      low += std::min(worst->scores[Metric::kPsnr], kMostScore),
          high += std::min(best->scores[Metric::kPsnr], kMostScore);
      samples.push_back(ForPeers(original.value()));
    }
    if (samples.empty()) return;
    const double n = static_cast<double>(samples.size());
    RunJobs(
        peers_.size(), plan_.threads, [&](size_t p) { ChooseSettings(p, samples, low / n, high / n); },
        talk_.interrupted);
  }

  void ChooseSettings(size_t p, const std::vector<Original>& samples, double low, double high) {
    if (!peers_[p].qualities.empty()) return;
    ShowProgress("settings of " + peers_[p].name);
    const MeasureContext context{kPsnrAlone, plan_.cache, talk_.interrupted, {}};
    std::map<int, double> known;
    const auto score = [&](int position) -> Result<double> {
      if (const auto found = known.find(position); found != known.end()) return found->second;
      double sum = 0;
      for (const Original& sample : samples) {
        AECOMP_ASSIGN_OR_RETURN(const Measurement m,
                                MeasurePeer(peers_[p], sample, peers_[p].axis.At(position), context));
        sum += std::min(m.scores[Metric::kPsnr], kMostScore);
      }
      return known[position] = sum / static_cast<double>(samples.size());
    };
    auto positions = Guarded(peers_[p].name, [&] { return ChoosePositions(low, high, score); });
    if (!positions.ok()) return FailPeer(p, positions.status());
    positions_[p] = std::move(positions).value();
    peers_[p].qualities = SettingsAt(peers_[p].axis, positions_[p]);
  }

  void MeasurePeersOn(PictureState& state) {
    struct Job {
      size_t peer;
      double setting;
    };
    std::vector<Job> jobs;
    for (size_t p = 0; p < peers_.size(); ++p) {
      for (const double setting : peers_[p].qualities) {
        if (!dead_[p] && !state.peers.contains({p, setting})) jobs.push_back({p, setting});
      }
    }
    if (jobs.empty()) return;
    const auto read = Read(state.source, nullptr);
    if (!read.ok()) return Say(read.status().message() + "; other codecs were not measured on it");
    if (read.value().image.bits == 16 && !std::exchange(state.noted_depth, true)) {
      Say(state.source.name + ": note: the other codecs get 8 bits per sample");
    }
    const Original original = ForPeers(read.value());
    RunJobs(
        jobs.size(), plan_.threads,
        [&](size_t i) {
          const size_t p = jobs[i].peer;
          const double setting = jobs[i].setting;
          if (dead_[p]) return;
          auto m = Guarded(peers_[p].name, [&] { return MeasurePeer(peers_[p], original, setting, context_); });
          clock_.Done();
          if (!m.ok()) return FailPeer(p, m.status());
          ShowProgress(original.name + "  " + peers_[p].name);
          const std::lock_guard lock(mutex_);
          if (talk_.measured) talk_.measured(m.value());
          state.peers.emplace(std::pair(p, setting), std::move(m).value());
        },
        talk_.interrupted);
  }

  bool IsComplete(const PictureState& state) const {
    for (size_t p = 0; p < peers_.size(); ++p) {
      for (const double setting : peers_[p].qualities) {
        if (!dead_[p] && !state.peers.contains({p, setting})) return false;
      }
    }
    return true;
  }

  /// Adds settings where a mean curve does not reach an end of aecomp's. False: nothing was added.
  bool Extend() {
    std::vector<Measurement> all;
    for (const PictureState& state : states_) all.insert(all.end(), state.own.begin(), state.own.end());
    const RdCurve own = MeanCurves(all).front();
    bool extended = false;
    for (size_t p = 0; p < peers_.size(); ++p) {
      if (dead_[p] || positions_[p].empty()) continue;
      all.clear();
      for (const PictureState& state : states_) {
        for (const auto& [key, m] : state.peers) {
          if (key.first == p) all.push_back(m);
        }
      }
      if (all.empty()) continue;
      const RdCurve curve = MeanCurves(all).front();
      bool downward = false, upward = false;
      for (const Metric metric : plan_.metrics) {
        const Range wanted = RangeOf(own, metric), got = RangeOf(curve, metric);
        downward |= got.low > wanted.low, upward |= got.high < wanted.high;
      }
      std::vector<int> longer = Extended(positions_[p], downward, upward);
      if (longer == positions_[p]) continue;
      positions_[p] = std::move(longer);
      peers_[p].qualities = SettingsAt(peers_[p].axis, positions_[p]);
      extended = true;
    }
    return extended;
  }

  EvaluationResult Collect() {
    result_.interrupted = Stopped();
    for (const Metric metric : plan_.metrics) {
      if (!failed_metrics_.contains(metric)) result_.metrics.push_back(metric);
    }
    result_.left_out = !failed_metrics_.empty();
    std::vector<const PictureState*> complete;
    for (const PictureState& state : states_) {
      if (IsComplete(state)) complete.push_back(&state);
    }
    const bool with_peers = !complete.empty();
    if (!with_peers) {
      for (const PictureState& state : states_) complete.push_back(&state);
    }
    if (complete.size() < states_.size()) {
      Say(Format("stopped: %zu of %zu images were measured to the end", complete.size(), states_.size()));
    }
    for (const PictureState* state : complete) {
      result_.pictures.push_back(state->source);
      for (const Measurement& m : state->own) result_.measurements.push_back(m);
    }
    for (size_t p = 0; p < peers_.size(); ++p) {
      result_.left_out |= dead_[p];
      if (dead_[p] || !with_peers || peers_[p].qualities.empty()) continue;
      for (const PictureState* state : complete) {
        for (const auto& [key, m] : state->peers) {
          if (key.first == p) result_.measurements.push_back(m);
        }
      }
      result_.peers.push_back(peers_[p]);
    }
    return std::move(result_);
  }

  const EvaluationPlan& plan_;
  Codec& codec_;
  const EvaluationTalk& talk_;
  std::vector<Peer> peers_;
  std::vector<std::atomic<bool>> dead_;
  std::vector<std::vector<int>> positions_;  ///< of peers whose settings are chosen here
  WorkClock clock_;
  const MeasureContext context_;
  std::mutex mutex_;
  std::set<Metric> failed_metrics_;
  std::set<std::pair<int, int>> sizes_;  ///< for which the codec has compiled its networks
  std::vector<PictureState> states_;
  EvaluationResult result_;
};

}  // namespace

EvaluationResult Evaluate(const EvaluationPlan& plan, Codec& codec, const EvaluationTalk& talk) {
  return Evaluator(plan, codec, talk).Run();
}

}  // namespace aecomp
