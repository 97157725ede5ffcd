// JSON out of files that nobody vouches for, and JSON as text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "io/status.h"

namespace aecomp {

/// kUsage with line and column of the first error, and where brackets nest deeper than 64: what walks the result may
/// recurse.
Result<nlohmann::json> ParseJson(const std::string& text);

/// On one line. Everything that this program writes as JSON goes through here: names of files and folders are bytes,
/// JSON is UTF-8, so what is not valid in a string becomes U+FFFD instead of an exception after all the work.
std::string JsonText(const nlohmann::json& value);
std::string JsonText(const nlohmann::ordered_json& value);

}  // namespace aecomp
