// A small codec with random weights, and a picture for it.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "io/image.h"
#include "model/codec/model_file.h"
#include "model/entropy/coding_check.h"
#include "model/entropy/entropy_parameters.h"
#include "model/network/graph.h"
#include "tests/train/tiny_architecture.h"

namespace aecomp {

/// Weights of about unit gain per layer, rounded to f16 as in a model file.
inline Parameters RandomParameters(const Architecture& a, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Parameters parameters;
  const Shape image{1, a.image_channels, 2 * a.hyper_stride, 2 * a.hyper_stride};
  const int y = 2 * a.hyper_stride / a.latent_stride;
  const Shape latent{1, a.latent_channels, y, y}, z{1, a.hyper_channels, 2, 2};
  // Making a graph adds the parameters of its layers.
  const auto add = [&](const Network& network, const Shape& input) {
    return Graph::Create(network, input, parameters, Graph::Mode::kInference).value()->output_shape();
  };
  add(a.encoder, image), add(a.decoder, latent), add(a.hyper_encoder, latent);
  const Shape features = add(a.hyper_decoder, z);
  add(a.sigma_head, features), add(a.mu_head, features);
  Shape joined = add(a.context_in, latent);
  joined.c += features.c;
  add(a.context_out, joined);
  for (Parameter& p : parameters.list()) {
    const bool weight = p.dims.size() == 4;
    const double fan_in = weight ? static_cast<double>(p.size() / p.dims[0]) : 1;
    const float scale = weight ? static_cast<float>(1 / std::sqrt(fan_in)) : 0.1f;
    for (float& v : p.value) v = scale * normal(random);
  }
  const int64_t q = std::ssize(a.lambdas), m = a.latent_channels, n = a.hyper_channels;
  for (const char* name : {"log_gain", "log_step"}) {
    Parameter& p = parameters.FindOrAdd(name, {q, m});
    const float sign = name == std::string("log_gain") ? 1.f : -1.f;
    for (size_t i = 0; i < p.value.size(); ++i)
      p.value[i] = sign * (1.5f + 0.7f * static_cast<float>(i / static_cast<size_t>(m)));
  }
  for (float& v : parameters.FindOrAdd("log_sigma", {m}).value) v = -1.5f + 0.5f * normal(random);
  for (float& v : parameters.FindOrAdd("log_z_gain", {q, n}).value) v = 1.f + 0.3f * normal(random);
  for (float& v : parameters.FindOrAdd("z_log_scale", {q, n}).value) v = 0.3f * normal(random);
  for (float& v : parameters.FindOrAdd("z_mean", {n}).value) v = normal(random);
  for (Parameter& p : parameters.list()) {
    for (float& v : p.value) v = HalfToFloat(FloatToHalf(v));
  }
  return parameters;
}

/// Hyper-decoder inputs as they come out of random z.
inline std::vector<Tensor> RandomCalibration(const Architecture& a, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<Tensor> inputs;
  for (int i = 0; i < 4; ++i) {
    Tensor& t = inputs.emplace_back(Shape{1, a.hyper_channels, 6, 6});
    for (int64_t k = 0; k < t.size(); ++k) t.data()[k] = 1.5f * normal(random);
  }
  return inputs;
}

inline IntegerPrior TinyPrior(const Architecture& a, Parameters& parameters) {
  const std::vector<Tensor> inputs = RandomCalibration(a, 5);
  std::vector<const Tensor*> pointers;
  for (const Tensor& t : inputs) pointers.push_back(&t);
  return IntegerPrior::Quantize(a, parameters, pointers).value();
}

/// Over random features and latents.
inline IntegerMeans TinyMeans(const Architecture& a, Parameters& parameters, const IntegerPrior& prior) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  MeanInputs inputs;
  Tensor& features = inputs.features.emplace_back(Shape{1, prior.feature_channels(), 8, 8});
  for (int64_t k = 0; k < features.size(); ++k) features.data()[k] = std::fabs(normal(random));
  Tensor& seen = inputs.first_halves.emplace_back(Shape{1, a.latent_channels, 8, 8});
  for (int64_t k = 0; k < seen.size(); ++k) seen.data()[k] = k % 2 == 0 ? normal(random) : 0;
  return IntegerMeans::Quantize(a, parameters, prior.feature_scales(), inputs).value();
}

