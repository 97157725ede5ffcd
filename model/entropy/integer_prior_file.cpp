// The integer prior in a model file: tensors named "integer.<what>".
#include "model/entropy/integer_prior_state.h"
#include "model/entropy/table_file.h"

namespace aecomp {
namespace {

/// Of a step of a feature: between these lie all that quantising makes, and products with them stay finite.
constexpr float kLeastScale = 1e-10f, kMostScale = 1e6f;

std::string LayerKey(const std::string& layer, const char* what) { return "integer." + layer + "." + what; }

Status LoadLayer(const SafetensorsFile& file, const std::string& name, int zero_point, IntegerLayer& layer) {
  const int64_t out = layer.out, k = layer.kernel;
  AECOMP_ASSIGN_OR_RETURN(const auto weight, file.ReadIntegers(LayerKey(name, "weight"), {out, k, k, layer.in}));
  AECOMP_ASSIGN_OR_RETURN(layer.bias, file.ReadIntegers(LayerKey(name, "bias"), {out}));
  AECOMP_ASSIGN_OR_RETURN(layer.multiplier, file.ReadIntegers(LayerKey(name, "multiplier"), {out}));
  AECOMP_ASSIGN_OR_RETURN(const auto shift, file.ReadIntegers(LayerKey(name, "shift"), {1}));
  layer.shift = shift[0];
  layer.weight.resize(weight.size());
  for (size_t i = 0; i < weight.size(); ++i) {
    layer.weight[i] = static_cast<int8_t>(std::clamp(weight[i], -128, 127));  // out of range: refused below
  }
  return CheckIntegerLayer(layer, zero_point, "layer '" + name + "'");
}

}  // namespace

Status IntegerPrior::Save(SafetensorsWriter& writer) const {
  const State& s = *state_;
  const int64_t n = s.hyper_channels, m = s.latent_channels, q = s.qualities;
  writer.AddIntegers("integer.z_input.multiplier", {q, n}, s.input_multiplier, DType::kI32);
  writer.AddIntegers("integer.z_input.offset", {q, n}, s.input_offset, DType::kI32);
  writer.AddIntegers("integer.z_rows", {q, n}, std::vector<int32_t>(s.z_rows.begin(), s.z_rows.end()), DType::kU8);
  writer.AddIntegers("integer.sigma_offset", {q, m}, s.sigma_offset, DType::kI32);
  writer.AddFloats("integer.feature_scales", {std::ssize(s.feature_scales)}, s.feature_scales, DType::kF32);
  if (!s.gray_skipped.empty()) {
    writer.AddIntegers("integer.gray_skipped", {m}, std::vector<int32_t>(s.gray_skipped.begin(), s.gray_skipped.end()),
                       DType::kU8);
  }
  s.coarse.Save(writer);
  s.z_context.Save(writer);
  SaveTables("integer.z_tables", s.z_frequencies, writer);
  SaveTables("integer.y_tables", s.y_frequencies, writer);
  for (size_t i = 0; i < s.layers.size(); ++i) {
    const IntegerLayer& l = s.layers[i];
    const int32_t shift[] = {l.shift};
    writer.AddIntegers(LayerKey(s.names[i], "weight"), {l.out, l.kernel, l.kernel, l.in},
                       std::vector<int32_t>(l.weight.begin(), l.weight.end()), DType::kI8);
    writer.AddIntegers(LayerKey(s.names[i], "bias"), {l.out}, l.bias, DType::kI32);
    writer.AddIntegers(LayerKey(s.names[i], "multiplier"), {l.out}, l.multiplier, DType::kI32);
    writer.AddIntegers(LayerKey(s.names[i], "shift"), {1}, shift, DType::kI32);
  }
  return {};
}

Result<IntegerPrior> IntegerPrior::Load(const Architecture& architecture, const SafetensorsFile& file) {
  AECOMP_ASSIGN_OR_RETURN(std::shared_ptr<State> state, MakeIntegerLayout(architecture));
  State& s = *state;
  const int64_t n = s.hyper_channels, m = s.latent_channels, q = s.qualities;
  AECOMP_ASSIGN_OR_RETURN(s.input_multiplier, file.ReadIntegers("integer.z_input.multiplier", {q, n}));
  AECOMP_ASSIGN_OR_RETURN(s.input_offset, file.ReadIntegers("integer.z_input.offset", {q, n}));
  AECOMP_ASSIGN_OR_RETURN(s.sigma_offset, file.ReadIntegers("integer.sigma_offset", {q, m}));
  AECOMP_ASSIGN_OR_RETURN(const std::vector<int32_t> z_rows, file.ReadIntegers("integer.z_rows", {q, n}));
  AECOMP_ASSIGN_OR_RETURN(s.feature_scales,
                          file.ReadFloats("integer.feature_scales", {s.layers[s.hyper_layers - 1].out}));
  for (const float scale : s.feature_scales) {
    if (!(scale >= kLeastScale && scale <= kMostScale))
      return ModelError("tensor \"integer.feature_scales\" holds a number that is no scale; the model file is damaged");
  }
  if (file.Find("integer.gray_skipped") != nullptr) {
    AECOMP_ASSIGN_OR_RETURN(const auto skipped, file.ReadIntegers("integer.gray_skipped", {m}));
    for (const int32_t skip : skipped) {
      if (skip != 0 && skip != 1)
        return ModelError(
            "tensor \"integer.gray_skipped\" holds a number other than 0 and 1; the model file is damaged");
      s.gray_skipped.push_back(skip != 0);
    }
  }
  AECOMP_ASSIGN_OR_RETURN(s.z_frequencies, LoadTables(file, "integer.z_tables"));
  AECOMP_ASSIGN_OR_RETURN(s.y_frequencies, LoadTables(file, "integer.y_tables"));
  AECOMP_ASSIGN_OR_RETURN(s.z_tables, CodingTables::Create(s.z_frequencies));
  AECOMP_ASSIGN_OR_RETURN(s.y_tables, CodingTables::Create(s.y_frequencies));
  if (s.z_tables.rows() < 1 || s.y_tables.rows() < 1) return ModelError("the model file has no probability tables");
  AECOMP_ASSIGN_OR_RETURN(s.coarse, CoarseModel::Load(file, s.latent_channels, s.y_tables.rows()));
  s.expected_z = ExpectedMagnitudes(s.z_tables);
  AECOMP_ASSIGN_OR_RETURN(s.z_context, ZContextModel::Load(file, s.z_tables));
  for (int32_t row : z_rows) {
    if (row < 0 || row >= s.z_tables.rows())
      return ModelError("tensor \"integer.z_rows\" names a table that does not exist");
    s.z_rows.push_back(static_cast<uint8_t>(row));
  }
  for (size_t i = 0; i < s.layers.size(); ++i) {
    AECOMP_RETURN_IF_ERROR(LoadLayer(file, s.names[i], s.ZeroPoint(i), s.layers[i]));
  }
  IntegerPrior prior;
  prior.state_ = std::move(state);
  return prior;
}

}  // namespace aecomp
