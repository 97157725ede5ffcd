#include "app/batch/batch.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "app/guard.h"
#include "app/large_blocks.h"
#include "app/progress.h"
#include "app/streams.h"
#include "io/descriptor.h"
#include "io/memory.h"

namespace aecomp {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kLargeImage = 2 << 20;  // pixels: from here on all threads are busy with one image

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// An image too large for this machine must not take the rest of the batch with it.
Status TryOne(const FileWork& work, const PlannedFile& file, Worker& worker, FileReport& report) {
  try {
    RequireMemoryReserve();
    return work(file, worker, report);
  } catch (const std::exception& thrown) {
    return StatusOf(thrown, IsStream(file.input) ? "stdin" : file.input, int64_t{report.width} * report.height);
  }
}

/// What a stream gave is gone.
bool CanBeReadAgain(const std::string& input) { return !IsStream(input) && !IsWrittenInto(input); }

/// The lines of the files are progress enough where nothing can be rewritten.
ProgressMode Progress(const BatchOptions& options) {
  const bool shown = isatty(STDERR_FILENO) && !options.talk.quiet;
  return options.progress == ProgressMode::kAuto && !shown ? ProgressMode::kNever : options.progress;
}

/// Hands out the files in order, and prints what became of them in the same order.
class Batch {
 public:
  Batch(const BatchOptions& options, BatchPlan plan)
      : options_(options),
        plan_(std::move(plan.files)),
        passed_over_(plan.passed_over.size()),
        reports_(plan_.size()),
        progress_(Progress(options)) {
    for (const std::string& name : plan.passed_over) {
      if (options.talk.verbose) PrintError(name);
    }
  }

  void Work(const FileWork& work, Worker& worker) {
    for (size_t i = next_++; i < plan_.size() && !stop_; i = next_++) {
      FileReport report;
      report.input = plan_[i].input, report.output = plan_[i].output, report.skipped = plan_[i].skip;
      report.notes = plan_[i].notes;
      const auto start = Clock::now();
      if (!report.skipped) report.status = TryOne(work, plan_[i], worker, report);
      report.seconds = SecondsSince(start);
      if (report.status.code() == StatusCode::kMemory && CanBeReadAgain(plan_[i].input)) {
        worker.models.ForgetCodecs();  // they hold memory, and may be half made
        const std::lock_guard lock(mutex_);
        again_.push_back(i);
      } else {
        Finish(i, std::move(report));
      }
    }
  }

  /// The files that memory did not suffice for, one after the other, when no other worker takes any.
  void WorkAgain(const FileWork& work, Worker& worker) {
    for (const size_t i : std::exchange(again_, {})) {
      FileReport report;
      report.input = plan_[i].input, report.output = plan_[i].output;
      const auto start = Clock::now();
      report.status = TryOne(work, plan_[i], worker, report);
      report.seconds = SecondsSince(start);
      Finish(i, std::move(report));
    }
  }
  bool HasMore() const { return !again_.empty(); }

  Status Summary() {
    progress_.Clear();
    if (passed_over_ > 0 && !options_.talk.quiet) {
      PrintError(Format("%zu files or links in the folders passed over, being of other kinds%s", passed_over_,
                        options_.talk.verbose ? "" : "; -v names them"));
    }
    if (plan_.size() == 1) return Status(last_failure_.code(), "");
    std::string text = failed_ > 0 ? Format("%zu of %zu files failed", failed_, plan_.size()) : "";
    if (printed_ < plan_.size()) text += Format("; stopped with %zu files not looked at", plan_.size() - printed_);
    if (failed_ > 0) return {StatusCode::kSomeFailed, text};
    if (!options_.talk.quiet) {
      PrintError(Format("%zu files%s in %s", done_, skipped_ > 0 ? Format(" (and %zu skipped)", skipped_).c_str() : "",
                        HumanDuration(SecondsSince(start_)).c_str()));
    }
    return {};
  }

 private:
  void Finish(size_t i, FileReport report) {
    const std::lock_guard lock(mutex_);
    if (options_.fail_fast && !report.status.ok()) stop_ = true;
    reports_[i] = std::move(report);
    for (; printed_ < plan_.size() && reports_[printed_]; ++printed_) Print(*reports_[printed_]);
    ShowProgress();
  }

  void Print(FileReport& report) {
    progress_.Clear();
    PrintReport(report, options_.talk);
    if (report.skipped) ++skipped_;
    if (report.status.ok() && !report.skipped) ++done_;
    pixels_ += static_cast<double>(report.width) * report.height;
    if (report.status.ok()) return;
    ++failed_;
    last_failure_ = std::move(report.status);
  }

  void ShowProgress() {
    const double seconds = SecondsSince(start_), worked = static_cast<double>(printed_ - skipped_);
    if (worked < 1 || printed_ == plan_.size()) return;
    const double left = seconds / worked * static_cast<double>(plan_.size() - printed_);
    progress_.Show(Format("%zu of %zu files  %.1f files/s  %.1f megapixels/s  %s left", printed_, plan_.size(),
                          worked / seconds, pixels_ / 1e6 / seconds, HumanDuration(left).c_str()));
  }

  const BatchOptions& options_;
  const std::vector<PlannedFile> plan_;
  const size_t passed_over_;
  const Clock::time_point start_ = Clock::now();
  std::atomic<size_t> next_{0};
  std::atomic<bool> stop_{false};

  std::mutex mutex_;  // of all below
  std::vector<std::optional<FileReport>> reports_;
  std::vector<size_t> again_;
  ProgressLine progress_;
  size_t printed_ = 0, done_ = 0, failed_ = 0, skipped_ = 0;
  double pixels_ = 0;
  Status last_failure_;
};

}  // namespace

ThreadShares::ThreadShares(int threads, size_t files)
    : threads_(ThreadCount(threads)),
      workers_(static_cast<int>(std::min<size_t>(files, static_cast<size_t>(threads_)))) {}

int ThreadShares::ThreadsFor(int64_t pixels) const {
  return pixels >= kLargeImage ? threads_ : std::max(1, threads_ / workers_);
}

ThreadShares::Turn::Turn(ThreadShares& shares, int64_t pixels) {
  if (pixels >= kLargeImage) {
    large_ = std::unique_lock(shares.machine_);
  } else {
    small_ = std::shared_lock(shares.machine_);
  }
  UseThreads(shares.ThreadsFor(pixels));
}

Status RunBatch(const BatchOptions& options, const BatchKind& kind, const FileWork& work) {
  UseOneHeap();
  AECOMP_ASSIGN_OR_RETURN(auto plan, PlanBatch(options, kind));
  ModelStore store(options.model, options.precision, kind.use);
  ThreadShares shares(options.threads, plan.files.size());
  Batch batch(options, std::move(plan));
  const auto run = [&] {
    UseThreads(shares.threads());  // also while the model and the first image are read
    Worker worker{ModelSource(store), shares};
    batch.Work(work, worker);
  };
  std::vector<std::jthread> others;
  try {
    for (int i = 1; i < shares.workers(); ++i) others.emplace_back(run);
  } catch (const std::system_error&) {  // fewer workers
  }
  run();
  others.clear();
  if (batch.HasMore()) {
    ThreadShares alone(1, 1);
    UseThreads(alone.threads());
    Worker worker{ModelSource(store), alone};
    batch.WorkAgain(work, worker);
  }
  return batch.Summary();
}

}  // namespace aecomp
