// Crops and batches for images and memory of several sizes; the schedule of short and long runs.
#include "train/run/training_plan.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "io/file.h"
#include "io/formats/png.h"
#include "model/entropy/coding_check.h"
#include "tests/train/tiny_architecture.h"
#include "train/loss/tiled_network.h"
#include "train/optimiser/schedule.h"
#include "train/run/memory.h"

namespace aecomp {
namespace {

class TrainingPlanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto parsed = ParseArchitecture(TinyArchitecture(), "tiny");
    ASSERT_TRUE(parsed.ok());
    architecture_ = std::move(parsed).value();
  }

  /// Ten images, of which `small` have sides of 64 pixels and the others `side`.
  Dataset Images(int side, int small = 0) {
    const auto root = std::filesystem::temp_directory_path() / ("aecomp_plan_" + std::to_string(::getpid()));
    std::filesystem::create_directories(root);
    std::vector<std::string> files, notes;
    for (int i = 0; i < 10; ++i) {
      const int size = i < small ? 64 : side;
      files.push_back((root / (std::to_string(i) + ".png")).string());
      EXPECT_TRUE(WriteFileAtomically(files.back(), EncodePng(Image(size, size + 5, 1), 1).value(), true).ok());
    }
    auto loaded = Dataset::Load(files, {3}, &notes);
    std::filesystem::remove_all(root);
    return loaded.ok() ? std::move(loaded).value() : Dataset();
  }

  void ExpectPlan(const Result<TrainingPlan>& plan, int batch, int patch) {
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    EXPECT_EQ(plan.value().batch, batch);
    EXPECT_EQ(plan.value().patch, patch);
  }

  static constexpr int64_t kPlenty = int64_t{1} << 40;
  Architecture architecture_;
};

TEST_F(TrainingPlanTest, FollowsTheImages) {
  ExpectPlan(PlanTraining(architecture_, Images(300), kPlenty, 0, 0), 6, 192);
  ExpectPlan(PlanTraining(architecture_, Images(150), kPlenty, 0, 0), 14, 128);
  ExpectPlan(PlanTraining(architecture_, Images(100), kPlenty, 0, 0), 54, 64);
  ExpectPlan(PlanTraining(architecture_, Images(300, 1), kPlenty, 0, 0), 6, 192);
  ExpectPlan(PlanTraining(architecture_, Images(300, 3), kPlenty, 0, 0), 54, 64);
}

TEST_F(TrainingPlanTest, WhatIsAskedForIsTaken) {
  ExpectPlan(PlanTraining(architecture_, Images(300), kPlenty, 3, 128), 3, 128);
  ExpectPlan(PlanTraining(architecture_, Images(300), kPlenty, 0, 128), 14, 128);
  ExpectPlan(PlanTraining(architecture_, Images(300), 1, 3, 128), 3, 128);
  EXPECT_TRUE(CheckPatch(architecture_, 128).ok());
  EXPECT_NE(CheckPatch(architecture_, 100).message().find("multiple of 64"), std::string::npos);
}

TEST_F(TrainingPlanTest, FitsIntoMemory) {
  const Dataset images = Images(300);
  const double six = PlanTraining(architecture_, images, kPlenty, 0, 0).value().bytes;
  const auto less = PlanTraining(architecture_, images, static_cast<int64_t>(0.6 * six), 0, 0);
  ASSERT_TRUE(less.ok());
  EXPECT_EQ(less.value().patch, 192);
  EXPECT_LT(less.value().batch, 6);
  EXPECT_LE(less.value().bytes, 0.6 * six);
  const auto smaller = PlanTraining(architecture_, images, static_cast<int64_t>(0.1 * six), 0, 0);
  ASSERT_TRUE(smaller.ok());
  EXPECT_LT(smaller.value().patch, 192);
  const auto none = PlanTraining(architecture_, images, 1000, 0, 0);
  EXPECT_NE(none.status().message().find("end other programs"), std::string::npos) << none.status().message();
}

TEST(Memory, IsSomethingPlausible) {
  EXPECT_GT(AvailableMemory(), int64_t{1} << 20);
  EXPECT_LT(AvailableMemory(), int64_t{1} << 50);
}

TEST(Schedule, WarmsUpQuicklyInShortRunsAndDecaysToTheEnd) {
  const Schedule run{1.0, 0.02, 100000, 0, 0}, brief{1.0, 0.02, 400, 0, 0};
  EXPECT_NEAR(run.Rate(149, 0), 0.5, 0.01);
  EXPECT_NEAR(run.Rate(300, 0), 1, 0.01);
  EXPECT_NEAR(brief.Rate(9, 0), 0.45, 0.06);
  EXPECT_GT(brief.Rate(20, 0), 0.95);
  EXPECT_NEAR(brief.Rate(400, 0), 0.02, 0.001);
  const Schedule timed{1.0, 0.02, 0, 2.0, 0};
  EXPECT_NEAR(timed.Rate(5000, 1.0), 0.51, 0.01);
  EXPECT_EQ(timed.Progress(5000, 3.0), 1);
}

}  // namespace
}  // namespace aecomp
