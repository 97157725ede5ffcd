// The architecture files of data/arch, and edits of them.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "model/network/architecture_check.h"

namespace aecomp::test {

inline const std::vector<std::string>& ArchitectureFiles() {
  static const std::vector<std::string> names = {"conv_small",  "linear_tiles",     "conv_pool", "conv_linear",
                                                 "shared_relu", "unreached_weight", "tiny",      "release",
                                                 "gdn_small",   "gdn_residual"};
  return names;
}

/// data/arch/NAME.json
inline std::string ArchitectureText(const std::string& name) {
  std::ifstream file(std::string(AECOMP_SOURCE_DIR) + "/data/arch/" + name + ".json");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

/// The same with the first `from` replaced, which must be there.
inline std::string Edited(const std::string& name, const std::string& from, const std::string& to) {
  std::string text = ArchitectureText(name);
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << name << " has no " << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// Reads and checks as `model check` does; the message, or "fits".
inline std::string CheckText(const std::string& text, const std::optional<Shape>& image = std::nullopt) {
  auto a = ReadArchitecture(text, "a.json");
  if (!a.ok()) return a.status().message();
  const Status status = CheckArchitecture(a.value(), image);
  return status.ok() ? "fits" : status.message();
}

}  // namespace aecomp::test
