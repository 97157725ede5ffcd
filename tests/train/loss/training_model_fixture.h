// A small training model with random parameters and a random batch, for tests of its loss and gradients.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "model/entropy/coding_check.h"
#include "model/entropy/coding_tables.h"
#include "tests/train/tiny_architecture.h"
#include "train/loss/file_rate.h"
#include "train/loss/noise_rate.h"
#include "train/loss/training_model.h"

namespace aecomp {

inline constexpr int kBatch = 4, kPatch = 64;

class TrainingModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto parsed = ParseArchitecture(TinyArchitecture(), "tiny");
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    architecture_ = std::move(parsed).value();
    auto model = TrainingModel::Create(architecture_, parameters_, kBatch, kPatch);
    ASSERT_TRUE(model.ok()) << model.status().message();
    model_ = std::move(model).value();
    std::normal_distribution<float> normal;
    for (Parameter& p : parameters_.list()) {
      const int64_t fan_in = p.dims.size() == 4 ? p.size() / p.dims[0] : 1;
      const float scale = p.dims.size() == 4 ? 1 / std::sqrt(static_cast<float>(fan_in)) : 0.1f;
      for (float& v : p.value) v = scale * normal(random_);
      if (p.name == "log_gain") {
        for (float& v : p.value) v += 2;
      }
      if (p.name == "log_step") {
        for (float& v : p.value) v -= 2;
      }
    }
    parameters_.MarkChanged();
    x_.resize(kBatch * kPatch * kPatch * 3);
    for (float& v : x_) v = 0.5f + 0.2f * normal(random_);
    quality_ = {0.f, 11.5f, 32.f, 47.9f};
  }

  TrainingBatch BatchOf(const std::vector<float>& target, uint64_t seed = 5) const {
    return {x_.data(), target.data(), quality_.data(), seed, 0};
  }
  StepResult ForwardBackward(uint64_t seed = 5) { return model_->ForwardBackward(BatchOf(x_, seed), *rate_); }
  void UseDeadzones() {
    rate_ = std::make_unique<NoiseRate>(LatentRounding::Deadzones(CodingTables::Create(YFrequencies()).value()));
  }
  void UseTables() { rate_ = std::make_unique<FileRate>(CodingTables::Create(YFrequencies()).value()); }

  /// With a map whose qualities differ within the crops, for which sigma has to differ.
  void UseMap() {
    for (float& v : parameters_.Find("sigma_head.weight")->value) v *= 8;
    for (float& v : parameters_.Find("log_sigma")->value) v -= 0.05f;
    for (float& v : parameters_.Find("log_z_gain")->value) v += 1.5f;
    parameters_.MarkChanged();
    std::set<int8_t> kinds;
    for (map_ = {.strength = 255, .reference = 12}; map_.reference < 34 && kinds.size() < 2; ++map_.reference) {
      auto made = TrainingModel::Create(architecture_, parameters_, kBatch, kPatch, {.map = map_});
      ASSERT_TRUE(made.ok()) << made.status().message();
      model_ = std::move(made).value();
      Draws draws;
      ForwardBackwardWith(draws);
      kinds = {draws.quality_steps.begin(), draws.quality_steps.end()};
    }
    ASSERT_GE(kinds.size(), 2u);
    --map_.reference;
    for (Parameter& p : parameters_.list()) std::fill(p.grad.begin(), p.grad.end(), 0.f);
  }
  void ForwardBackwardWith(Draws& draws) { model_->ForwardBackward(BatchOf(x_), *rate_, &draws); }

  std::mt19937 random_{8};  // with 7 the loss is too curved for the step in one place
  Architecture architecture_;
  Parameters parameters_;
  std::unique_ptr<TrainingModel> model_;
  std::unique_ptr<RateTerm> rate_ = std::make_unique<NoiseRate>(LatentRounding::Nearest());
  std::vector<float> x_, quality_;
  QualityMap map_;
};

}  // namespace aecomp
