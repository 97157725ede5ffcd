#include "train/loss/prior_networks.h"

#include <cstring>

namespace aecomp {
namespace {

using Buffer = AlignedBuffer<float>;

/// Copies between rows of a + b values and rows of a and of b values. kJoin: from the two arrays into one.
template <bool kJoin, class Whole, class Part>
void CopyColumns(int64_t rows, int64_t a, int64_t b, Whole* whole, Part* first, Part* second) {
  const auto copy = [](auto* one, auto* part, int64_t count) {
    const size_t bytes = static_cast<size_t>(count) * sizeof(float);
    if constexpr (kJoin) {
      std::memcpy(one, part, bytes);
    } else {
      std::memcpy(part, one, bytes);
    }
  };
#pragma omp parallel for schedule(static)
  for (int64_t r = 0; r < rows; ++r) {
    copy(whole + r * (a + b), first + r * a, a);
    copy(whole + r * (a + b) + a, second + r * b, b);
  }
}

}  // namespace

Result<std::unique_ptr<PriorNetworks>> PriorNetworks::Create(const Architecture& a, const Shape& y,
                                                             Parameters& parameters, const Numerics& numerics) {
  std::unique_ptr<PriorNetworks> made(new PriorNetworks);
  const auto make = [&](const Network& network, const Shape& input) {
    return Graph::Create(network, input, parameters, Graph::Mode::kTraining, numerics);
  };
  AECOMP_ASSIGN_OR_RETURN(made->hyper_encoder_, make(a.hyper_encoder, y));
  AECOMP_ASSIGN_OR_RETURN(made->hyper_decoder_, make(a.hyper_decoder, made->z_shape()));
  const Shape features = made->hyper_decoder_->output_shape();
  AECOMP_ASSIGN_OR_RETURN(made->sigma_head_, make(a.sigma_head, features));
  AECOMP_ASSIGN_OR_RETURN(made->mu_head_, make(a.mu_head, features));
  AECOMP_ASSIGN_OR_RETURN(made->context_in_, make(a.context_in, y));
  Shape joined = made->context_in_->output_shape();
  joined.c += features.c;
  AECOMP_ASSIGN_OR_RETURN(made->context_out_, make(a.context_out, joined));
  made->joined_ = Buffer(static_cast<size_t>(joined.size()));
  return made;
}

const float* PriorNetworks::AnalyseHyper(const float* companded) { return hyper_encoder_->Forward(companded); }

PriorNetworks::Prediction PriorNetworks::Predict(const float* z) {
  const float* features = hyper_decoder_->Forward(z);
  const float* mean = mu_head_->Forward(features);
  return {features, mean, sigma_head_->Forward(features)};
}

const float* PriorNetworks::Correct(const float* features, const float* companded_half) {
  const float* context = context_in_->Forward(companded_half);
  const Shape &f = hyper_decoder_->output_shape(), &k = context_in_->output_shape();
  CopyColumns<true>(f.size() / f.c, f.c, k.c, joined_.data(), features, context);
  return context_out_->Forward(joined_.data());
}

void PriorNetworks::CorrectBackward(const float* d_correction, float* d_features, float* d_companded_half) {
  const Shape &f = hyper_decoder_->output_shape(), &k = context_in_->output_shape();
  Buffer d_joined(joined_.size()), d_context(static_cast<size_t>(k.size()));
  context_out_->Backward(d_correction, d_joined.data());
  CopyColumns<false>(f.size() / f.c, f.c, k.c, d_joined.data(), d_features, d_context.data());
  context_in_->Backward(d_context.data(), d_companded_half);
}

void PriorNetworks::HeadBackward(Graph& head, const float* d_output, float* d_features) {
  const int64_t size = hyper_decoder_->output_shape().size();
  Buffer d_part(static_cast<size_t>(size));
  head.Backward(d_output, d_part.data());
#pragma omp parallel for simd schedule(static)
  for (int64_t i = 0; i < size; ++i) d_features[i] += d_part[static_cast<size_t>(i)];
}

void PriorNetworks::MeanBackward(const float* d_mean, float* d_features) {
  HeadBackward(*mu_head_, d_mean, d_features);
}

void PriorNetworks::LogSigmaBackward(const float* d_log_sigma, float* d_features) {
  HeadBackward(*sigma_head_, d_log_sigma, d_features);
}

void PriorNetworks::FeaturesBackward(const float* d_features, float* d_z) { hyper_decoder_->Backward(d_features, d_z); }

void PriorNetworks::AnalyseHyperBackward(const float* d_z, float* d_companded) {
  hyper_encoder_->Backward(d_z, d_companded);
}

void PriorNetworks::OnGradient(const std::function<void(Parameter&)>& done) {
  for (Graph* graph : {hyper_encoder_.get(), hyper_decoder_.get(), sigma_head_.get(), mu_head_.get(), context_in_.get(),
                       context_out_.get()}) {
    graph->OnGradient(done);
  }
}

std::vector<std::pair<const char*, const Graph*>> PriorNetworks::Graphs() const {
  return {{"hyper_encoder", hyper_encoder_.get()},
          {"hyper_decoder", hyper_decoder_.get()},
          {"mu_head", mu_head_.get()},
          {"sigma_head", sigma_head_.get()},
          {"context_in", context_in_.get()},
          {"context_out", context_out_.get()}};
}

}  // namespace aecomp
