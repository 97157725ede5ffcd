// Architecture files: all that `aecomp model check` does with one but gradients.
#include "model/network/architecture_report.h"
#include "tests/fuzz/inputs.h"

namespace aecomp::fuzz {
namespace {

bool Accepts(View input) {
  auto a = ReadArchitecture(Text(input), "a.json");
  Status status = a.status();
  if (a.ok()) status = CheckArchitecture(a.value(), std::nullopt);
  if (status.ok()) {
    status = MeasureArchitecture(a.value(), NetworkImage(a.value(), {1, a.value().image_channels, 64, 64})).status();
  }
  if (status.ok()) status = EstimateTrainingMemory(a.value(), 6, 192).status();
  if (status.ok()) return true;
  Promise(status.code() == StatusCode::kUsage, "an architecture that does not fit is an error of usage");
  PromiseMessage(status.message());
  return false;
}

std::vector<Bytes> Seeds() {
  std::vector<Bytes> seeds;
  for (const char* name :
       {"tiny", "conv_small", "conv_pool", "linear_tiles", "shared_relu", "gdn_small", "gdn_residual"})
    seeds.push_back(SourceFile(std::string("data/arch/") + name + ".json"));
  return seeds;
}

}  // namespace

Target ArchitectureTarget() { return {"architecture", Accepts, Seeds, nullptr}; }

}  // namespace aecomp::fuzz
