// What --resume makes of a checkpoint that is damaged or old, and of images that are not those of the run.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "io/file.h"
#include "model/base/safetensors.h"
#include "model/codec/model_file.h"
#include "tests/train/tiny_architecture.h"
#include "train/distortion_weights.h"
#include "train/run/checkpoint.h"
#include "train/run/settings.h"
#include "train/run/trainer.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

void WritePicture(const fs::path& path, int seed) {
  constexpr int kSide = 140;
  std::ofstream file(path, std::ios::binary);
  file << "P6\n" << kSide << " " << kSide << "\n255\n";
  for (int i = 0; i < kSide * kSide * 3; ++i) {
    const double wave = std::sin(0.05 * (i / 3 % kSide + 13 * seed)) + std::cos(0.07 * (i / 3 / kSide - 7 * seed));
    file.put(static_cast<char>(static_cast<unsigned char>(128 + 50 * wave)));
  }
}

class ResumeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("aecomp_resume_" + std::to_string(::getpid()));
    fs::remove_all(root_);
    AddFolder("images", 0, 3), AddFolder("held out", 20, 2);
    std::ofstream(root_ / "tiny.json") << TinyArchitecture();
    options_.folders = {(root_ / "images").string()};
    options_.validation_folder = (root_ / "held out").string();
    options_.output = (root_ / "model.aecm").string();
    options_.architecture = (root_ / "tiny.json").string();
    options_.init = "none";
    options_.batch = 2, options_.patch = 128, options_.steps = 2, options_.threads = 1;
    options_.validate_steps = 0;
  }
  void TearDown() override { fs::remove_all(root_); }

  void AddFolder(const std::string& name, int seed, int count) {
    fs::create_directories(root_ / name);
    for (int i = 0; i < count; ++i) WritePicture(root_ / name / (std::to_string(i) + ".ppm"), seed + i);
  }

  /// All that training says, a line each.
  std::string Run(int steps) {
    options_.steps = steps;
    std::string text;
    TrainCallbacks callbacks;
    callbacks.message = [&](const std::string& message) { text += message + "\n"; };
    const Status status = Train(options_, callbacks);
    EXPECT_TRUE(status.ok()) << status.message();
    options_.resume = true;
    return text;
  }

  std::string Checkpoint() const { return options_.output + ".checkpoint"; }

  fs::path root_;
  TrainOptions options_;
};

bool Says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(ResumeTest, WithTheSameImagesSaysNothingOfThem) {
  Run(2);
  options_.validation_folder.clear();  // comes from the checkpoint
  const std::string text = Run(3);
  EXPECT_FALSE(Says(text, "other ones")) << text;
  EXPECT_FALSE(Says(text, "validation at step 2")) << text;
  EXPECT_TRUE(Says(text, "validation at step 3")) << text;
}

TEST_F(ResumeTest, WithOtherHeldOutImagesValidatesAnew) {
  Run(2);
  AddFolder("others", 40, 3);
  options_.validation_folder = (root_ / "others").string();
  const std::string text = Run(3);
  EXPECT_TRUE(Says(text, "held-out images are other ones than at the checkpoint: 3 images, 2 images then")) << text;
  EXPECT_TRUE(Says(text, "validation begins anew")) << text;
  // The model so far is measured on the new images first: that is what the later one is compared with.
  EXPECT_TRUE(Says(text, "validation at step 2")) << text;
  EXPECT_TRUE(Says(text, "held out: 3 images, real bytes, against the model of step 2")) << text;
  EXPECT_FALSE(Says(Run(4), "other ones"));  // the record is that of the new images
}

TEST_F(ResumeTest, WithOtherTrainingImagesSaysSo) {
  Run(2);
  AddFolder("images", 60, 4);
  const std::string text = Run(3);
  EXPECT_TRUE(Says(text, "training images are other ones than at the checkpoint: 4 images, 3 images then")) << text;
  EXPECT_FALSE(Says(text, "validation begins anew")) << text;
}

TEST_F(ResumeTest, FlippedBitsOfACheckpointAreRefused) {
  Run(1);
  const std::vector<uint8_t> good = ReadFile(Checkpoint()).value();
  std::mt19937 random(7);
  for (int i = 0; i < 400; ++i) {
    std::vector<uint8_t> bad = good;
    const size_t region = i % 3 == 0 ? 4000 : bad.size();
    bad[random() % std::min(region, bad.size())] ^= static_cast<uint8_t>(1u << random() % 8);
    EXPECT_FALSE(SafetensorsFile::Parse(bad, "c").ok()) << i;
    if (i % 20 != 0) continue;
    ASSERT_TRUE(WriteFileAtomically(Checkpoint(), bad, /*overwrite=*/true).ok());
    const Status status = Train(options_, {});
    EXPECT_EQ(status.code(), StatusCode::kModel) << status.message();
  }
}

