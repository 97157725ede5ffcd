#include "app/eval/peer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "app/eval/child_process.h"
#include "app/eval/peer_positions.h"

namespace aecomp {
namespace {

TEST(ParsePeerCommand, TakesNameCommandsAndQualities) {
  const Peer peer =
      ParsePeerCommand("mine: \"/opt/my codec/enc\" -q{q} {in} {out} ; dec {in} {out}; 10, 30,50.5").value();
  EXPECT_EQ(peer.name, "mine");
  EXPECT_EQ(peer.encode, (std::vector<std::string>{"/opt/my codec/enc", "-q{q}", "{in}", "{out}"}));
  EXPECT_EQ(peer.decode, (std::vector<std::string>{"dec", "{in}", "{out}"}));
  EXPECT_EQ(peer.qualities, (std::vector<double>{10, 30, 50.5}));
}

TEST(ParsePeerCommand, SaysWhatIsWrong) {
  const auto wrong = [](const std::string& text, const std::string& part) {
    const auto peer = ParsePeerCommand(text);
    EXPECT_TRUE(!peer.ok() && peer.status().message().find(part) != std::string::npos) << text;
    EXPECT_EQ(peer.status().code(), StatusCode::kUsage);
  };
  wrong("enc {in} {out} {q}; dec {in} {out}; 1,2", "not three parts");
  wrong("a: enc {in} {out} {q}; dec {in} {out}", "not three parts");
  wrong(": enc {in} {out} {q}; dec {in} {out}; 1,2", "a name");
  wrong("aecomp: enc {in} {out} {q}; dec {in} {out}; 1,2", "a name");
  wrong("a: enc {in} {out}; dec {in} {out}; 1,2", "{q} is missing");
  wrong("a: enc {in} {out} {q}; dec {in}; 1,2", "{out} is missing");
  wrong("a: enc {in} {out} {q}; ; 1,2", "a command is missing");
  wrong("a: enc {in} {out} {q}; dec {in} {out}; 1,x", "'x' is not a number");
  wrong("a: enc {in} {out} {q}; dec {in} {out}; 1,inf", "'inf' is not a number");
  wrong("a: enc {in} {out} {q}; dec {in} {out}; 1", "two qualities");
  wrong("a: enc '{in} {out} {q}; dec {in} {out}; 1,2", "quote");
}

TEST(FindPeers, RefusesUnknownNames) {
  const auto found = FindPeers({"jpeg", "bmp"});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.status().code(), StatusCode::kUsage);
  EXPECT_NE(found.status().message().find("is none of avif, jxl, webp, jpeg, jpeg2000"), std::string::npos);
  ASSERT_EQ(FindPeers({"jpeg"}).value().peers.size(), 1u);
  EXPECT_EQ(FindPeers({"jpeg"}).value().peers[0].program.rfind("OpenCV ", 0), 0u);
}

TEST(SplitArguments, ExpandsNothing) {
  EXPECT_EQ(SplitArguments("  a 'b  c' \"d 'e'\" f\\ g $HOME `x` *  ''").value(),
            (std::vector<std::string>{"a", "b  c", "d 'e'", "f g", "$HOME", "`x`", "*", ""}));
  EXPECT_FALSE(SplitArguments("a 'b").ok());
}

TEST(FillPlaces, ReplacesWholeNamesOnce) {
  EXPECT_EQ(FillPlaces({"-q{q}", "{in}", "{in}{in}", "{other}"}, {{"q", "{in}"}, {"in", "x y"}}),
            (std::vector<std::string>{"-q{in}", "x y", "x yx y", "{other}"}));
}

TEST(QualityAxis, GoesFromWorstToBest) {
  const QualityAxis linear{63, 0, false, 0}, factors{25, 0.1, true, 2};
  EXPECT_EQ(linear.At(0), 63);
  EXPECT_EQ(linear.At(64), 0);
  EXPECT_EQ(linear.At(32), 32);
  EXPECT_EQ(factors.At(0), 25);
  EXPECT_EQ(factors.At(64), 0.1);
  EXPECT_EQ(factors.At(32), 1.58);
  for (int i = 0; i < 64; ++i) EXPECT_GT(factors.At(i), factors.At(i + 1));
  EXPECT_EQ(SettingsAt({3, 4, false, 0}, {0, 8, 64}), (std::vector<double>{3, 4}));
}

TEST(ChoosePositions, CoversWithFewPoints) {
  for (const double low : {25.0, 28.3, 33.0}) {
    for (const double high : {34.0, 38.0, 44.9}) {
      int calls = 0;
      const auto score = [&](int position) -> Result<double> {
        ++calls;
        return 20 + 30 * std::sqrt(position / 64.0);
      };
      const auto positions = ChoosePositions(low, high, score).value();
      EXPECT_LE(score(positions.front()).value(), low);
      EXPECT_GE(score(positions.back()).value(), high);
      EXPECT_TRUE(std::is_sorted(positions.begin(), positions.end()));
      EXPECT_GE(positions.size(), 4u);
      EXPECT_LE(positions.size(), 9u);
      EXPECT_LE(calls, 13);
    }
  }
}

TEST(ChoosePositions, EndsWhereTheAxisDoes) {
  const auto score = [](int position) -> Result<double> { return 30 + position / 16.0; };
  const auto positions = ChoosePositions(20, 60, score).value();
  EXPECT_EQ(positions.front(), 0);
  EXPECT_EQ(positions.back(), 64);
  const auto beyond = ChoosePositions(50, 60, score).value();
  EXPECT_EQ(beyond.back(), 64);
  EXPECT_EQ(ChoosePositions(31, 33, [](int) -> Result<double> { return InputError("x"); }).status().message(), "x");
}

TEST(ExtendedPositions, GrowOutwardUntilTheEnd) {
  EXPECT_EQ(Extended({8, 16}, true, true), (std::vector<int>{4, 8, 16, 20}));
  EXPECT_EQ(Extended({0, 64}, true, true), (std::vector<int>{0, 64}));
  EXPECT_EQ(Extended({8, 16}, false, false), (std::vector<int>{8, 16}));
}

}  // namespace
}  // namespace aecomp
