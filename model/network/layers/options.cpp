#include "model/network/layers/options.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "model/base/nearest.h"

namespace aecomp {
namespace {

using nlohmann::json;

const json* FindOption(const LayerSpec& spec, const std::string& key) {
  if (!spec.options || !spec.options->is_object()) return nullptr;
  const auto it = spec.options->find(key);
  return it == spec.options->end() ? nullptr : &*it;
}

Status Bad(const LayerSpec& spec, const std::string& key, const std::string& allowed, const json& got) {
  return UsageError(LayerLabel(spec) + ": \"" + key + "\" must be " + allowed + ", got " + PrintedValue(got));
}

Status Missing(const LayerSpec& spec, const std::string& key, const std::string& allowed) {
  return UsageError(LayerLabel(spec) + ": \"" + key + "\" is missing; it must be " + allowed);
}

std::string WithoutZeros(double number) {
  std::string text = json(number).dump();
  if (text.size() > 2 && text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

/// False also for numbers that fit no int64.
bool IsInteger(const json& value) {
  if (value.is_number_unsigned()) return value.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()};
  return value.is_number_integer();
}

Status UnknownKey(const LayerSpec& spec, const std::string& key, const std::vector<std::string>& known) {
  const std::string unknown = LayerLabel(spec) + ": unknown option " + PrintedValue(json(key));
  if (known.empty()) return UsageError(unknown + "; it takes no options");
  return UsageError(unknown + "; did you mean \"" + Nearest(key, known) + "\"? It knows " + Listed(known));
}

}  // namespace

std::string PrintedValue(const json& value) {
  constexpr size_t kLongest = 40;
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
  return text.size() <= kLongest ? text : text.substr(0, kLongest) + "...";
}

std::string LayerLabel(const LayerSpec& spec) { return "layer '" + spec.name + "' (" + spec.type + ")"; }

std::string Came(const LayerSpec& spec, const Shape& input) {
  const InputOrigin& from = spec.origin;
  if (from.producer.empty()) return input.ToString();
  if (from.flattened.n == 0) return input.ToString() + " from " + from.producer;
  return from.flattened.ToString() + " from " + from.flattened_from + ", flattened";
}

std::string ChangeChannels(const LayerSpec& spec, int channels) {
  const InputOrigin& from = spec.origin;
  if (!from.channels_knob.empty()) return "set " + from.channels_knob + " to " + std::to_string(channels);
  return from.producer.empty() ? "change \"out\" of the layer before it" : "change what " + from.producer + " gives";
}

Status CheckOptionKeys(const LayerSpec& spec, const std::vector<std::string>& known) {
  if (!spec.options || !spec.options->is_object()) return {};
  for (const auto& [key, value] : spec.options->items()) {
    if (key == "type" || key == "name") continue;
    if (std::find(known.begin(), known.end(), key) == known.end()) return UnknownKey(spec, key, known);
  }
  return {};
}

Result<int> IntOption(const LayerSpec& spec, const std::string& key, std::optional<int> default_value, int min,
                      int max) {
  const std::string at_least = "an integer >= " + std::to_string(min);
  const json* value = FindOption(spec, key);
  if (value == nullptr) {
    if (default_value) return *default_value;
    return Missing(spec, key, at_least);
  }
  if (!IsInteger(*value)) return Bad(spec, key, at_least, *value);
  const int64_t number = value->get<int64_t>();
  if (number < min) return Bad(spec, key, at_least, *value);
  if (number > max) return Bad(spec, key, "an integer <= " + std::to_string(max), *value);
  return static_cast<int>(number);
}

Result<double> NumberOption(const LayerSpec& spec, const std::string& key, std::optional<double> default_value,
                            double min, double max) {
  const std::string allowed = "a number from " + WithoutZeros(min) + " to " + WithoutZeros(max);
  const json* value = FindOption(spec, key);
  if (value == nullptr) {
    if (default_value) return *default_value;
    return Missing(spec, key, allowed);
  }
  if (!value->is_number()) return Bad(spec, key, allowed, *value);
  const double number = value->get<double>();
  if (!(number >= min && number <= max)) return Bad(spec, key, allowed, *value);
  return number;
}

Result<bool> BoolOption(const LayerSpec& spec, const std::string& key, std::optional<bool> default_value) {
  const json* value = FindOption(spec, key);
  if (value == nullptr) {
    if (default_value) return *default_value;
    return Missing(spec, key, "true or false");
  }
  if (!value->is_boolean()) return Bad(spec, key, "true or false", *value);
  return value->get<bool>();
}

Result<std::vector<int>> IntListOption(const LayerSpec& spec, const std::string& key, size_t count, int min, int max,
                                       const std::string& meaning) {
  const std::string allowed = "a list of " + std::to_string(count) + " integers " + meaning + " from " +
                              std::to_string(min) + " to " + std::to_string(max);
  const json* value = FindOption(spec, key);
  if (value == nullptr) return Missing(spec, key, allowed);
  if (!value->is_array() || value->size() != count) return Bad(spec, key, allowed, *value);
  std::vector<int> numbers;
  for (const json& element : *value) {
    if (!IsInteger(element)) return Bad(spec, key, allowed, *value);
    const int64_t number = element.get<int64_t>();
    if (number < min || number > max) return Bad(spec, key, allowed, *value);
    numbers.push_back(static_cast<int>(number));
  }
  return numbers;
}

bool HasOption(const LayerSpec& spec, const std::string& key) { return FindOption(spec, key) != nullptr; }

double CheckedNumber(const LayerSpec& spec, const std::string& key, double otherwise) {
  const json* value = FindOption(spec, key);
  return value != nullptr && value->is_number() ? value->get<double>() : otherwise;
}

int CheckedInteger(const LayerSpec& spec, const std::string& key, int otherwise) {
  const json* value = FindOption(spec, key);
  if (value == nullptr || !IsInteger(*value)) return otherwise;
  const auto number = value->get<int64_t>();
  return number >= std::numeric_limits<int>::min() && number <= std::numeric_limits<int>::max()
             ? static_cast<int>(number)
             : otherwise;
}

bool CheckedFlag(const LayerSpec& spec, const std::string& key, bool otherwise) {
  const json* value = FindOption(spec, key);
  return value != nullptr && value->is_boolean() ? value->get<bool>() : otherwise;
}

std::vector<int> CheckedIntegers(const LayerSpec& spec, const std::string& key) {
  const json* value = FindOption(spec, key);
  return value != nullptr && value->is_array() ? value->get<std::vector<int>>() : std::vector<int>();
}

Result<Shape> CheckedShape(const LayerSpec& spec, int64_t n, int64_t c, int64_t h, int64_t w) {
  constexpr int64_t kMost = int64_t{1} << 40;
  int64_t size = 1;
  for (const int64_t d : {n, c, h, w}) {
    const bool fits = d >= 1 && d <= std::numeric_limits<int>::max() && size <= kMost / d;
    if (!fits) {
      return UsageError(LayerLabel(spec) + ": its output would be " + std::to_string(c) + "x" + std::to_string(h) +
                        "x" + std::to_string(w) + " for a batch of " + std::to_string(n) +
                        (d < 1 ? ", which is empty" : ", which is too large") +
                        "; change its options or the input size");
    }
    size *= d;
  }
  return Shape{static_cast<int>(n), static_cast<int>(c), static_cast<int>(h), static_cast<int>(w)};
}

int64_t SaturatingProduct(std::initializer_list<int64_t> factors) {
  int64_t product = 1;
  for (const int64_t f : factors) {
    if (__builtin_mul_overflow(product, f, &product)) return std::numeric_limits<int64_t>::max();
  }
  return product;
}

}  // namespace aecomp
