// JSON out of files that nobody vouches for.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "io/status.h"

namespace aecomp {

/// kUsage with line and column of the first error, and where brackets nest deeper than 64: what walks the result may
/// recurse.
Result<nlohmann::json> ParseJson(const std::string& text);

}  // namespace aecomp
