// Reading a layer's options from its JSON object. Every error names the layer, the option, what is allowed and what
// came: `layer 'enc.2' (conv2d): "kernel" must be an integer >= 1, got "3"`.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "io/status.h"
#include "model/network/layer.h"

namespace aecomp {

/// "layer 'enc.2' (conv2d)": how every message about a layer begins.
std::string LayerLabel(const LayerSpec& spec);

/// A JSON value as it stands in the file, cut when it is long: one line whatever it holds.
std::string PrintedValue(const nlohmann::json& value);

/// The input and, where it is known, its origin: "3x256x256 from the image".
std::string Came(const LayerSpec& spec, const Shape& input);

/// An edit that gives the layer `channels`: `set "out" of layer 'enc.1' (conv2d) to 4`.
std::string ChangeChannels(const LayerSpec& spec, int channels);

/// Refuses options that the layer does not have, naming the nearest one that it has. "type" and "name" always pass.
Status CheckOptionKeys(const LayerSpec& spec, const std::vector<std::string>& known);

/// An integer in [min, max]. Without a default the option is required. 3.0 and "3" are not integers.
Result<int> IntOption(const LayerSpec& spec, const std::string& key, std::optional<int> default_value, int min,
                      int max);

/// A finite number in [min, max].
Result<double> NumberOption(const LayerSpec& spec, const std::string& key, std::optional<double> default_value,
                            double min, double max);

Result<bool> BoolOption(const LayerSpec& spec, const std::string& key, std::optional<bool> default_value);

/// A required list of exactly `count` integers in [min, max]. `meaning`: what the list is, for the message: "[C, H,
/// W]".
Result<std::vector<int>> IntListOption(const LayerSpec& spec, const std::string& key, size_t count, int min, int max,
                                       const std::string& meaning);

// For layers whose options were checked, without looking at them again; files that use only these need not compile the
// JSON library.
bool HasOption(const LayerSpec& spec, const std::string& key);
/// `otherwise`: where the layer does not have the option, or has a value of another type.
double CheckedNumber(const LayerSpec& spec, const std::string& key, double otherwise);
int CheckedInteger(const LayerSpec& spec, const std::string& key, int otherwise);
bool CheckedFlag(const LayerSpec& spec, const std::string& key, bool otherwise);
/// Empty where the layer has no such list.
std::vector<int> CheckedIntegers(const LayerSpec& spec, const std::string& key);

/// The output shape of a layer, refused when a dimension is below 1 or when the whole has more than 2^40 elements: a
/// few large strides or factors in a hostile architecture must not overflow.
Result<Shape> CheckedShape(const LayerSpec& spec, int64_t n, int64_t c, int64_t h, int64_t w);

/// The product of numbers that are not negative; the largest int64 when it is larger.
int64_t SaturatingProduct(std::initializer_list<int64_t> factors);

}  // namespace aecomp
