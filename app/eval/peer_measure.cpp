#include "app/eval/peer_measure.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/eval/child_process.h"
#include "app/eval/program_identity.h"
#include "app/report.h"
#include "io/convert.h"
#include "io/file.h"
#include "io/formats/image_io.h"
#include "io/formats/opencv_api.h"
#include "io/formats/png.h"

namespace aecomp {
namespace {

/// Changes when what is kept of a measurement means something else.
constexpr const char* kMeasuresVersion = "1";

std::string SettingText(double setting) { return Format("%.10g", setting); }

Status Named(const Peer& peer, const Original& original, double setting, const Status& status) {
  if (status.code() == StatusCode::kInterrupted) return status;
  return InputError(peer.name + ": fails with " + original.name + " at " + SettingText(setting) + ": " +
                    status.message());
}

Result<std::vector<uint8_t>> RunEncoder(const Peer& peer, const Original& original, double setting,
                                        const MeasureContext& context, double& seconds) {
  if (!peer.is_program()) {
    AECOMP_ASSIGN_OR_RETURN(const OpenCvApi* api, LoadOpenCv());
    const Stopwatch watch;
    auto bytes = api->encode(original.image, peer.extension, static_cast<int>(std::lround(setting)));
    seconds = watch.Seconds();
    return bytes;
  }
  AECOMP_ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::Create());
  const std::string in = folder.File("original.png"), out = folder.File("coded" + peer.extension);
  AECOMP_ASSIGN_OR_RETURN(const auto png, EncodePng(original.image));
  AECOMP_RETURN_IF_ERROR(WriteFileAtomically(in, png, true));
  const std::string yuv = original.image.channels == 1 ? "400" : "444";
  ChildOptions options;
  options.interrupted = context.interrupted;
  const auto arguments = FillPlaces(peer.encode, {{"in", in}, {"out", out}, {"q", SettingText(setting)}, {"yuv", yuv}});
  AECOMP_ASSIGN_OR_RETURN(const ChildOutput output, RunChildOrFail(arguments, options));
  seconds = output.seconds;
  auto bytes = ReadFile(out);
  if (!bytes.ok()) return InputError(peer.encode[0] + ": writes no file");
  return bytes;
}

Result<Image> RunDecoder(const Peer& peer, const std::vector<uint8_t>& bytes, const MeasureContext& context,
                         double& seconds) {
  if (!peer.is_program()) {
    AECOMP_ASSIGN_OR_RETURN(const OpenCvApi* api, LoadOpenCv());
    const Stopwatch watch;
    auto image = api->decode(bytes, peer.name);
    seconds = watch.Seconds();
    return image;
  }
  AECOMP_ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::Create());
  const std::string in = folder.File("coded" + peer.extension), out = folder.File("decoded.png");
  AECOMP_RETURN_IF_ERROR(WriteFileAtomically(in, bytes, true));
  ChildOptions options;
  options.interrupted = context.interrupted;
  AECOMP_ASSIGN_OR_RETURN(const ChildOutput output,
                          RunChildOrFail(FillPlaces(peer.decode, {{"in", in}, {"out", out}}), options));
  seconds = output.seconds;
  const auto png = ReadFile(out);
  if (!png.ok()) return InputError(peer.decode[0] + ": writes no file");
  return DecodeImage(png.value(), peer.decode[0] + "'s output", nullptr);
}