TEST_F(ResumeTest, ACheckpointOfAnOlderProgramIsReadWithANote) {
  Run(2);
  const std::vector<uint8_t> bytes = ReadFile(Checkpoint()).value();
  const SafetensorsFile file = SafetensorsFile::Parse(bytes, "c").value();
  EXPECT_TRUE(file.has_checksum());
  SafetensorsWriter writer;
  for (const auto& [key, value] : file.metadata()) {
    if (key != "images" && !key.starts_with("aecomp.checksum")) writer.SetMetadata(key, value);
  }
  for (const auto& [name, view] : file.tensors()) {
    if (view.dtype == DType::kF32)
      writer.AddFloats(name, view.dims, file.ReadFloats(name, view.dims).value(), view.dtype);
  }
  ASSERT_TRUE(WriteFileAtomically(Checkpoint(), writer.Serialize(), /*overwrite=*/true).ok());
  const std::string text = Run(3);
  EXPECT_TRUE(Says(text, "without a checksum")) << text;
  EXPECT_TRUE(Says(text, "does not say which images were held out")) << text;
  EXPECT_TRUE(SafetensorsFile::Parse(ReadFile(Checkpoint()).value(), "c").value().has_checksum());
}

/// The last run in the provenance of the output.
nlohmann::json LastRun(const std::string& output) {
  return nlohmann::json::parse(ReadModel(output).value()->provenance).at("runs").back();
}

TEST_F(ResumeTest, KeepsWhatItTrainsFor) {
  for (const Tune tune : {Tune::kVisual, Tune::kPsnr}) {
    options_.resume = false, options_.tune = tune;
    options_.validation_folder.clear();
    Run(2);
    options_.tune = Tune::kAutomatic;
    Run(3);
    EXPECT_EQ(LastRun(options_.output).at("tune"), TuneName(tune));
    EXPECT_EQ(LastRun(options_.output).contains("distortion"), tune == Tune::kVisual);
    options_.tune = tune == Tune::kVisual ? Tune::kPsnr : Tune::kVisual;
    options_.steps = 4;
    const Status status = Train(options_, {});
    EXPECT_EQ(status.code(), StatusCode::kUsage);
    EXPECT_TRUE(Says(status.message(),
                     std::string("model.aecm.checkpoint: the checkpoint is of a run with --tune ") + TuneName(tune)))
        << status.message();
  }
}

TEST_F(ResumeTest, TrainsForEyesByDefaultAndAnOlderCheckpointForPsnr) {
  Run(2);
  const nlohmann::json run = LastRun(options_.output);
  EXPECT_EQ(run.at("tune"), "visual");
  EXPECT_EQ(run.at("distortion").at("ms_ssim"), DistortionWeights().ms_ssim);
  TrainOptions options;
  ASSERT_TRUE(AdoptSettings(R"({"steps": 7})", options).ok());
  EXPECT_EQ(options.tune, Tune::kPsnr);
  options = {};
  ASSERT_TRUE(AdoptSettings("", options).ok());
  EXPECT_EQ(options.tune, Tune::kPsnr);
  options.tune = Tune::kVisual;
  EXPECT_EQ(AdoptSettings(R"({"steps": 7})", options).code(), StatusCode::kUsage);
  EXPECT_EQ(AdoptSettings(R"({"tune": "ears"})", options).code(), StatusCode::kModel);
}

TEST_F(ResumeTest, NamesThatAreNotUtf8ComeThrough) {
  AddFolder("caf\xE9", 0, 3), AddFolder("l\xE0", 20, 2);
  options_.tune = Tune::kPsnr;  // by which few steps gain; a model without a gain keeps its earlier provenance
  Run(1);
  fs::rename(options_.output, root_ / "mod\xE8le.aecm");
  options_.resume = false, options_.architecture.clear();
  options_.folders = {(root_ / "caf\xE9").string()}, options_.validation_folder = (root_ / "l\xE0").string();
  options_.init = (root_ / "mod\xE8le.aecm").string(), options_.output = (root_ / "n\xE9.aecm").string();
  Run(4);
  options_.validation_folder.clear();  // its bytes come from the checkpoint
  const std::string text = Run(8);
  EXPECT_FALSE(Says(text, "other ones")) << text;
  const auto model = ReadModel(options_.output);
  ASSERT_TRUE(model.ok()) << model.status().message();
  const auto provenance = nlohmann::json::parse(model.value()->provenance);
  EXPECT_EQ(provenance.at("runs").back().at("data").at(0), "caf\xEF\xBF\xBD");
  EXPECT_EQ(provenance.at("runs").back().at("start"), "mod\xEF\xBF\xBDle.aecm");
}

}  // namespace
}  // namespace aecomp
