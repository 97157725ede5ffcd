#include "train/run/provenance.h"

#include <nlohmann/json.hpp>

#include "model/base/json_text.h"

namespace aecomp {
namespace {

using nlohmann::json;

json ParseRuns(const std::string& text) {
  json runs = json::parse(text, nullptr, /*allow_exceptions=*/false);
  return runs.is_array() ? runs : json::array();
}

}  // namespace

std::string RunsOf(const std::string& provenance) {
  const json whole = json::parse(provenance, nullptr, /*allow_exceptions=*/false);
  return JsonText(whole.is_object() && whole.contains("runs") ? whole.at("runs") : json::array());
}

int64_t StepsOf(const std::string& runs) {
  int64_t steps = 0;
  for (const json& run : ParseRuns(runs)) {
    if (run.is_object() && run.contains("steps") && run.at("steps").is_number())
      steps += run.at("steps").get<int64_t>();
  }
  return steps;
}

std::string ProvenanceAfter(const std::string& runs, const json& run) {
  json all = ParseRuns(runs);
  all.push_back(run);
  return JsonText(json{{"trainer", "aecomp train"}, {"runs", std::move(all)}});
}

}  // namespace aecomp
