// Runs one piece of work over a planned batch: one bad file does not stop the others.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/options.h"
#include "app/plan.h"
#include "app/report.h"

namespace aecomp {

/// Fills in everything of the report but names, status and seconds. The returned status is the file's.
using FileWork = std::function<Status(const PlannedFile& file, FileReport& report)>;

/// The status of a single input, or kSomeFailed when any of several failed. Failures have been reported already: the
/// message of the returned status is empty unless nothing was done.
Status RunBatch(const BatchOptions& options, const std::string& extension, const FileWork& work);

}  // namespace aecomp
