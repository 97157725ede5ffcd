// A folder with small pictures and the options of a short training run over them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "io/file.h"
#include "model/codec/model_file.h"
#include "tests/train/tiny_architecture.h"
#include "train/train_options.h"

namespace aecomp {

/// A smooth colourful picture with some texture, as PPM.
inline void WritePicture(const std::filesystem::path& path, int width, int height, int seed) {
  std::ofstream file(path, std::ios::binary);
  file << "P6\n" << width << " " << height << "\n255\n";
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double wave = std::sin(0.05 * (x + seed * 13) + c) + std::cos(0.07 * (y - seed * 7)) +
                            0.3 * std::sin(0.6 * x + 0.5 * y * (c + 1));
        file.put(static_cast<char>(static_cast<unsigned char>(128 + 45 * wave)));
      }
    }
  }
}

class TrainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("aecomp_trainer_" + std::to_string(::getpid()));
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ / "images");
    for (int i = 0; i < 6; ++i)
      WritePicture(root_ / "images" / ("p" + std::to_string(i) + ".ppm"), 150 + 9 * i, 140, i);
    std::ofstream(root_ / "tiny.json") << TinyArchitecture();
    options_.folders = {(root_ / "images").string()};
    options_.output = (root_ / "model.aecm").string();
    options_.architecture = (root_ / "tiny.json").string();
    options_.init = "none";
    options_.batch = 4, options_.patch = 128, options_.steps = 60, options_.learning_rate = 2e-3;
    options_.validate_steps = 0;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  /// "loss" of every report in the log, by step.
  std::map<int, double> Losses(const std::string& log) const {
    std::map<int, double> losses;
    std::ifstream file(log);
    for (std::string line; std::getline(file, line);) {
      const auto json = nlohmann::json::parse(line);
      if (json.contains("loss")) losses[json.at("step")] = json.at("loss");
    }
    return losses;
  }

  /// A model as one that is said to have 10,000 steps behind it, and so to know its scales.
  static void WriteAsTrained(const std::string& model_file, const std::string& to) {
    const auto model = ReadModel(model_file);
    ASSERT_TRUE(model.ok());
    const Model& m = *model.value();
    const auto bytes =
        SerializeModel(m.architecture, m.parameters, m.prior, m.means, R"({"runs": [{"steps": 10000}]})");
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    ASSERT_TRUE(WriteFileAtomically(to, bytes.value(), /*overwrite=*/true).ok());
  }

  std::filesystem::path root_;
  TrainOptions options_;
};

}  // namespace aecomp