/// Luma of ITU-R BT.601, rounded; exact where the channels are equal.
Image GrayOf(const Image& image) {
  Image gray(image.width, image.height, 1);
  for (size_t i = 0; i < gray.pixels.size(); ++i) {
    const uint8_t* rgb = image.pixels.data() + 3 * i;
    gray.pixels[i] = static_cast<uint8_t>((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
  }
  return gray;
}

std::string ToText(const Measurement& m) {
  nlohmann::json json = {{"bytes", m.bytes}, {"encode", m.encode_seconds}, {"decode", m.decode_seconds}};
  json["ms_ssim"] = Format("%.17g", m.scores.ms_ssim);  // texts: JSON has neither infinities nor NaN
  for (const MetricInfo& info : MetricTable()) json["scores"][info.id] = Format("%.17g", m.scores[info.metric]);
  return json.dump();
}

bool FromText(const std::vector<uint8_t>& text, Measurement& m) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return false;
  try {
    m.bytes = json.at("bytes"), m.encode_seconds = json.at("encode"), m.decode_seconds = json.at("decode");
    const auto number = [](const nlohmann::json& value) {
      return std::strtod(value.get<std::string>().c_str(), nullptr);
    };
    m.scores.ms_ssim = number(json.at("ms_ssim"));
    for (const MetricInfo& info : MetricTable()) m.scores[info.metric] = number(json.at("scores").at(info.id));
    return m.bytes > 0;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

}  // namespace

Original ForPeers(const Original& original) {
  if (original.image.bits == 8) return {original.name, original.image.Clone(), original.hash};
  return MakeOriginal(original.name, To8Bits(original.image.Clone()));
}

Result<CodedFile> EncodeWithPeer(const Peer& peer, const Original& original, double setting,
                                 const MeasureContext& context) {
  const std::string key = HashText({"coded", original.hash, peer.identity, SettingText(setting)});
  CodedFile file;
  if (const auto known = context.cache.Read(key); known && known->size() > sizeof file.seconds) {
    std::memcpy(&file.seconds, known->data(), sizeof file.seconds);
    file.bytes.assign(known->begin() + sizeof file.seconds, known->end());
    return file;
  }
  auto bytes = RunEncoder(peer, original, setting, context, file.seconds);
  if (!bytes.ok()) return Named(peer, original, setting, bytes.status());
  file.bytes = std::move(bytes).value();
  std::vector<uint8_t> kept(sizeof file.seconds);
  std::memcpy(kept.data(), &file.seconds, sizeof file.seconds);
  kept.insert(kept.end(), file.bytes.begin(), file.bytes.end());
  context.cache.Write(key, kept);
  return file;
}

Result<Image> DecodeWithPeer(const Peer& peer, const Original& original, const std::vector<uint8_t>& bytes,
                             const MeasureContext& context, double* seconds) {
  double unused = 0;
  AECOMP_ASSIGN_OR_RETURN(Image image, RunDecoder(peer, bytes, context, seconds != nullptr ? *seconds : unused));
  image = WithoutAlpha(To8Bits(std::move(image)));
  if (original.image.channels == 1 && image.channels == 3) image = GrayOf(image);
  if (original.image.channels == 3) image = GrayToRgb(std::move(image));
  AECOMP_RETURN_IF_ERROR(CheckAlike(original.image, image, original.name, peer.name));
  return image;
}

Result<Measurement> MeasurePeer(const Peer& peer, const Original& original, double setting,
                                const MeasureContext& context) {
  Measurement m;
  m.codec = peer.name, m.image = original.name, m.quality = setting;
  m.width = original.image.width, m.height = original.image.height;
  const std::string key = HashText({"measures", kMeasuresVersion, original.hash, peer.identity, SettingText(setting)});
  if (const auto known = context.cache.Read(key)) {
    if (FromText(*known, m) && m.scores.Has(context.metrics)) return m;
  }
  AECOMP_ASSIGN_OR_RETURN(const CodedFile file, EncodeWithPeer(peer, original, setting, context));
  m.bytes = file.bytes.size(), m.encode_seconds = file.seconds;
  auto image = DecodeWithPeer(peer, original, file.bytes, context, &m.decode_seconds);
  if (!image.ok()) return Named(peer, original, setting, image.status());
  AECOMP_RETURN_IF_ERROR(Measure(original, image.value(), context, m.scores));
  context.cache.Write(key, ToText(m));
  return m;
}

}  // namespace aecomp
