// aecomp info: what the header of an .aec or a model file says. Loads neither OpenCV nor the built-in model.
#include <cstring>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/decode_options.h"
#include "app/guard.h"
#include "app/large_blocks.h"
#include "app/models/model_report.h"
#include "app/models/model_source.h"
#include "app/report.h"
#include "app/streams.h"
#include "io/container.h"
#include "io/formats/alpha.h"
#include "io/formats/metadata.h"
#include "io/printable.h"
#include "model/base/json_text.h"
#include "model/base/safetensors.h"
#include "model/codec/filter_layer.h"
#include "model/codec/model_file.h"

namespace aecomp {
namespace {

using Json = nlohmann::ordered_json;

struct InfoOptions {
  std::vector<std::string> files;
  bool verify = false;
  uint64_t max_pixels = kDefaultMaxPixels;
  std::string model;
  int threads = 0;
  TalkOptions talk;
};

bool LooksLikeAny(std::span<const uint8_t> start) { return LooksLikeSafetensors(start) || LooksLikeContainer(start); }

/// What the file carries beside pixels.
Json Carried(const Container& container) {
  Json carried = Json::array();
  for (const ExtraChunk& chunk : container.extra) {
    const std::string type(chunk.type.begin(), chunk.type.end());
    static const std::map<std::string, const char*> kNames = {
        {"alph", "alpha"},      {"iccp", "icc"},          {"exif", "exif"},
        {"xmpd", "xmp"},        {"text", "text"},         {"pngc", "png colour"},
        {"reso", "resolution"}, {"Rang", "16-bit range"}, {"Outl", "16-bit outliers"},
        {"Filt", "filter"}};
    const auto known = kNames.find(type);
    carried.push_back(known != kNames.end() ? known->second : type);
  }
  return carried;
}

Json Layers(const ContainerHeader& h) {
  Json layers = Json::array();
  if (h.base) layers.push_back("network");
  if (h.residual) layers.push_back("residual");
  return layers;
}

Json DescribeImage(const ContainerHeader& h, std::span<const uint8_t> file, const std::string& name) {
  const size_t bytes = file.size();
  const double pixels = static_cast<double>(h.width) * h.height;
  const auto tiles = [&](uint32_t size) { return (int64_t{size} + h.tile_size - 1) / h.tile_size; };
  Json json = {{"type", "aec"}, {"format", h.version()}, {"width", h.width}, {"height", h.height}};
  json["channels"] = h.channels;
  json["bits"] = h.bits;
  json["bytes"] = bytes;
  json["bpp"] = 8.0 * static_cast<double>(bytes) / pixels;
  if (h.base) json["quality_step"] = h.quality;
  json["tile_size"] = h.tile_size;
  json["tiles"] = tiles(h.width) * tiles(h.height);
  json["layers"] = Layers(h);
  if (h.base) json["model"] = ToHex(h.model), json["model_built_in"] = IsBuiltIn(h.model);
  json["carries"] = Json::array();
  const auto container = ParseContainer(file, name);
  if (!container.ok()) return json;  // the header can be read all the same
  json["carries"] = Carried(container.value());
  for (const ExtraChunk& chunk : container.value().extra) {
    if (chunk.type == kFilterType) json["filter_bytes"] = chunk.payload.size();
  }
  uint64_t first = 0, others = 0, residual = 0;
  for (const TileStreams& tile : container.value().tiles) {
    const size_t of_network = tile.streams.size() - h.residual;
    for (size_t i = 0; i < of_network; ++i) (i == 0 ? first : others) += tile.streams[i].size();
    if (h.residual) residual += tile.streams.back().size();
  }
  if (h.base) json["first_stream_bytes"] = first, json["other_stream_bytes"] = others;
  if (h.residual) json["residual_bytes"] = residual, json["max_error"] = h.most_error;
  return json;
}

/// Which layers the bytes belong to.
std::string StreamText(const Json& json) {
  const auto number = [&](const char* key) { return json.contains(key) ? json[key].get<int64_t>() : 0; };
  const int64_t first = number("first_stream_bytes"), others = number("other_stream_bytes");
  const int64_t residual = number("residual_bytes"), around = number("bytes") - first - others - residual;
  std::string text;
  if (json.contains("first_stream_bytes")) {
    text += Format(
        "  streams  %ld bytes in the first of each tile (z of a hyperprior), %ld in the others, %ld around them\n",
        first, others, around);
  }
  if (json.contains("residual_bytes")) {
    text += Format("  residual %ld bytes", residual) +
            (json.contains("quality_step") ? std::string("\n") : Format(", %ld around them\n", around));
  }
  return text;
}

std::string ImageText(const Json& json) {
  const auto number = [&](const char* key) { return json[key].get<int64_t>(); };
  std::string text = Format("  image    %ldx%ld, %s, %ld bits\n", number("width"), number("height"),
                            number("channels") == 1 ? "gray" : "RGB", number("bits"));
  text +=
      Format("  size     %s, %.3f bpp\n", HumanBytes(json["bytes"].get<uint64_t>()).c_str(), json["bpp"].get<double>());
  if (json.contains("verified")) text += "  decodes  yes\n";
  if (json.contains("quality_step"))
    text += Format("  quality  step %ld/16 of the model's axis\n", number("quality_step"));
  if (json.contains("max_error")) {
    text += number("max_error") == 0 ? "  error    none: lossless\n"
                                     : Format("  error    at most %ld of any sample\n", number("max_error"));
  }
  text += Format("  tiles    %ld of %ldx%ld\n", number("tiles"), number("tile_size"), number("tile_size"));
  text += StreamText(json);
  if (json.contains("filter_bytes")) text += Format("  filter   %ld bytes\n", number("filter_bytes"));
  std::string carried;
  for (const Json& what : json["carries"]) carried += (carried.empty() ? "" : ", ") + what.get<std::string>();
  if (!carried.empty()) text += "  carries  " + carried + "\n";
  if (json.contains("model")) {
    text += "  model    " + json["model"].get<std::string>() +
            (json["model_built_in"].get<bool>() ? " (built in)\n" : "\n");
  }
  return text;
}

/// Decodes all of it and throws it away. most: pixels that are decoded.
Status VerifyImage(std::span<const uint8_t> bytes, const std::string& name, ModelSource& models, uint64_t most) {
  AECOMP_ASSIGN_OR_RETURN(const Container container, ParseContainer(bytes, name));
  AECOMP_RETURN_IF_ERROR(CheckDecodedSize(container.header.width, container.header.height, most, name));
  AECOMP_RETURN_IF_ERROR(CheckAlpha(container.header, container.extra, name));
  AECOMP_ASSIGN_OR_RETURN(Codec * codec, models.Get(container.header.model, name));
  AECOMP_ASSIGN_OR_RETURN(Image image, codec->Decompress(container, name));
  AECOMP_RETURN_IF_ERROR(RestoreAlpha(std::move(image), container.extra, name).status());
  return MetadataFromChunks(container.extra, name).status();
}

/// models: null when nothing is to be verified.
Result<Json> Describe(const std::string& file, const std::string& name, ModelSource* models, uint64_t most) {
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, ReadInput(file, {.is_known = LooksLikeAny}));
  if (LooksLikeSafetensors(bytes)) {
    AECOMP_ASSIGN_OR_RETURN(const auto model, ParseModel(bytes, name));
    return DescribeModel(*model, bytes.size());
  }
  AECOMP_ASSIGN_OR_RETURN(const ContainerHeader header, ParseHeader(bytes, name));
  Json json = DescribeImage(header, bytes, name);
  if (models == nullptr) return json;
  AECOMP_RETURN_IF_ERROR(VerifyImage(bytes, name, *models, most));
  json["verified"] = true;
  return json;
}

void Print(const std::string& name, const Result<Json>& description, const TalkOptions& talk) {
  if (talk.json) {
    Json line = {{"input", name}, {"status", description.ok() ? "ok" : "error"}};
    if (description.ok()) {
      line.update(description.value());
    } else {
      line["error"] = description.status().message();
      line["exit_code"] = description.status().exit_code();
    }
    PrintStdout(JsonText(line) + "\n");
  }
  if (!description.ok()) return PrintError(description.status().message());
  if (talk.json) return;
  const bool image = description.value()["type"] == "aec";
  std::string shown = name;
  HideControls(shown);
  PrintStdout(shown + "\n" + (image ? ImageText(description.value()) : ModelText(description.value())));
}

Status Info(const InfoOptions& options) {
  UseOneHeap();
  UseThreads(options.threads);
  ModelStore store(options.model, Precision::kInteger, ModelUse::kDecompression);
  ModelSource models(store);
  Status last;
  size_t failed = 0;
  for (const std::string& file : options.files) {
    const std::string name = IsStream(file) ? "stdin" : file;
    const auto describe = [&] {
      return Guarded(name,
                     [&] { return Describe(file, name, options.verify ? &models : nullptr, options.max_pixels); });
    };
    Result<Json> description = describe();
    if (!description.ok() && description.status().code() == StatusCode::kMemory && !IsStream(file)) {
      models.ForgetCodecs();
      UseThreads(1);  // which take less memory
      description = describe();
      UseThreads(options.threads);
    }
    Print(name, description, options.talk);
    if (description.ok()) continue;
    ++failed;
    last = Status(description.status().code(), "");
  }
  if (options.files.size() == 1 || failed == 0) return last;
  return {StatusCode::kSomeFailed, Format("%zu of %zu files failed", failed, options.files.size())};
}

}  // namespace

void AddInfo(const CommandLine& app, Command& command) {
  auto options = std::make_shared<InfoOptions>();
  const CommandLine sub = app.AddCommand("info", "Say what an .aec or a model file holds");
  sub.Add("file", options->files, "Files; - is stdin").Required().TypeName("FILE");
  sub.AddFlag("--verify", options->verify, "Decode each .aec as well, without writing");
  AddDecodedPixelsOption(sub, options->max_pixels);
  AddModelOption(sub, options->model);
  AddThreadsOption(sub, options->threads);
  AddTalkOptions(sub, options->talk);
  sub.OnChosen([options, &command] { command.run = [options] { return Info(*options); }; });
}

}  // namespace aecomp
