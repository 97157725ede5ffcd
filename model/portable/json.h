// JSON (RFC 8259) as model files hold it.
#pragma once

#include "model/portable/common.h"

namespace aecomp_portable {

struct Json {
  enum Kind { kNull, kBool, kNumber, kText, kList, kObject };
  Kind kind = kNull;
  double number = 0;  ///< of a bool: 0 or 1
  std::string text;
  std::vector<Json> items;        ///< of a list, or the values of an object
  std::vector<std::string> keys;  ///< of an object

  /// Null: this is no object, or has no such key.
  const Json* Find(const std::string& key) const;
  /// The whole number at `key`, `otherwise` where there is none, -1 where it is not within 0 to 2^30.
  int Whole(const std::string& key, int otherwise) const;
  /// The text at `key`; empty where there is none.
  std::string Text(const std::string& key) const;
};

/// False where it is no JSON, or nested more than 32 levels deep.
bool ParseJson(const char* text, size_t size, Json* json);

}  // namespace aecomp_portable
