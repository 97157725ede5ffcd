#include "train/loss/fake_quantisation.h"

#include <algorithm>
#include <cmath>

#include "model/integer/integer_network_layout.h"
#include "model/integer/integer_transforms.h"
#include "train/simd.h"

namespace aecomp {
namespace {

constexpr float kWeightLevels = 63;

AECOMP_MULTIVERSION
float Largest(const float* values, int64_t count, float most) {
#pragma omp simd reduction(max : most)
  for (int64_t i = 0; i < count; ++i) most = std::max(most, std::fabs(values[i]));
  return most;
}

AECOMP_MULTIVERSION
void RoundTo(float unit, float* values, int64_t count) {
  const float steps = 1 / unit;
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) values[i] = std::rint(values[i] * steps) * unit;
}

/// The weights of one output channel: `runs` runs of `run`, `stride` apart.
void RoundChannel(float* weights, int64_t runs, int64_t run, int64_t stride) {
  float most = 1e-12f;
  for (int64_t r = 0; r < runs; ++r) most = Largest(weights + r * stride, run, most);
  for (int64_t r = 0; r < runs; ++r) RoundTo(most / kWeightLevels, weights + r * stride, run);
}

}  // namespace

Result<FakeQuantisation> FakeQuantisation::Create(const Architecture& architecture) {
  FakeQuantisation made;
  const auto add = [&]() -> Status {
    AECOMP_ASSIGN_OR_RETURN(const SplitTransform encoder, Split(architecture.encoder));
    AECOMP_ASSIGN_OR_RETURN(const SplitTransform decoder, Split(architecture.decoder));
    AECOMP_RETURN_IF_ERROR(made.Add(encoder.deep, false));  // pixels have 8 bits
    AECOMP_RETURN_IF_ERROR(made.Add(decoder.deep, true));
    AECOMP_RETURN_IF_ERROR(made.Add(architecture.hyper_encoder, true));
    Network scales = architecture.hyper_decoder;
    scales.insert(scales.end(), architecture.sigma_head.begin(), architecture.sigma_head.end());
    AECOMP_RETURN_IF_ERROR(made.Add(scales, true));
    AECOMP_RETURN_IF_ERROR(made.Add(architecture.mu_head, false));  // reads features; the sigma head rounds them
    AECOMP_RETURN_IF_ERROR(made.Add(architecture.context_in, true));
    return made.Add(architecture.context_out, false);  // features and context, each with a range of its own
  };
  const Status status = architecture.prior == PriorType::kHyperprior && architecture.tile == 0
                            ? add()
                            : ModelError("only networks of any image size with a hyperprior do");
  if (status.ok()) return made;
  return UsageError("--fake-quantise: the codec of this architecture does not run in integers: " + status.message());
}

Status FakeQuantisation::Add(const Network& network, bool first_input) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<IntegerStep> steps, LayOutIntegerNetwork(network));
  for (size_t i = 0; i < steps.size(); ++i) {
    weights_.push_back({steps[i].name + ".weight", steps[i].layer.transposed, {}});
    if (i > 0 || first_input) inputs_[steps[i].name] = i > 0 && steps[i - 1].output == IntegerStep::Output::kRelu;
  }
  return {};
}

void FakeQuantisation::Round(Parameters& parameters) {
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t i = 0; i < weights_.size(); ++i) {
    Weights& w = weights_[i];
    Parameter& p = *parameters.Find(w.name);
    w.original = p.value;
    const int64_t area = p.dims[2] * p.dims[3], out = p.dims[w.transposed ? 1 : 0], count = p.size() / out;
    for (int64_t o = 0; o < out; ++o) {
      w.transposed ? RoundChannel(p.value.data() + o * area, count / area, area, out * area)
                   : RoundChannel(p.value.data() + o * count, 1, count, count);
    }
  }
  parameters.MarkChanged();
}

void FakeQuantisation::Restore(Parameters& parameters) {
  for (const Weights& w : weights_)
    std::copy(w.original.begin(), w.original.end(), parameters.Find(w.name)->value.begin());
  parameters.MarkChanged();
}

}  // namespace aecomp
