#include "model/entropy/integer_means.h"

#include <algorithm>
#include <cmath>

#include "model/base/exact_math.h"
#include "model/base/multiversion.h"
#include "model/network/graph.h"

namespace aecomp {
namespace {

constexpr const char* kHeadKey = "integer.mu_head.ranges";
constexpr const char* kInKey = "integer.context_in.ranges";
constexpr const char* kOutKey = "integer.context_out.ranges";

constexpr int kZero = 128;
constexpr float kHeadroom = static_cast<float>(kIntegerHeadroom);

/// x [pixels, channels] as u8, a pixel's `stride` after the one before.
AECOMP_MULTIVERSION
void SeeContext(const float* x, int pixels, int channels, float steps, int64_t stride, uint8_t* to) {
  for (int i = 0; i < pixels; ++i, x += channels, to += stride) {
    for (int c = 0; c < channels; ++c) to[c] = ToSeen(x[c], steps);
  }
}

/// A feature beside companded numbers: the upper 7 bits, above 128.
inline uint8_t JoinedFeature(uint8_t feature) { return static_cast<uint8_t>(kZero + (feature >> 1)); }

Result<std::vector<float>> ReadRanges(const SafetensorsFile& file, const char* key) {
  const TensorView* tensor = file.Find(key);
  if (tensor == nullptr) {
    return ModelError(std::string("tensor \"") + key +
                      "\" is missing: written by an early version of this program; `aecomp model import` it again");
  }
  AECOMP_ASSIGN_OR_RETURN(std::vector<float> ranges, file.ReadFloats(key, tensor->dims));
  if (ranges.size() < 2 || !std::isfinite(ranges[0]) || ranges[0] <= 0) {
    return ModelError(std::string("tensor \"") + key + "\" does not hold activation ranges");
  }
  return ranges;
}

/// context_in's output beside the features [1, K + channels, h, w].
Result<std::vector<Tensor>> Join(const Network& context_in, Parameters& parameters, const MeanInputs& inputs) {
  std::vector<Tensor> joined;
  for (size_t i = 0; i < inputs.features.size(); ++i) {
    const Tensor &features = inputs.features[i], &seen = inputs.first_halves[i];
    AECOMP_ASSIGN_OR_RETURN(auto graph, Graph::Create(context_in, seen.shape(), parameters, Graph::Mode::kInference));
    const float* context = graph->Forward(seen.data());
    Shape shape = features.shape();
    const int64_t k = shape.c, c = graph->output_shape().c;
    shape.c += graph->output_shape().c;
    Tensor& to = joined.emplace_back(shape);
    for (int64_t p = 0; p < int64_t{shape.h} * shape.w; ++p) {
      std::copy_n(features.data() + p * k, k, to.data() + p * (k + c));
      std::copy_n(context + p * c, c, to.data() + p * (k + c) + k);
    }
  }
  return joined;
}

}  // namespace

Status IntegerMeans::Create(const Architecture& a, const Parameters& parameters,
                            std::span<const float> feature_scales) {
  const auto make = [&](const Network& network, const IntegerInput& input, std::span<const float> ranges,
                        std::shared_ptr<const IntegerNetwork>& to) -> Status {
    AECOMP_ASSIGN_OR_RETURN(IntegerNetwork made, IntegerNetwork::Create(network, parameters, input, ranges));
    to = std::make_shared<const IntegerNetwork>(std::move(made));
    return {};
  };
  AECOMP_RETURN_IF_ERROR(make(a.mu_head, {1, 0, 0, feature_scales}, head_ranges_, head_));
  in_unit_ = kHeadroom * in_ranges_.front() / 127;
  AECOMP_RETURN_IF_ERROR(make(a.context_in, {in_unit_, kZero}, in_ranges_, context_in_));
  joined_unit_ = kHeadroom * in_ranges_.back() / 127;
  std::vector<float> joined(feature_scales.begin(), feature_scales.end());
  for (float& scale : joined) scale *= 2;  // see JoinedFeature
  joined.resize(joined.size() + static_cast<size_t>(context_in_->steps().back().layer.out), joined_unit_);
  AECOMP_RETURN_IF_ERROR(make(a.context_out, {1, kZero, 0, joined}, out_ranges_, context_out_));
  for (const auto* network : {&head_, &context_out_}) {
    const IntegerStep& last = (*network)->steps().back();
    if (last.layer.out != a.latent_channels) {
      return ModelError("layer '" + last.name + "': the means that it gives do not have the channels of y");
    }
  }
  return {};
}

Result<IntegerMeans> IntegerMeans::Quantize(const Architecture& a, Parameters& parameters,
                                            std::span<const float> feature_scales, const MeanInputs& inputs) {
  IntegerMeans means;
  AECOMP_ASSIGN_OR_RETURN(means.head_ranges_, IntegerNetwork::FindRanges(a.mu_head, parameters, inputs.features));
  AECOMP_ASSIGN_OR_RETURN(means.in_ranges_, IntegerNetwork::FindRanges(a.context_in, parameters, inputs.first_halves));
  AECOMP_ASSIGN_OR_RETURN(const std::vector<Tensor> joined, Join(a.context_in, parameters, inputs));
  AECOMP_ASSIGN_OR_RETURN(means.out_ranges_, IntegerNetwork::FindRanges(a.context_out, parameters, joined));
  AECOMP_RETURN_IF_ERROR(means.Create(a, parameters, feature_scales));
  return means;
}

void IntegerMeans::Save(SafetensorsWriter& writer) const {
  writer.AddFloats(kHeadKey, {std::ssize(head_ranges_)}, head_ranges_, DType::kF32);
  writer.AddFloats(kInKey, {std::ssize(in_ranges_)}, in_ranges_, DType::kF32);
  writer.AddFloats(kOutKey, {std::ssize(out_ranges_)}, out_ranges_, DType::kF32);
}

Result<IntegerMeans> IntegerMeans::Load(const Architecture& a, const Parameters& parameters,
                                        std::span<const float> feature_scales, const SafetensorsFile& file) {
  IntegerMeans means;
  AECOMP_ASSIGN_OR_RETURN(means.head_ranges_, ReadRanges(file, kHeadKey));
  AECOMP_ASSIGN_OR_RETURN(means.in_ranges_, ReadRanges(file, kInKey));
  AECOMP_ASSIGN_OR_RETURN(means.out_ranges_, ReadRanges(file, kOutKey));
  AECOMP_RETURN_IF_ERROR(means.Create(a, parameters, feature_scales));
  return means;
}

MeanPredictor::MeanPredictor(const IntegerMeans& means, int h, int w)
    : head_(*means.head_, h, w),
      context_in_(*means.context_in_, h, w),
      context_out_(*means.context_out_, h, w),
      in_steps_(1 / means.in_unit_),
      joined_steps_(1 / means.joined_unit_),
      joined_channels_(means.context_out_->steps().front().layer.in) {}

void MeanPredictor::SetSize(int h, int w) {
  for (IntegerNetworkRunner* network : {&head_, &context_in_, &context_out_}) network->SetSize(h, w);
}

float* MeanPredictor::Predict(const uint8_t* features) {
  const Shape& shape = head_.output();
  const int64_t row = shape.w * (joined_channels_ - context_in_.output().c);
  return head_.Run([&](int y, uint8_t* to) { std::copy_n(features + y * row, row, to); });
}

float* MeanPredictor::Correct(const uint8_t* features, const FillInput& see) {
  const Shape& shape = context_in_.output();
  const float* const context = context_in_.Run(see);
  const int64_t count = joined_channels_ - shape.c;  // of features
  return context_out_.Run([&](int y, uint8_t* joined) {
    SeeContext(context + int64_t{y} * shape.w * shape.c, shape.w, shape.c, joined_steps_, joined_channels_,
               joined + count);
    const uint8_t* from = features + int64_t{y} * shape.w * count;
    for (int x = 0; x < shape.w; ++x, from += count, joined += joined_channels_) {
      for (int64_t c = 0; c < count; ++c) joined[c] = JoinedFeature(from[c]);
    }
  });
}

}  // namespace aecomp
