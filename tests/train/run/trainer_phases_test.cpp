// What training changes on its way: rounding of weights, how bits are counted, noise, reduced crops, bfloat16.
#include <algorithm>

#include "tests/train/run/trainer_fixture.h"
#include "train/run/trainer.h"

namespace aecomp {
namespace {

TEST_F(TrainerTest, RehearsesTheRoundingOfTheIntegerCodec) {
  options_.fake_quantise = 0.5, options_.steps = 60, options_.threads = 1;
  std::vector<std::string> messages;
  TrainCallbacks callbacks;
  callbacks.message = [&](const std::string& message) { messages.push_back(message); };
  ASSERT_TRUE(Train(options_, callbacks).ok());
  const auto begins = [](const std::string& m) { return m.starts_with("from step 31 on"); };
  EXPECT_EQ(std::count_if(messages.begin(), messages.end(), begins), 1);
  const auto whole = Losses(options_.output + ".log.jsonl");
  const auto model = ReadModel(options_.output);
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(nlohmann::json::parse(model.value()->provenance).at("runs").at(0).at("fake_quantise"), 0.5);

  options_.output = (root_ / "resumed.aecm").string();
  int polls = 0;
  callbacks.interrupted = [&] { return ++polls == 40; };
  EXPECT_EQ(Train(options_, callbacks).exit_code(), 130);
  options_.resume = true, options_.fake_quantise = -1;
  ASSERT_TRUE(Train(options_, {}).ok());
  EXPECT_EQ(whole.at(60), Losses(options_.output + ".log.jsonl").at(60));
}

TEST_F(TrainerTest, CountsBitsAsFilesDoInTheEnd) {
  options_.steps = 4;
  ASSERT_TRUE(Train(options_, {}).ok());
  options_.init = (root_ / "trained.aecm").string(), options_.architecture.clear();
  WriteAsTrained(options_.output, options_.init);

  options_.file_rate = 0.5, options_.steps = 60, options_.threads = 1, options_.output = (root_ / "m.aecm").string();
  std::vector<std::string> messages;
  TrainCallbacks callbacks;
  callbacks.message = [&](const std::string& message) { messages.push_back(message); };
  const Status status = Train(options_, callbacks);
  ASSERT_TRUE(status.ok()) << status.message();
  const auto begins = [](const std::string& m) { return m.starts_with("from step 31 on"); };
  EXPECT_EQ(std::count_if(messages.begin(), messages.end(), begins), 1);
  const auto whole = Losses(options_.output + ".log.jsonl");

  options_.output = (root_ / "resumed.aecm").string();
  int polls = 0;
  callbacks.interrupted = [&] { return ++polls == 40; };
  EXPECT_EQ(Train(options_, callbacks).exit_code(), 130);
  options_.resume = true, options_.file_rate = -1;
  ASSERT_TRUE(Train(options_, {}).ok());
  EXPECT_EQ(whole.at(60), Losses(options_.output + ".log.jsonl").at(60));
}

TEST_F(TrainerTest, CountsBitsAsFilesDoOnceATrainedModelGainsNothing) {
  options_.steps = 4;
  ASSERT_TRUE(Train(options_, {}).ok());
  options_.init = (root_ / "trained.aecm").string(), options_.architecture.clear();
  WriteAsTrained(options_.output, options_.init);

  std::filesystem::create_directory(root_ / "held");
  WritePicture(root_ / "held" / "p.ppm", 150, 140, 9);
  // So low a rate gains nothing: after that of step 4, of fitted tables, two validations do not better it.
  options_.steps = 24, options_.threads = 1, options_.output = (root_ / "m.aecm").string();
  options_.validate_steps = 4, options_.learning_rate = 1e-9, options_.validation_folder = (root_ / "held").string();
  std::vector<std::string> messages;
  TrainCallbacks callbacks;
  callbacks.message = [&](const std::string& message) { messages.push_back(message); };
  const auto begins = [](const std::string& m) { return m.starts_with("from step 13 on with the bits of a file"); };
  ASSERT_TRUE(Train(options_, callbacks).ok());
  EXPECT_EQ(std::count_if(messages.begin(), messages.end(), begins), 1);
  const auto whole = Losses(options_.output + ".log.jsonl");

  options_.output = (root_ / "resumed.aecm").string();
  int polls = 0;
  callbacks.interrupted = [&] { return ++polls == 15; };
  EXPECT_EQ(Train(options_, callbacks).exit_code(), 130);
  options_.resume = true;
  ASSERT_TRUE(Train(options_, {}).ok());
  EXPECT_EQ(whole.at(24), Losses(options_.output + ".log.jsonl").at(24));

  messages.clear(), callbacks.interrupted = nullptr;
  options_.resume = false, options_.file_rate = 1, options_.output = (root_ / "never.aecm").string();
  ASSERT_TRUE(Train(options_, callbacks).ok());
  EXPECT_EQ(std::count_if(messages.begin(), messages.end(), begins), 0);
}

TEST_F(TrainerTest, LearnsToDenoise) {
  options_.noise = 25, options_.steps = 40;
  ASSERT_TRUE(Train(options_, {}).ok());
  const auto model = ReadModel(options_.output);
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(nlohmann::json::parse(model.value()->provenance).at("runs").at(0).at("noise"), 25);
}

TEST_F(TrainerTest, ReducesAsManyCropsAsAskedForAlsoWhenResumed) {
  options_.reduce = 1, options_.threads = 1;
  ASSERT_TRUE(Train(options_, {}).ok());
  const auto all = Losses(options_.output + ".log.jsonl");
  options_.output = (root_ / "none.aecm").string(), options_.reduce = 0;
  ASSERT_TRUE(Train(options_, {}).ok());
  EXPECT_NE(all, Losses(options_.output + ".log.jsonl"));

  options_.output = (root_ / "resumed.aecm").string(), options_.reduce = 1;
  int polls = 0;
  TrainCallbacks callbacks;
  callbacks.interrupted = [&] { return ++polls == 30; };
  EXPECT_EQ(Train(options_, callbacks).exit_code(), 130);
  options_.resume = true, options_.reduce = -1;
  ASSERT_TRUE(Train(options_, {}).ok());
  EXPECT_EQ(all.at(60), Losses(options_.output + ".log.jsonl").at(60));
}

TEST_F(TrainerTest, LearnsAsWellInBfloat16) {
  if (!HasBfloat16()) GTEST_SKIP() << "this CPU does not multiply bfloat16";
  options_.threads = 1;
  ASSERT_TRUE(Train(options_, {}).ok());
  const auto exact = Losses(options_.output + ".log.jsonl");
  options_.output = (root_ / "fast.aecm").string(), options_.bfloat16 = true;
  ASSERT_TRUE(Train(options_, {}).ok());
  const auto fast = Losses(options_.output + ".log.jsonl");
  EXPECT_NE(exact.at(60), fast.at(60));
  EXPECT_NEAR(fast.at(60) / exact.at(60), 1, 0.02);
  const auto model = ReadModel(options_.output);
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(nlohmann::json::parse(model.value()->provenance).at("runs").at(0).at("bfloat16"), true);
}

}  // namespace
}  // namespace aecomp
