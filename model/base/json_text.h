// Reads JSON from files that nobody vouches for, and writes JSON as text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "io/status.h"

namespace aecomp {

/// kUsage with line and column of the first error. Brackets nested deeper than 64 are an error too, so that functions
/// that walk the result may recurse.
Result<nlohmann::json> ParseJson(const std::string& text);

/// Writes a value on one line. Everything that this program writes as JSON goes through here: names of files are any
/// bytes, but JSON is UTF-8. Invalid bytes in a string become U+FFFD instead of an exception after all the work.
std::string JsonText(const nlohmann::json& value);
std::string JsonText(const nlohmann::ordered_json& value);

}  // namespace aecomp
