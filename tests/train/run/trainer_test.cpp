// Training end to end on images that the test makes itself.
#include "train/run/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "model/codec/model_file.h"
#include "tests/train/run/trainer_fixture.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

TEST_F(TrainerTest, LossFallsAndTheModelIsUsable) {
  options_.steps = 100;
  const Status status = Train(options_, {});
  ASSERT_TRUE(status.ok()) << status.message();
  const auto losses = Losses(options_.output + ".log.jsonl");
  ASSERT_TRUE(losses.contains(20) && losses.contains(100));
  EXPECT_LT(losses.at(100), 0.97 * losses.at(20));
  const auto model = ReadModel(options_.output);
  ASSERT_TRUE(model.ok()) << model.status().message();
  const auto provenance = nlohmann::json::parse(model.value()->provenance);
  EXPECT_EQ(provenance.at("runs").at(0).at("steps"), 100);
  EXPECT_EQ(provenance.at("runs").at(0).at("start"), "none");
}

TEST_F(TrainerTest, ResumeGivesTheSameNextLosses) {
  options_.threads = 1;
  ASSERT_TRUE(Train(options_, {}).ok());
  const auto whole = Losses(options_.output + ".log.jsonl");

  options_.output = (root_ / "resumed.aecm").string();
  int polls = 0;
  TrainCallbacks stop_at_30;
  stop_at_30.interrupted = [&] { return ++polls == 30; };
  const Status interrupted = Train(options_, stop_at_30);
  EXPECT_EQ(interrupted.exit_code(), 130);
  options_.resume = true;
  const Status status = Train(options_, {});
  ASSERT_TRUE(status.ok()) << status.message();
  const auto resumed = Losses(options_.output + ".log.jsonl");
  // The report at step 60 covers steps 51 to 60: all of them after the interruption.
  ASSERT_TRUE(whole.contains(60) && resumed.contains(60));
  EXPECT_EQ(whole.at(60), resumed.at(60));
}

TEST_F(TrainerTest, EqualSeedsGiveEqualModels) {
  options_.steps = 15, options_.threads = 1;
  ASSERT_TRUE(Train(options_, {}).ok());
  const auto first = ReadModel(options_.output);
  ASSERT_TRUE(Train(options_, {}).ok());
  const auto again = ReadModel(options_.output);
  ASSERT_TRUE(first.ok() && again.ok());
  for (const Parameter& p : first.value()->parameters.list()) {
    EXPECT_EQ(p.value, again.value()->parameters.Find(p.name)->value) << p.name;
  }
}

TEST_F(TrainerTest, GoesOnFromAModel) {
  options_.steps = 20;
  ASSERT_TRUE(Train(options_, {}).ok());
  options_.init = options_.output;
  options_.architecture.clear();
  options_.output = (root_ / "second.aecm").string();
  const Status status = Train(options_, {});
  ASSERT_TRUE(status.ok()) << status.message();
  const auto model = ReadModel(options_.output);
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(nlohmann::json::parse(model.value()->provenance).at("runs").size(), 2u);
}

TEST_F(TrainerTest, RefusesWhatCannotBeTrainedOn) {
  const auto fails = [&](TrainOptions options, StatusCode code, const std::string& text) {
    const Status status = Train(options, {});
    EXPECT_EQ(static_cast<int>(status.code()), static_cast<int>(code)) << status.message();
    EXPECT_NE(status.message().find(text), std::string::npos) << status.message();
  };
  TrainOptions empty = options_;
  fs::create_directories(root_ / "empty");
  empty.folders = {(root_ / "empty").string()};
  fails(empty, StatusCode::kInput, "no image to train on");
  TrainOptions missing = options_;
  missing.folders = {(root_ / "missing").string()};
  fails(missing, StatusCode::kInput, "missing");
  TrainOptions small = options_;
  small.patch = 192;
  fails(small, StatusCode::kInput, "smaller");
  TrainOptions odd = options_;
  odd.patch = 100;
  fails(odd, StatusCode::kUsage, "multiple of 64");
  TrainOptions endless = options_;
  endless.steps = 0;
  fails(endless, StatusCode::kUsage, "--steps");
  TrainOptions one_size = options_;  // its codec runs in f32
  one_size.architecture = AECOMP_SOURCE_DIR "/data/arch/conv_linear.json", one_size.fake_quantise = 0.5,
  one_size.patch = 0;
  fails(one_size, StatusCode::kUsage, "--fake-quantise");
  one_size.fake_quantise = 1, one_size.file_rate = 0.5;
  fails(one_size, StatusCode::kUsage, "--file-rate");
  TrainOptions no_model = options_;
  no_model.resume = true;
  fails(no_model, StatusCode::kInput, "checkpoint");
}

std::vector<uint8_t> Bytes(const std::string& path) {
  auto bytes = ReadFile(path);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return bytes.ok() ? std::move(bytes).value() : std::vector<uint8_t>();
}

