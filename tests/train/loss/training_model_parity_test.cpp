// Loss and gradients of the whole codec against those of PyTorch (train/torch/torch_twin.py).
#include <gtest/gtest.h>

#include <cstdlib>

#include "io/file.h"
#include "model/base/safetensors.h"
#include "model/entropy/table_file.h"
#include "tests/train/loss/training_model_fixture.h"
#include "train/loss/visual_distortion.h"

namespace aecomp {
namespace {

bool HasPyTorch() { return std::system("/usr/bin/python3 -c 'import torch' 2>/dev/null") == 0; }

class TrainingModelParity : public TrainingModelTest {
 protected:
  void SetUp() override {
    if (!HasPyTorch()) GTEST_SKIP() << "python3-torch is missing";
    TrainingModelTest::SetUp();
  }
  void ExpectPyTorchAgrees(SafetensorsWriter& writer);
};

/// The same loss and gradients in PyTorch, from the same numbers.
void TrainingModelParity::ExpectPyTorchAgrees(SafetensorsWriter& writer) {
  Draws draws;
  const StepResult result = model_->ForwardBackward(BatchOf(x_), *rate_, &draws);
  writer.SetMetadata("aecomp.architecture", architecture_.json);
  for (const Parameter& p : parameters_.list()) {
    writer.AddFloats("value/" + p.name, p.dims, p.value, DType::kF32);
    writer.AddFloats("grad/" + p.name, p.dims, p.grad, DType::kF32);
  }
  const auto add = [&](const char* name, const Shape& s, const float* values) {
    writer.AddFloats(name, {s.n, s.h, s.w, s.c}, {values, static_cast<size_t>(s.size())}, DType::kF32);
  };
  add("x", {kBatch, 3, kPatch, kPatch}, x_.data());
  add("z_noise", draws.z_shape, draws.z_noise.data());
  add("y_noise", draws.y_shape, draws.y_noise.data());
  add("y_offset", draws.y_shape, draws.y_offset.data());
  writer.AddFloats("quality", {kBatch}, quality_, DType::kF32);
  const float loss = static_cast<float>(result.loss);
  writer.AddFloats("loss", {1}, {&loss, 1}, DType::kF32);
  const std::string dump = ::testing::TempDir() + "aecomp_parity.safetensors";
  ASSERT_TRUE(WriteFileAtomically(dump, writer.Serialize(), /*overwrite=*/true).ok());
  const std::string command = "/usr/bin/python3 " AECOMP_SOURCE_DIR "/train/torch/torch_twin.py parity " + dump;
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(TrainingModelParity, AgreesWithPyTorch) {
  UseDeadzones();
  SafetensorsWriter writer;
  ExpectPyTorchAgrees(writer);
}

TEST_F(TrainingModelParity, WithTablesAgreesWithPyTorch) {
  UseTables();
  SafetensorsWriter writer;
  SaveTables("y_tables", YFrequencies(), writer);
  ExpectPyTorchAgrees(writer);
}

TEST_F(TrainingModelParity, WithAMapAgreesWithPyTorch) {
  UseMap();
  for (const bool tables : {false, true}) {
    for (Parameter& p : parameters_.list()) std::fill(p.grad.begin(), p.grad.end(), 0.f);
    SafetensorsWriter writer;
    writer.SetMetadata("aecomp.quality_map",
                       "[" + std::to_string(map_.strength) + ", " + std::to_string(map_.reference) + "]");
    if (tables) UseTables(), SaveTables("y_tables", YFrequencies(), writer);
    ExpectPyTorchAgrees(writer);
  }
}

/// The twin has its own copy of the default weights, and takes others from the architecture.
TEST_F(TrainingModelParity, ForEyesAgreesWithPyTorch) {
  for (const bool own : {false, true}) {
    if (own) {
      architecture_.json.replace(architecture_.json.rfind('}'), 1,
                                 R"(, "training": {"distortion": {"squared_error": 0.4, "ms_ssim": 0.9}}})");
    }
    const DistortionWeights weights =
        own ? DistortionWeights{.squared_error = 0.4, .ms_ssim = 0.9} : DistortionWeights{};
    auto made = TrainingModel::Create(architecture_, parameters_, kBatch, kPatch,
                                      {.distortion = VisualDistortion::Factory(weights)});
    ASSERT_TRUE(made.ok()) << made.status().message();
    model_ = std::move(made).value();
    SafetensorsWriter writer;
    writer.SetMetadata("aecomp.tune", "visual");
    ExpectPyTorchAgrees(writer);
  }
}

}  // namespace
}  // namespace aecomp
