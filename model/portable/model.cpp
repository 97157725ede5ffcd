#include "model/portable/model.h"

#include <algorithm>

#include "model/portable/hash.h"

namespace aecomp_portable {
namespace {

Status Within(const std::string& name, const std::vector<float>& values, float least, float most) {
  const bool all = std::all_of(values.begin(), values.end(), [&](float v) { return v >= least && v <= most; });
  return all ? Status() : BadModel("tensor \"" + name + "\" holds a number that no working model has");
}

Status Within(const std::string& name, const std::vector<int32_t>& values, int least, int most) {
  const bool all = std::all_of(values.begin(), values.end(), [&](int32_t v) { return v >= least && v <= most; });
  return all ? Status() : BadModel("tensor \"" + name + "\" names something that does not exist");
}

/// A network of the prior that is made from f16 weights.
Status MakePart(const Json& prior, const char* name, const Weights& weights, const Network::Input& input,
                std::vector<float>* ranges, Network* network) {
  const Json* layers = prior.Find(name);
  if (layers == nullptr) return BadModel(std::string("its prior has no ") + name);
  PORTABLE_TRY(weights.Floats("integer." + std::string(name) + ".ranges", {-1}, ranges));
  return network->Make(*layers, weights, *ranges, input);
}

Status Floating(const std::string& why) {
  return BadModel(why +
                  ", so its pixels come from floating-point arithmetic, which this decoder does not have; use aecomp");
}

}  // namespace

Status Model::ReadTables(const Weights& weights) {
  std::vector<int32_t> bounds, frequencies;
  PORTABLE_TRY(weights.Integers("integer.z_tables.bounds", {-1}, &bounds));
  PORTABLE_TRY(weights.Integers("integer.z_tables.frequencies", {-1}, &frequencies));
  PORTABLE_TRY(z_tables.Make(bounds, frequencies, "integer.z_tables"));
  PORTABLE_TRY(weights.Integers("integer.y_tables.bounds", {-1}, &bounds));
  PORTABLE_TRY(weights.Integers("integer.y_tables.frequencies", {-1}, &frequencies));
  PORTABLE_TRY(y_tables.Make(bounds, frequencies, "integer.y_tables"));
  const int64_t n = hyper_channels, m = latent_channels, q = qualities;
  PORTABLE_TRY(weights.Integers("integer.z_input.multiplier", {q, n}, &z_multiplier));
  PORTABLE_TRY(weights.Integers("integer.z_input.offset", {q, n}, &z_offset));
  PORTABLE_TRY(weights.Integers("integer.z_rows", {q, n}, &z_rows));
  PORTABLE_TRY(Within("integer.z_rows", z_rows, 0, z_tables.rows() - 1));
  if (weights.Has("integer.z_context.rows")) {
    PORTABLE_TRY(weights.Integers("integer.z_context.bounds", {-1}, &bounds));
    PORTABLE_TRY(weights.Integers("integer.z_context.frequencies", {-1}, &frequencies));
    PORTABLE_TRY(z_context_tables.Make(bounds, frequencies, "integer.z_context", false));
    PORTABLE_TRY(
        weights.Integers("integer.z_context.rows", {z_tables.rows(), kZNeighbours, kZActivities}, &z_context_rows));
    PORTABLE_TRY(Within("integer.z_context.rows", z_context_rows, 0, z_context_tables.rows() - 1));
  }
  PORTABLE_TRY(weights.Integers("integer.sigma_offset", {q, m}, &sigma_offset));
  PORTABLE_TRY(weights.Floats("log_gain", {lambdas, m}, &log_gain));
  PORTABLE_TRY(weights.Floats("log_step", {lambdas, m}, &log_step));
  PORTABLE_TRY(Within("log_gain", log_gain, -40, 40));
  PORTABLE_TRY(Within("log_step", log_step, -40, 40));
  if (!weights.Has("integer.gray_skipped")) return {};
  PORTABLE_TRY(weights.Integers("integer.gray_skipped", {m}, &gray_skipped));
  return Within("integer.gray_skipped", gray_skipped, 0, 1);
}

Status Model::ReadCoarse(const Weights& weights) {
  if (!weights.Has("integer.coarse.channels")) return {};
  PORTABLE_TRY(weights.Integers("integer.coarse.channels", {-1}, &coarse.channels));
  const std::vector<int32_t>& c = coarse.channels;
  PORTABLE_TRY(Within("integer.coarse.channels", c, 0, latent_channels - 1));
  const bool ascending = std::adjacent_find(c.begin(), c.end(), std::greater_equal<>()) == c.end();
  if (c.empty() || c.size() > 16 || !ascending) return BadModel("tensor \"integer.coarse.channels\" is damaged");
  const int64_t n = static_cast<int64_t>(c.size()), stages = CoarseModel::kStages;
  PORTABLE_TRY(weights.Floats("integer.coarse.weights", {n, stages, CoarseModel::kTerms}, &coarse.weights));
  PORTABLE_TRY(Within("integer.coarse.weights", coarse.weights, -256, 256));
  PORTABLE_TRY(weights.Integers("integer.coarse.rows", {n, stages, CoarseModel::kActivities, -1}, &coarse.rows));
  coarse.table_rows = static_cast<int>(coarse.rows.size()) / static_cast<int>(n * stages * CoarseModel::kActivities);
  if (coarse.table_rows < y_tables.rows()) return BadModel("tensor \"integer.coarse.rows\" has too few rows");
  return Within("integer.coarse.rows", coarse.rows, 0, y_tables.rows() - 1);
}

Status Model::ReadPrior(const Weights& weights, const Json& prior) {
  const Json *hyper = prior.Find("hyper_decoder"), *sigma = prior.Find("sigma_head");
  if (hyper == nullptr || sigma == nullptr) return BadModel("its prior has no hyper_decoder or no sigma_head");
  PORTABLE_TRY(hyper_decoder.MakeStored(*hyper, weights, 128, /*open_end=*/false));
  PORTABLE_TRY(sigma_head.MakeStored(*sigma, weights, 0, /*open_end=*/true));
  hyper_channels = hyper_decoder.in(), features = hyper_decoder.out(), latent_channels = sigma_head.out();
  ratio = hyper_decoder.Size(1);
  if (ratio < 1) return BadModel("its hyper_decoder makes nothing of z");
  PORTABLE_TRY(ReadTables(weights));
  PORTABLE_TRY(ReadCoarse(weights));
  std::vector<float> scales, ranges;
  PORTABLE_TRY(weights.Floats("integer.feature_scales", {features}, &scales));
  PORTABLE_TRY(Within("integer.feature_scales", scales, 1e-10f, 1e6f));
  PORTABLE_TRY(MakePart(prior, "mu_head", weights, {1, 0, scales}, &ranges, &mu_head));
  PORTABLE_TRY(weights.Floats("integer.context_in.ranges", {-1}, &ranges));
  if (ranges.empty()) return BadModel("tensor \"integer.context_in.ranges\" is empty");
  in_unit = static_cast<float>(kHeadroom) * ranges.front() / 127;
  joined_unit = static_cast<float>(kHeadroom) * ranges.back() / 127;
  PORTABLE_TRY(MakePart(prior, "context_in", weights, {in_unit, 128, {}}, &ranges, &context_in));
  for (float& scale : scales) scale *= 2;
  scales.insert(scales.end(), static_cast<size_t>(context_in.out()), joined_unit);
  PORTABLE_TRY(MakePart(prior, "context_out", weights, {1, 128, scales}, &ranges, &context_out));
  const bool fits = sigma_head.in() == features && mu_head.out() == latent_channels &&
                    context_in.in() == latent_channels && context_out.out() == latent_channels;
  return fits ? Status() : BadModel("the networks of its prior do not fit together");
}

Status Model::ReadDecoder(const Weights& weights, const Json& layers) {
  const Json* branches = layers.items.size() == 1 ? layers.items[0].Find("branches") : nullptr;
  if (branches == nullptr || branches->items.size() != 2) return Floating("its decoder is no sum of two paths");
  const bool second = BlockPath::IsBlockPath(branches->items[1]);
  Json deep = branches->items[second ? 0 : 1];
  PORTABLE_TRY(blocks.Read(branches->items[second ? 1 : 0], weights));
  float scale = 0;
  if (!deep.items.empty() && deep.items[0].Text("type") == "compand") {
    const Json* given = deep.items[0].Find("scale");
    scale = given == nullptr ? 1.f : static_cast<float>(given->number);
    deep.items.erase(deep.items.begin());
  }
  std::vector<float> ranges;
  PORTABLE_TRY(weights.Floats("integer.decoder.ranges", {-1}, &ranges));
  if (ranges.empty() || !(ranges[0] > 1e-7f && ranges[0] < 1e6f)) {
    return BadModel("tensor \"integer.decoder.ranges\" is not usable");
  }
  const double in_scale = kHeadroom * ranges[0] / 127;
  PORTABLE_TRY(decoder.Make(deep, weights, ranges, {in_scale, 128, {}}));
  const float inverse = static_cast<float>(1 / in_scale);
  for (int latent = -32768; latent < 32768; ++latent) {
    const float y = static_cast<float>(latent) * (1.f / 1024);
    const float v = (scale > 0 ? Compand(scale * y) : y) * inverse;
    deep_input.push_back(static_cast<int16_t>(static_cast<int32_t>(Limit(v, -128, 127) + 128.5f) - 128));
  }
  stride = blocks.block();
  const bool fits = decoder.in() == latent_channels && blocks.in() == latent_channels &&
                    blocks.out() == decoder.out() && decoder.out() == image_channels;
  return fits ? Status() : BadModel("the paths of its decoder do not fit together");
}

Status Model::Read(Bytes file) {
  Weights weights;
  PORTABLE_TRY(weights.Read(file));
  id = ModelId(file);
  const Json& a = weights.architecture();
  const Json *lambda_list = a.Find("lambdas"), *prior = a.Find("prior"), *layers = a.Find("decoder");
  if (lambda_list == nullptr || prior == nullptr || layers == nullptr) return BadModel("its architecture is damaged");
  lambdas = static_cast<int>(lambda_list->items.size());
  image_channels = a.Whole("image_channels", 3);
  if (lambdas < 2 || lambdas > 16 || (image_channels != 1 && image_channels != 3)) {
    return BadModel("its architecture is damaged");
  }
  qualities = 16 * (lambdas - 1) + 1;
  core_lambdas = a.Whole("core_lambdas", lambdas);
  if (core_lambdas < 2 || core_lambdas > lambdas) return BadModel("its architecture is damaged");
  if (a.Find("tile") != nullptr) return Floating("its networks are of one image size");
  if (prior->Text("type") != "hyperprior") return Floating("its prior is factorized");
  if (!weights.Has("integer.encoder.ranges") || !weights.Has("integer.decoder.ranges"))
    return Floating("it has no ranges for integers");
  PORTABLE_TRY(ReadPrior(weights, *prior));
  return ReadDecoder(weights, *layers);
}

QualityNumbers Model::At(int quality, bool gray) const {
  const int low = std::min(quality / 16, lambdas - 2);
  const float t = static_cast<float>(quality / 16.0 - low);
  const auto m = static_cast<size_t>(latent_channels), row = static_cast<size_t>(low) * m;
  const size_t middle = static_cast<size_t>(core_lambdas / 2) * m;
  QualityNumbers n;
  for (size_t c = 0; c < m; ++c) {
    const float log = log_gain[row + c] * (1 - t) + log_gain[row + m + c] * t;
    n.gain.push_back(Exp(log));
    n.mean_gain.push_back(Skips(c, gray) ? 0 : n.gain.back());
    n.step.push_back(Exp(log_step[row + c] * (1 - t) + log_step[row + m + c] * t));
    n.fixed.push_back(Exp(log_gain[middle + c] - log));
  }
  return n;
}

}  // namespace aecomp_portable