/// Over random pictures and latents.
inline std::optional<TransformRanges> TinyRanges(const Architecture& a, Parameters& parameters) {
  std::mt19937 random(6);
  std::normal_distribution<float> normal;
  std::vector<Tensor> pictures, latents;
  Tensor& picture = pictures.emplace_back(Shape{1, a.image_channels, 128, 128});
  for (int64_t k = 0; k < picture.size(); ++k) picture.data()[k] = std::clamp(0.3f * normal(random), -0.5f, 0.5f);
  Tensor& latent = latents.emplace_back(Shape{1, a.latent_channels, 8, 8});
  for (int64_t k = 0; k < latent.size(); ++k) latent.data()[k] = 0.5f * normal(random);
  return FindTransformRanges(a, parameters, pictures, latents, latents);
}

inline std::vector<uint8_t> TinyModelFile(uint32_t seed = 1) {
  static std::map<uint32_t, std::vector<uint8_t>> made;
  if (made.contains(seed)) return made[seed];
  const Architecture a = ParseArchitecture(TinyArchitecture(), "tiny").value();
  Parameters parameters = RandomParameters(a, seed);
  const IntegerPrior prior = TinyPrior(a, parameters);
  const IntegerMeans means = TinyMeans(a, parameters, prior);
  const auto ranges = TinyRanges(a, parameters);
  return made[seed] = SerializeModel(a, parameters, prior, means, R"({"data": "none"})", ranges).value();
}

inline std::shared_ptr<Model> TinyModel(uint32_t seed = 1) {
  return std::shared_ptr<Model>(ParseModel(TinyModelFile(seed), "tiny.aecm").value());
}

/// Coarse channels of both parities, predicted in no sensible way. The same on every machine.
inline CoarseModel RandomCoarse(uint32_t seed) {
  std::mt19937 random(seed);
  CoarseModel coarse;
  coarse.channels = {0, 1, 5, 14};
  const size_t kinds = coarse.channels.size() * CoarseModel::kStages;
  for (size_t i = 0; i < kinds * CoarseModel::kTerms; ++i) {
    coarse.weights.push_back(static_cast<float>(static_cast<int>(random() % 1401) - 400) / 1000);
  }
  for (size_t i = 0; i < kinds * CoarseModel::kActivities * kYRows; ++i) {
    coarse.rows.push_back(static_cast<uint8_t>(1 + random() % (kYRows - 1)));
  }
  return coarse;
}

/// Tables for z by context with no sense in them, none of them symmetric. The same on every machine.
inline ZContextModel RandomZContext(const CodingTables& z_tables, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<FrequencyRow> frequencies;
  for (int n = 0; n < 40; ++n) {
    const size_t entries = 2 * (1 + random() % 9) + 2;
    FrequencyRow& row = frequencies.emplace_back();
    int left = 1 << CodingTables::kPrecisionBits;
    for (size_t i = 1; i < entries; ++i) {
      row.push_back(static_cast<uint16_t>(1 + random() % (static_cast<uint32_t>(left) / 4)));
      left -= row.back();
    }
    row.push_back(static_cast<uint16_t>(left));
  }
  std::vector<uint8_t> tables;
  for (int n = 0; n < z_tables.rows() * ZContext::kAll; ++n) tables.push_back(static_cast<uint8_t>(random() % 40));
  return ZContextModel::Create(z_tables, std::move(tables), std::move(frequencies)).value();
}

/// Smooth waves, an edge and some noise.
inline Image SyntheticImage(int width, int height, int channels, uint32_t seed = 1) {
  std::mt19937 random(seed);
  Image image(width, height, channels);
  for (int y = 0; y < height; ++y) {
    uint8_t* row = image.Row(y);
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const double wave = 60 * std::sin(0.05 * x + 0.03 * y + c) + 40 * std::cos(0.21 * x - 0.13 * y);
        const double noise = static_cast<double>(random() % 17) - 8;
        *row++ = static_cast<uint8_t>(std::clamp(128 + wave + noise + (x > y ? 20 : -20), 0.0, 255.0));
      }
    }
  }
  return image;
}

}  // namespace aecomp