TEST_F(TrainerTest, InterruptedWithValidationEndsInTheSameBytes) {
  for (int i = 6; i < 10; ++i) WritePicture(root_ / "images" / ("p" + std::to_string(i) + ".ppm"), 150, 140, i);
  options_.threads = 1, options_.steps = 12, options_.validate_steps = 5, options_.batch = 2;
  std::vector<std::string> messages;
  TrainCallbacks callbacks;
  callbacks.message = [&](const std::string& m) { messages.push_back(m); };
  ASSERT_TRUE(Train(options_, callbacks).ok());
  const auto says = [&](const std::string& text) {
    return std::any_of(messages.begin(), messages.end(), [&](const auto& m) { return m.find(text) != m.npos; });
  };
  EXPECT_TRUE(says("8 images to train on, 2 held out"));
  EXPECT_TRUE(says("against the untrained start"));
  EXPECT_TRUE(says("BD-rate: ") || says("nothing better"));
  EXPECT_TRUE(says("use it: aecomp compress IMAGE -m " + options_.output));

  const std::string whole = options_.output;
  options_.output = (root_ / "parts.aecm").string();
  for (const int polls : {3, 4, 0}) {  // stops after steps 3 and 7
    int left = polls;
    TrainCallbacks stop;
    stop.interrupted = [&] { return --left == 0; };
    EXPECT_EQ(Train(options_, stop).exit_code(), polls > 0 ? 130 : 0);
    TrainOptions resumed;
    resumed.folders = options_.folders, resumed.output = options_.output, resumed.resume = true, resumed.threads = 1;
    options_ = resumed;
  }
  EXPECT_EQ(Bytes(whole), Bytes(options_.output));
  EXPECT_GT(Bytes(whole + ".log.png").size(), 1000u);
}

TEST_F(TrainerTest, PatienceEndsARunThatGainsNothing) {
  for (int i = 6; i < 8; ++i) WritePicture(root_ / "images" / ("p" + std::to_string(i) + ".ppm"), 150, 140, i);
  options_.steps = 1000, options_.validate_steps = 1, options_.patience = 2, options_.learning_rate = 1e-12;
  std::vector<std::string> messages;
  TrainCallbacks callbacks;
  callbacks.message = [&](const std::string& m) { messages.push_back(m); };
  ASSERT_TRUE(Train(options_, callbacks).ok());
  EXPECT_TRUE(std::any_of(messages.begin(), messages.end(), [](const auto& m) {
    return m.find("stopped: no gain of 0.2 % in 2 validations") != m.npos;
  }));
}

TEST_F(TrainerTest, AbsurdRateIsHalvedThenStopsWithTheStepAndTheLayer) {
  options_.learning_rate = 1e30;
  std::vector<std::string> messages;
  TrainCallbacks callbacks;
  callbacks.message = [&](const std::string& message) { messages.push_back(message); };
  const Status status = Train(options_, callbacks);
  EXPECT_EQ(status.code(), StatusCode::kDiverged) << status.message();
  EXPECT_NE(status.message().find("training diverged at step 2: not finite: "), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("is that of step 0: go on from it with --resume and a smaller --lr than 3.125e+28"),
            std::string::npos)
      << status.message();
  // The step that fails stays the same one: each time the checkpoint is back.
  EXPECT_EQ(std::count_if(messages.begin(), messages.end(),
                          [](const std::string& m) {
                            return m.starts_with("training diverged at step 2: not finite: ") &&
                                   m.find("; back to step 0 with half the learning rate, ") != m.npos;
                          }),
            5);
  options_.resume = true, options_.learning_rate = 1e-3, options_.steps = 3;
  EXPECT_TRUE(Train(options_, {}).ok());
}

/// Puts a NaN into one parameter of a checkpoint, and says what training makes of it.
TEST_F(TrainerTest, NamesTheParameterAndKeepsTheCheckpoint) {
  options_.steps = 2;
  ASSERT_TRUE(Train(options_, {}).ok());
  const std::string checkpoint = options_.output + ".checkpoint";
  std::vector<uint8_t> bytes = Bytes(checkpoint);
  const std::string header(bytes.begin(), bytes.begin() + 100000);
  const size_t entry = header.find("\"raw/synthesis.1.weight\""), offsets = header.find("data_offsets", entry);
  ASSERT_NE(entry, std::string::npos);
  uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), 8);
  const size_t at = 8 + header_size + std::stoul(header.substr(header.find('[', offsets) + 1));
  const float nan = std::nanf("");
  std::memcpy(bytes.data() + at, &nan, sizeof nan);
  // Without its checksum, as older programs wrote it: the number itself must be seen.
  const std::string key = "aecomp.checksum", other = "aecomp.anything";
  for (size_t k = header.find(key); k != std::string::npos; k = header.find(key, k + 1)) {
    std::copy(other.begin(), other.end(), bytes.begin() + static_cast<std::ptrdiff_t>(k));
  }
  ASSERT_TRUE(WriteFileAtomically(checkpoint, bytes, /*overwrite=*/true).ok());
  options_.resume = true, options_.steps = 10;
  const Status status = Train(options_, {});
  EXPECT_EQ(status.code(), StatusCode::kModel) << status.message();
  EXPECT_NE(status.message().find("synthesis.1.weight"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("finite"), std::string::npos) << status.message();
  EXPECT_EQ(Bytes(checkpoint), bytes);
}

TEST_F(TrainerTest, SkipsAndNamesUnreadableImages) {
  std::ofstream(root_ / "images" / "broken.png") << "no picture";
  std::vector<std::string> messages;
  TrainCallbacks callbacks;
  callbacks.message = [&](const std::string& m) { messages.push_back(m); };
  options_.steps = 2;
  ASSERT_TRUE(Train(options_, callbacks).ok());
  EXPECT_TRUE(std::any_of(messages.begin(), messages.end(),
                          [](const auto& m) { return m.find("broken.png") != std::string::npos; }));
}

}  // namespace
}  // namespace aecomp
