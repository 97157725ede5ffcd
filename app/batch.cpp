#include "app/batch.h"

#include <chrono>
#include <new>

namespace aecomp {
namespace {

/// An image too large for this machine must not take the rest of the batch with it.
Status Guarded(const FileWork& work, const PlannedFile& file, FileReport& report) {
  try {
    return work(file, report);
  } catch (const std::bad_alloc&) {
    return InputError(file.input + ": not enough memory for this image");
  }
}

}  // namespace

Status RunBatch(const BatchOptions& options, const std::string& extension, const FileWork& work) {
  using Clock = std::chrono::steady_clock;
  AECOMP_ASSIGN_OR_RETURN(const auto plan, PlanBatch(options, extension));
  UseThreads(options.threads);
  size_t failed = 0;
  Status last;
  for (const PlannedFile& file : plan) {
    FileReport report;
    report.input = file.input, report.output = file.output;
    const auto start = Clock::now();
    report.status = Guarded(work, file, report);
    report.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    PrintReport(report, options.talk);
    if (report.status.ok()) continue;
    ++failed;
    last = Status(report.status.code(), "");
  }
  if (plan.size() == 1 || failed == 0) return last;
  return {StatusCode::kSomeFailed, Format("%zu of %zu files failed", failed, plan.size())};
}

}  // namespace aecomp
