#include "app/commands/model_check.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/models/model_gradients.h"
#include "app/options.h"
#include "app/report.h"
#include "app/streams.h"
#include "model/base/json_text.h"
#include "model/entropy/coding_check.h"
#include "model/network/architecture_report.h"
#include "train/run/training_plan.h"

namespace aecomp {
namespace {

using Json = nlohmann::ordered_json;

struct CheckOptions {
  std::string architecture, input;
  bool json = false, gradients = false;
};

/// Everything that the check finds out.
struct Answer {
  Architecture architecture;
  ArchitectureCost cost;
  TrainingMemory memory;
  std::vector<NetworkGradients> gradients;  ///< when asked for
  Status judgement;                         ///< of the gradients
};

constexpr uint64_t kMaxArchitectureBytes = 16 << 20;

Result<Answer> Check(const CheckOptions& options) {
  std::optional<Shape> image;
  if (!options.input.empty()) {
    AECOMP_ASSIGN_OR_RETURN(const auto given, ParseInputShape(options.input));
    image = Shape{1, given.channels, given.height, given.width};
  }
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, ReadInput(options.architecture, {.max_bytes = kMaxArchitectureBytes}));
  const std::string name = IsStream(options.architecture) ? "stdin" : options.architecture;
  Answer answer;
  AECOMP_ASSIGN_OR_RETURN(answer.architecture, ReadArchitecture(std::string(bytes.begin(), bytes.end()), name));
  Architecture& a = answer.architecture;
  const auto in_file = [&](const Status& status) { return Status(status.code(), name + ": " + status.message()); };
  if (Status status = CheckArchitecture(a, image); !status.ok()) return in_file(status);
  if (Status status = CheckCoding(a); !status.ok()) return in_file(status);
  auto cost = MeasureArchitecture(a, NetworkImage(a, image.value_or(Shape{1, a.image_channels, 256, 256})));
  if (!cost.ok()) return in_file(cost.status());
  answer.cost = std::move(cost).value();
  AECOMP_ASSIGN_OR_RETURN(answer.memory, EstimateTrainingMemory(a, kUsualBatch, kUsualPatch));
  if (!options.gradients) return answer;
  auto gradients = CheckGradients(a, image);
  if (!gradients.ok()) return in_file(gradients.status());
  answer.gradients = std::move(gradients).value();
  if (Status status = JudgeGradients(answer.gradients); !status.ok()) answer.judgement = in_file(status);
  return answer;
}

std::string FieldText(const std::optional<int64_t>& field) { return field ? std::to_string(*field) : "all"; }

std::string NetworkText(const NetworkCost& network) {
  std::string text = Format("%s  (input %s)\n", network.role.c_str(), network.input.ToString().c_str());
  const auto row = [&](const std::string& name, const std::string& type, const std::string& output, int64_t parameters,
                       double macs, const std::string& field) {
    text += Format("  %-24s %-18s %-14s %10ld %10.3f %8s\n", name.c_str(), type.c_str(), output.c_str(), parameters,
                   macs / 1e3, field.c_str());
  };
  text += Format("  %-24s %-18s %-14s %10s %10s %8s\n", "layer", "type", "output", "parameters", "kMAC/pixel", "sees");
  for (const LayerCost& l : network.layers) {
    row(l.layer.name, l.layer.type, l.layer.output.ToString(), l.layer.parameters, l.macs_per_pixel,
        FieldText(l.receptive_field));
  }
  row("total", "", "", network.parameters, network.macs_per_pixel, "");
  return text;
}

std::string Text(const Answer& answer) {
  const ArchitectureCost& cost = answer.cost;
  const TrainingMemory& memory = answer.memory;
  std::string text;
  for (const NetworkCost& network : cost.networks) text += NetworkText(network);
  const bool tiles = answer.architecture.tile != 0;
  text += Format("%s  %s; \"sees\": width in pixels of what an element of the output depends on\n",
                 tiles ? "tile" : "image", cost.image.ToString().c_str());
  text += Format("encoding  %.3f kMAC/pixel, decoding %.3f kMAC/pixel\n", cost.encode_macs_per_pixel / 1e3,
                 cost.decode_macs_per_pixel / 1e3);
  text += Format("parameters  %ld (%ld of them tables for each quality), %s in f16\n", cost.parameters,
                 cost.table_parameters, HumanBytes(static_cast<uint64_t>(cost.file_bytes)).c_str());
  text += Format("training memory  about %s for %d crops of %s: activations %s, their gradients %s, parameters %s\n",
                 HumanBytes(static_cast<uint64_t>(memory.total())).c_str(), memory.batch.n,
                 memory.batch.ToString().c_str(), HumanBytes(static_cast<uint64_t>(memory.activations)).c_str(),
                 HumanBytes(static_cast<uint64_t>(memory.gradients)).c_str(),
                 HumanBytes(static_cast<uint64_t>(memory.parameters)).c_str());
  return answer.gradients.empty() ? text : text + GradientText(answer.gradients);
}

Json ShapeJson(const Shape& s) { return Json::array({s.c, s.h, s.w}); }

Json NetworkJson(const NetworkCost& network) {
  Json layers = Json::array();
  for (const LayerCost& l : network.layers) {
    layers.push_back({{"name", l.layer.name},
                      {"type", l.layer.type},
                      {"output", ShapeJson(l.layer.output)},
                      {"parameters", l.layer.parameters},
                      {"macs_per_pixel", l.macs_per_pixel},
                      {"receptive_field", l.receptive_field ? Json(*l.receptive_field) : Json()}});
  }
  return {{"name", network.role},
          {"input", ShapeJson(network.input)},
          {"parameters", network.parameters},
          {"macs_per_pixel", network.macs_per_pixel},
          {"layers", layers}};
}

Json GradientsJson(const std::vector<NetworkGradients>& networks) {
  Json list = Json::array();
  for (const NetworkGradients& n : networks) {
    Json layers = Json::array();
    for (const reference::LayerGradients& l : n.report.layers) {
      layers.push_back(
          {{"name", l.name}, {"type", l.type}, {"reference_error", l.reference_error}, {"graph_error", l.graph_error}});
    }
    list.push_back({{"name", n.role},
                    {"input", ShapeJson(n.input)},
                    {"input_error", n.report.input_error},
                    {"unreached", n.report.unreached},
                    {"layers", layers}});
  }
  return list;
}

Json AnswerJson(const Answer& answer) {
  const ArchitectureCost& cost = answer.cost;
  const TrainingMemory& memory = answer.memory;
  Json json = {{"type", "architecture"},
               {"name", answer.architecture.name},
               {"prior", answer.architecture.prior == PriorType::kHyperprior ? "hyperprior" : "factorized"},
               {"image", ShapeJson(cost.image)},
               {"tile", answer.architecture.tile},
               {"parameters", cost.parameters},
               {"table_parameters", cost.table_parameters},
               {"file_bytes", cost.file_bytes},
               {"encode_macs_per_pixel", cost.encode_macs_per_pixel},
               {"decode_macs_per_pixel", cost.decode_macs_per_pixel}};
  json["training_memory"] = {{"batch", memory.batch.n},
                             {"crop", ShapeJson(memory.batch)},
                             {"activation_bytes", memory.activations},
                             {"gradient_bytes", memory.gradients},
                             {"parameter_bytes", memory.parameters},
                             {"bytes", memory.total()}};
  json["networks"] = Json::array();
  for (const NetworkCost& network : cost.networks) json["networks"].push_back(NetworkJson(network));
  if (!answer.gradients.empty()) json["gradients"] = GradientsJson(answer.gradients);
  return json;
}

Status Run(const CheckOptions& options) {
  const Result<Answer> answer = Check(options);
  const Status status = answer.ok() ? answer.value().judgement : answer.status();
  if (!options.json) {
    if (answer.ok()) PrintStdout(Text(answer.value()));
    return status;
  }
  Json line = {{"input", options.architecture}, {"status", status.ok() ? "ok" : "error"}};
  if (!status.ok()) line["error"] = status.message();
  if (answer.ok()) line.update(AnswerJson(answer.value()));
  PrintStdout(JsonText(line) + "\n");
  return status;
}

}  // namespace

void AddModelCheck(const CommandLine& model, Command& command) {
  auto options = std::make_shared<CheckOptions>();
  const CommandLine check = model.AddCommand(
      "check", "Shapes, parameters, MACs and receptive field of every layer of an architecture, or the first misfit");
  check.Add("architecture", options->architecture, "Architecture file (JSON)").Required().TypeName("FILE");
  check.Add("--input", options->input, "Image shape (default: 256x256 pixels, or one tile)").TypeName("CxHxW");
  check.AddFlag("--gradients", options->gradients,
                "Also compare gradients with finite differences of the whole network (encoder and decoder in one, each "
                "network of the prior alone) in double precision, and name parameters that no gradient reaches; takes "
                "up to a minute at a small image");
  check.AddFlag("--json", options->json, "Print one JSON object on stdout");
  check.OnChosen([options, &command] { command.run = [options] { return Run(*options); }; });
}

}  // namespace aecomp
