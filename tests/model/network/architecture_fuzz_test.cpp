// Mutations of the good architecture files: whatever comes, a Status of one line or a fit, never a crash.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "model/network/architecture_report.h"
#include "tests/model/network/architecture_files.h"

namespace aecomp::test {
namespace {

using nlohmann::json;

/// Everything that `model check` does with a text.
void Exercise(const std::string& text) {
  auto a = ReadArchitecture(text, "a.json");
  Status status = a.status();
  if (a.ok()) status = CheckArchitecture(a.value(), std::nullopt);
  if (status.ok()) {
    status = MeasureArchitecture(a.value(), NetworkImage(a.value(), {1, a.value().image_channels, 64, 64})).status();
    if (status.ok()) status = EstimateTrainingMemory(a.value(), 6, 192).status();
  }
  if (status.ok()) return;
  EXPECT_EQ(status.code(), StatusCode::kUsage) << status.message();
  EXPECT_EQ(status.message().find_first_of("\n\r\t\x1b"), std::string::npos) << status.message();
  EXPECT_EQ(status.message().find("json.exception"), std::string::npos) << status.message();
  EXPECT_LT(status.message().size(), 2000u) << status.message();
}

/// All values of a document, at any depth.
void Collect(json& value, std::vector<json*>& found) {
  found.push_back(&value);
  for (json& child : value) {
    if (value.is_structured()) Collect(child, found);
  }
}

json HostileValue(std::mt19937& random) {
  static const std::vector<json> values = {nullptr,
                                           true,
                                           0,
                                           -1,
                                           1,
                                           2,
                                           3,
                                           7,
                                           65536,
                                           1 << 24,
                                           1ll << 33,
                                           18446744073709551615ull,
                                           0.5,
                                           1e300,
                                           "",
                                           "x",
                                           "sum",
                                           "a\nb\x1b",
                                           "relu",
                                           "out",
                                           json::array(),
                                           json::object(),
                                           json::array({json::array(), json::array()}),
                                           json::array({1, 2, 3}),
                                           "conv2d",
                                           "linear",
                                           "flatten"};
  return values[random() % values.size()];
}

void Mutate(json& document, std::mt19937& random) {
  std::vector<json*> all;
  Collect(document, all);
  json& target = *all[random() % all.size()];
  const json other = *all[random() % all.size()];
  switch (random() % 6) {
    case 0:
      target = HostileValue(random);
      break;
    case 1:
      if (!(&target == &document)) target = other;
      break;
    case 2:
      if (target.is_object() && !target.empty())
        target.erase(std::next(target.begin(), static_cast<int>(random() % target.size())).key());
      break;
    case 3:
      if (target.is_array() && !target.empty()) target.erase(random() % target.size());
      break;
    case 4:
      if (target.is_array()) target.push_back(target.empty() ? other : json(target[random() % target.size()]));
      break;
    default:
      if (target.is_number_integer()) target = target.get<int64_t>() + static_cast<int64_t>(random() % 5) - 2;
      break;
  }
}

TEST(ArchitectureFuzz, MutatedDocuments) {
  std::mt19937 random(1);
  for (const std::string& name : ArchitectureFiles()) {
    if (name == "release") continue;  // tiny has the same structure
    const json good = json::parse(ArchitectureText(name));
    for (int trial = 0; trial < 400; ++trial) {
      json document = good;
      for (unsigned i = 0; i <= random() % 3; ++i) Mutate(document, random);
      Exercise(document.dump(-1, ' ', false, json::error_handler_t::replace));
    }
  }
}

TEST(ArchitectureFuzz, MutatedBytes) {
  std::mt19937 random(2);
  for (const char* name : {"conv_pool", "shared_relu", "linear_tiles"}) {
    const std::string good = ArchitectureText(name);
    for (int trial = 0; trial < 500; ++trial) {
      std::string text = good;
      for (unsigned i = 0; i <= random() % 2; ++i) {
        const size_t at = random() % text.size();
        if (random() % 3 == 0)
          text.erase(at, random() % 20);
        else
          text[at] = static_cast<char>(random() % 256);
      }
      if (!text.empty()) Exercise(text);
    }
    for (size_t length = 0; length < good.size(); length += 7) Exercise(good.substr(0, length));
  }
}

/// Sizes that multiply beyond 64 bits, and strides that make the receptive field overflow.
TEST(ArchitectureFuzz, HostileSizes) {
  const auto layer = [](int i, const json& options) {
    json l = {{"type", "conv2d"}, {"name", "l" + std::to_string(i)}};
    l.update(options);
    return l;
  };
  json a = json::parse(ArchitectureText("conv_small"));
  const json wide = {{"in", 3}, {"out", 65536}, {"kernel", 1024}, {"padding", 1024}};
  a["encoder"] = json::array({layer(0, wide)});
  Exercise(a.dump());
  a["encoder"] = json::array();
  for (int i = 0; i < 900; ++i) {
    a["encoder"].push_back(layer(i, {{"in", 3}, {"out", 3}, {"kernel", 1}, {"stride", 1024}, {"padding", 1024}}));
  }
  Exercise(a.dump());
  for (int i = 900; i < 1100; ++i) a["encoder"].push_back(layer(i, {{"in", 3}, {"out", 3}, {"kernel", 1}}));
  EXPECT_NE(CheckText(a.dump()).find("more than 1000 layers"), std::string::npos);
}

}  // namespace
}  // namespace aecomp::test
