// The lines that `info` and `model list` print about a model.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/codec/model_file.h"

namespace aecomp {

nlohmann::ordered_json DescribeModel(const Model& model, size_t bytes);
std::string ModelText(const nlohmann::ordered_json& description);

/// Whether `id` is the model that is linked into the program.
bool IsBuiltIn(const ModelId& id);

}  // namespace aecomp
