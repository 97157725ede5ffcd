// aecomp model: the built-in model, and what an architecture file means before anything is trained.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/options.h"
#include "app/report.h"
#include "app/streams.h"
#include "io/file.h"
#include "model/architecture.h"
#include "model/graph.h"
#include "model/model_file.h"
#include "train/dataset.h"
#include "train/export.h"

namespace aecomp {
namespace {

struct CheckOptions {
  std::string architecture;
  std::string input = "3x256x256";
};

struct NetworkCheck {
  const char* name;
  const Network& layers;
  Shape input;
};

struct ConvertOptions {
  std::string input, output;
  std::vector<std::string> images;
  bool force = false;
};

/// Every network of the architecture with the shape it reads, for images of the given shape.
std::vector<NetworkCheck> Networks(const Architecture& a, const Shape& image) {
  const auto at = [&](int channels, int stride) { return Shape{1, channels, image.h / stride, image.w / stride}; };
  const Shape y = at(a.latent_channels, a.latent_stride), z = at(a.hyper_channels, a.hyper_stride);
  std::vector<NetworkCheck> networks = {
      {"encoder", a.encoder, image}, {"decoder", a.decoder, y}, {"hyper_encoder", a.hyper_encoder, y}};
  const auto features = InferShapes(a.hyper_decoder, z);
  networks.push_back({"hyper_decoder", a.hyper_decoder, z});
  if (!features.ok() || features.value().empty()) return networks;  // the misfit is reported with the table
  Shape k = features.value().back().output;
  networks.push_back({"sigma_head", a.sigma_head, k});
  networks.push_back({"mu_head", a.mu_head, k});
  networks.push_back({"context_in", a.context_in, y});
  k.c *= 2;
  networks.push_back({"context_out", a.context_out, k});
  return networks;
}

void PrintTable(const NetworkCheck& network, const std::vector<LayerReport>& layers, double pixels) {
  std::string text = Format("%s  (input %s)\n", network.name, network.input.ToString().c_str());
  int64_t parameters = 0, macs = 0;
  const auto row = [&](const std::string& name, const std::string& type, const std::string& output, int64_t p,
                       int64_t m) {
    text += Format("  %-24s %-18s %-14s %10ld %10.3f\n", name.c_str(), type.c_str(), output.c_str(), p,
                   static_cast<double>(m) / pixels / 1e3);
  };
  text += Format("  %-24s %-18s %-14s %10s %10s\n", "layer", "type", "output", "parameters", "kMAC/pixel");
  for (const LayerReport& layer : layers) {
    row(layer.name, layer.type, layer.output.ToString(), layer.parameters, layer.macs);
    parameters += layer.parameters, macs += layer.macs;
  }
  row("total", "", "", parameters, macs);
  PrintStdout(text);
}

Status Check(const CheckOptions& options) {
  AECOMP_ASSIGN_OR_RETURN(const auto shape, ParseInputShape(options.input));
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, ReadInput(options.architecture));
  AECOMP_ASSIGN_OR_RETURN(const Architecture architecture,
                          ParseArchitecture(std::string(bytes.begin(), bytes.end()), options.architecture));
  const int stride = architecture.hyper_stride;
  const auto padded = [&](int size) { return (size + stride - 1) / stride * stride; };
  const Shape image{1, shape.channels, padded(shape.height), padded(shape.width)};
  const double pixels = static_cast<double>(image.h) * image.w;
  for (const NetworkCheck& network : Networks(architecture, image)) {
    const auto layers = InferShapes(network.layers, network.input);
    if (!layers.ok()) {
      return Status(layers.status().code(),
                    options.architecture + ": " + network.name + ": " + layers.status().message());
    }
    PrintTable(network, layers.value(), pixels);
  }
  return {};
}

/// Before any work.
Status CheckOutput(const ConvertOptions& options) {
  std::error_code error;
  if (options.force || !std::filesystem::exists(options.output, error)) return {};
  return UsageError(options.output + ": exists; name another with -o, or overwrite with -f");
}

Status Export(const ConvertOptions& options) {
  AECOMP_RETURN_IF_ERROR(CheckOutput(options));
  AECOMP_ASSIGN_OR_RETURN(const auto model, ReadWeights(options.input));
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, SerializeWeights(*model));
  return WriteFileAtomically(options.output, bytes, options.force);
}

/// Weights lack what is computed in integers; its activation ranges come from the images.
Status Import(const ConvertOptions& options) {
  AECOMP_RETURN_IF_ERROR(CheckOutput(options));
  AECOMP_ASSIGN_OR_RETURN(const auto model, ReadWeights(options.input));
  AECOMP_ASSIGN_OR_RETURN(const std::vector<std::string> files, ListImages(options.images));
  std::vector<std::string> notes;
  const int patch = 4 * model->architecture.hyper_stride;
  AECOMP_ASSIGN_OR_RETURN(const Dataset images,
                          Dataset::Load(files, model->architecture.image_channels, patch, &notes));
  for (const std::string& note : notes) PrintError(note);
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes,
                          ExportModel(model->architecture, model->parameters, images, model->provenance));
  return WriteFileAtomically(options.output, bytes, options.force);
}

void AddConversion(CLI::App& parent, const char* name, const char* help, Status (*run)(const ConvertOptions&),
                   bool with_images, Command& command) {
  auto options = std::make_shared<ConvertOptions>();
  CLI::App* sub = parent.add_subcommand(name, help);
  sub->add_option("input", options->input, "Model or weights (safetensors)")->required()->type_name("FILE");
  if (with_images) {
    sub->add_option("--images", options->images, "Folders of images of the kind that it is for")
        ->required()
        ->type_name("DIR");
  }
  sub->add_option("-o,--output", options->output, "Output file")->required()->type_name("FILE");
  sub->add_flag("-f,--force", options->force, "Overwrite the output");
  sub->callback([options, run, &command] { command.run = [options, run] { return run(*options); }; });
}

}  // namespace

void AddModel(CLI::App& app, Command& command) {
  CLI::App* sub = app.add_subcommand("model", "List and install models, check architecture files");
  sub->require_subcommand(1);
  AddModelLibrary(*sub, command);

  auto options = std::make_shared<CheckOptions>();
  CLI::App* check = sub->add_subcommand("check", "Shapes, parameters and MACs of an architecture, or its first misfit");
  check->add_option("architecture", options->architecture, "Architecture file (JSON)")->required()->type_name("FILE");
  check->add_option("--input", options->input, "Image shape")->capture_default_str()->type_name("CxHxW");
  check->callback([options, &command] { command.run = [options] { return Check(*options); }; });

  AddConversion(*sub, "export", "A model's weights in f32, for PyTorch and others", Export, false, command);
  AddConversion(*sub, "import", "A model from weights", Import, true, command);
}

}  // namespace aecomp
