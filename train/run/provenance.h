// Where a model comes from: {"trainer": .., "runs": [{"data": .., "steps": .., ..}, ..]}, JSON, in the model file.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace aecomp {

/// The runs of a model's provenance as a JSON array; "[]" of a text that is none.
std::string RunsOf(const std::string& provenance);

/// Of all of such runs.
int64_t StepsOf(const std::string& runs);

/// The provenance of a model after those runs and this one.
std::string ProvenanceAfter(const std::string& runs, const nlohmann::json& run);

}  // namespace aecomp
