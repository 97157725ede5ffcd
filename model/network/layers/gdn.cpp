// Generalized divisive normalization and its approximate inverse (Balle, Laparra, Simoncelli 2016, "Density modeling of
// images using a generalized normalization transformation"), at every position:
//   gdn:  y[i] = x[i] / sqrt(beta[i] + sum over j of gamma[i, j] * x[j]^2)
//   igdn: y[i] = x[i] * sqrt(the same)
// beta and gamma may not be negative, so their roots are what is stored and trained: beta = kLeast + "<layer>.beta"^2
// and gamma = "<layer>.gamma"^2. There is no clamp, so every gradient is the true one. (CompressAI and TensorFlow
// Compression store roots too, but for an offset of 2^-36 within them.)
#include <cmath>
#include <memory>

#include "model/network/layers/conv_core.h"
#include "model/network/layers/options.h"
#include "model/network/layers/registry.h"

namespace aecomp {
namespace {

constexpr float kLeast = 1e-6f;  // of beta
// A new layer starts near beta = 1, gamma = 0.1 * identity; not at gamma = 0, where the root has no gradient.
constexpr float kFirstBeta = 1.f, kFirstGamma = 0.31622777f, kFirstCrossGamma = 0.01f;

/// The parameter of that name; filled by `first`(index) if it is new.
template <class F>
Parameter& FindOrFill(Parameters& parameters, const std::string& name, const std::vector<int64_t>& dims, F first) {
  if (Parameter* p = parameters.Find(name)) return *p;
  Parameter& p = parameters.FindOrAdd(name, dims);
  for (size_t i = 0; i < p.value.size(); ++i) p.value[i] = first(i);
  return p;
}

/// The sums are a 1x1 convolution of the squares.
class Gdn final : public Layer {
 public:
  Gdn(const Shape& shape, bool inverse, Parameters& parameters, const std::string& name, bool training)
      : shape_(shape),
        inverse_(inverse),
        parameters_(parameters),
        beta_(FindOrFill(parameters, name + ".beta", {shape.c}, [](size_t) { return kFirstBeta; })),
        gamma_(FindOrFill(
            parameters, name + ".gamma", {shape.c, shape.c},
            [c = static_cast<size_t>(shape.c)](size_t i) { return i / c == i % c ? kFirstGamma : kFirstCrossGamma; })),
        core_({shape, shape, 1, 1, 0, 1, true}, false),
        squares_(static_cast<size_t>(shape.size())),
        beta_value_(beta_.value.size()),
        gamma_value_(gamma_.value.size()) {
    if (!training) return;
    sums_ = AlignedBuffer<float>(squares_.size());
    diff_sums_ = AlignedBuffer<float>(squares_.size());
    diff_beta_ = AlignedBuffer<float>(beta_value_.size());
    diff_gamma_ = AlignedBuffer<float>(gamma_value_.size());
  }

  int64_t workspace_bytes() const override {
    return static_cast<int64_t>((squares_.size() + sums_.size() + diff_sums_.size()) * sizeof(float));
  }

  void Forward(const float* x, float* y) override {
    if (version_ != parameters_.version()) SquareParameters();
    const int64_t size = shape_.size();
    float* squares = squares_.data();
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < size; ++i) squares[i] = x[i] * x[i];
    float* sums = sums_.size() > 0 ? sums_.data() : y;  // Backward needs them
    core_.Forward(squares, beta_value_.data(), sums);
    const bool inverse = inverse_;
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < size; ++i) y[i] = inverse ? x[i] * std::sqrt(sums[i]) : x[i] / std::sqrt(sums[i]);
  }

  void Backward(const float* x, const float* /*y*/, float* dy, float* dx) override {
    const int64_t size = shape_.size();
    const float *sums = sums_.data(), half = inverse_ ? 0.5f : -0.5f;
    float* diff_sums = diff_sums_.data();
    const bool inverse = inverse_;
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < size; ++i) {
      const float root = std::sqrt(sums[i]);
      dy[i] = inverse ? dy[i] * root : dy[i] / root;  // now the direct part of dx
      diff_sums[i] = half * dy[i] * x[i] / sums[i];   // dy * x * the derivative of root or of 1 / root
    }
    if (!gamma_.grad.empty()) AddParameterGradients();
    if (dx == nullptr) return;
    core_.BackwardData(diff_sums, dx);  // the gradient of the squares
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < size; ++i) dx[i] = dy[i] + 2 * x[i] * dx[i];
  }

 private:
  void SquareParameters() {
    for (size_t i = 0; i < beta_value_.size(); ++i) beta_value_[i] = kLeast + beta_.value[i] * beta_.value[i];
    for (size_t i = 0; i < gamma_value_.size(); ++i) gamma_value_[i] = gamma_.value[i] * gamma_.value[i];
    core_.SetWeights(gamma_value_.data());
    version_ = parameters_.version();
  }

  void AddParameterGradients() {
    std::fill_n(diff_beta_.data(), diff_beta_.size(), 0.f);
    std::fill_n(diff_gamma_.data(), diff_gamma_.size(), 0.f);
    core_.BackwardWeights(squares_.data(), diff_sums_.data(), diff_gamma_.data(), diff_beta_.data());
    for (size_t i = 0; i < diff_beta_.size(); ++i) beta_.grad[i] += 2 * beta_.value[i] * diff_beta_[i];
    for (size_t i = 0; i < diff_gamma_.size(); ++i) gamma_.grad[i] += 2 * gamma_.value[i] * diff_gamma_[i];
  }

  Shape shape_;
  bool inverse_;
  Parameters& parameters_;
  Parameter &beta_, &gamma_;  // roots: [C], [C, C]
  ConvCore core_;
  AlignedBuffer<float> squares_, sums_, diff_sums_;  // [N, H, W, C]; the last two for training
  AlignedBuffer<float> beta_value_, gamma_value_, diff_beta_, diff_gamma_;
  uint64_t version_ = 0;
};

Result<LayerInfo> Infer(const LayerSpec& spec, const Shape& input) {
  constexpr int kMostChannels = 1 << 14;
  AECOMP_RETURN_IF_ERROR(CheckOptionKeys(spec, {}));
  if (input.c > kMostChannels) {
    return UsageError(LayerLabel(spec) + ": its gamma would be " + std::to_string(input.c) + " x " +
                      std::to_string(input.c) + " (" + Came(spec, input) + " came); at most " +
                      std::to_string(kMostChannels) + " channels: put it before a flatten, not after it");
  }
  LayerInfo info;
  info.output = input;
  info.parameters = {{spec.name + ".beta", {input.c}}, {spec.name + ".gamma", {input.c, input.c}}};
  info.macs = SaturatingProduct({input.size(), input.c});
  info.workspace_bytes = SaturatingProduct({input.size(), 3, int64_t{sizeof(float)}});
  return info;
}

std::unique_ptr<Layer> CreateGdn(const LayerSpec& spec, const Shape& input, Parameters& parameters, bool training) {
  return std::make_unique<Gdn>(input, /*inverse=*/false, parameters, spec.name, training);
}

std::unique_ptr<Layer> CreateIgdn(const LayerSpec& spec, const Shape& input, Parameters& parameters, bool training) {
  return std::make_unique<Gdn>(input, /*inverse=*/true, parameters, spec.name, training);
}

}  // namespace

LayerType GdnType() { return {"gdn", Infer, CreateGdn}; }
LayerType IgdnType() { return {"igdn", Infer, CreateIgdn}; }

}  // namespace aecomp
