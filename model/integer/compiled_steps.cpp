#include "model/integer/compiled_steps.h"

namespace aecomp {

std::vector<CompiledStep> CompileSteps(const IntegerNetwork& network, int h, int w) {
  std::vector<CompiledStep> compiled;
  Shape shape{1, 0, h, w};
  for (const IntegerStep& step : network.steps()) {
    compiled.push_back({step, IntegerConv(step.layer, shape.h, shape.w, step.zero_point), {}});
    CompiledStep& c = compiled.back();
    shape = c.conv.output();
    for (int i = 0; i < c.conv.most_pixels(); ++i) {
      c.scale.insert(c.scale.end(), step.scale.begin(), step.scale.end());
    }
  }
  return compiled;
}

}  // namespace aecomp
