// The AllReduce of builds with -DAECOMP_MPI=ON.
#pragma once

#include <memory>

#include "train/optimiser/all_reduce.h"

namespace aecomp {

Result<std::unique_ptr<AllReduce>> JoinMpi();

}  // namespace aecomp
