#include "train/run/trainer.h"

#include <omp.h>

#include <dnnl.hpp>
#include <memory>
#include <new>
#include <utility>

#include "model/base/onednn.h"
#include "train/optimiser/all_reduce.h"
#include "train/run/ranks.h"
#include "train/run/run_setup.h"
#include "train/run/training_run.h"
#include "train/simd.h"

namespace aecomp {
namespace {

Status RunTrainer(const TrainOptions& options, const TrainCallbacks& callbacks, AllReduce& group) {
  if (options.threads > 0) omp_set_num_threads(options.threads);
  FlushDenormals();
  Ranks ranks(group);
  const auto say = [&](const std::string& text) {
    if (callbacks.message) callbacks.message(text);
  };
  try {
    AECOMP_ASSIGN_OR_RETURN(PreparedRun prepared, PrepareRun(options, ranks, say));
    AECOMP_ASSIGN_OR_RETURN(const std::unique_ptr<TrainingRun> run,
                            TrainingRun::Create(std::move(prepared), ranks, callbacks));
    return run->Run();
  } catch (const dnnl::error& e) {
    if (onednn::IsOutOfMemory(e)) return MemoryError("not enough memory; use a smaller --batch or --patch");
    return ModelError(std::string("oneDNN: ") + e.what());
  } catch (const std::bad_alloc&) {
    return MemoryError("not enough memory; use a smaller --batch or --patch");
  }
}

}  // namespace

Status Train(const TrainOptions& options, const TrainCallbacks& callbacks) {
  AECOMP_ASSIGN_OR_RETURN(const std::unique_ptr<AllReduce> group, JoinRanks());
  TrainCallbacks heard = callbacks;
  const bool leads = group->rank() == 0;
  if (!leads) heard.progress = nullptr, heard.message = nullptr, heard.ended = nullptr;
  Status status = RunTrainer(options, heard, *group);
  const StatusCode code = status.code();
  if (code == StatusCode::kOk || code == StatusCode::kInterrupted || code == StatusCode::kDiverged) {
    group->Leave();  // all ranks end in the same way
    return leads ? status : Status();
  }
  // The others wait for this process in vain, until the launcher sees it end and ends them.
  if (leads) return status;
  return {code, "process " + std::to_string(group->rank() + 1) + " of " + std::to_string(group->ranks()) + ": " +
                    status.message()};
}

}  // namespace aecomp
