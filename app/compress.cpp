// aecomp compress: images to .aec files.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <optional>

#include "app/batch.h"
#include "app/command.h"
#include "app/model_source.h"
#include "app/streams.h"
#include "io/image_io.h"
#include "model/rate_control.h"

namespace aecomp {
namespace {

struct CompressOptions {
  BatchOptions batch;
  double quality = kDefaultQuality;
  std::optional<double> bpp, psnr;
  std::optional<uint64_t> size;
  MetadataChoice metadata;

  std::optional<RateTarget> Target(const Image& image) const {
    using Kind = RateTarget::Kind;
    if (size) return RateTarget{Kind::kBytes, static_cast<double>(*size)};
    if (bpp) return RateTarget{Kind::kBytes, *bpp * image.width * image.height / 8};
    if (psnr) return RateTarget{Kind::kPsnr, *psnr};
    return std::nullopt;
  }
};

Result<std::vector<uint8_t>> CompressImage(const Image& image, const CompressOptions& options, Codec& codec,
                                           FileReport& report) {
  const int max_quality = codec.model().architecture.max_quality();
  const auto target = options.Target(image);
  if (!target) {
    return codec.Compress(image, QualityStep(options.quality, max_quality));
  }
  AECOMP_ASSIGN_OR_RETURN(RateResult result, CompressToTarget(codec, image, *target));
  report.quality = std::round(1000.0 * result.quality / max_quality) / 10;
  report.psnr = result.psnr;
  if (!result.note.empty()) report.notes.push_back(result.note);
  return std::move(result.bytes);
}

Status CompressFile(const PlannedFile& file, const CompressOptions& options, ModelSource& source, FileReport& report) {
  const std::string name = IsStream(file.input) ? "stdin" : file.input;
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, ReadInput(file.input));
  Metadata metadata;
  AECOMP_ASSIGN_OR_RETURN(const Image image, DecodeImage(bytes, name, &report.notes, &metadata));
  options.metadata.Apply(metadata);
  AECOMP_ASSIGN_OR_RETURN(Codec * codec, source.Get());
  codec->SetExtraChunks(MetadataChunks(metadata));
  auto coded = CompressImage(image, options, *codec, report);
  if (!coded.ok()) return Status(coded.status().code(), name + ": " + coded.status().message());
  report.width = image.width, report.height = image.height;
  report.bytes = coded.value().size();
  report.model = ToHex(codec->model().id);
  return WriteOutput(file.output, coded.value(), options.batch.force);
}

/// For CLI11: what is wrong with a target, if anything.
std::string CheckPositive(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return end != text.c_str() && *end == 0 && value > 0 && std::isfinite(value) ? "" : text + " is not a number above 0";
}

}  // namespace

void AddCompress(CLI::App& app, Command& command) {
  auto options = std::make_shared<CompressOptions>();
  CLI::App* sub = app.add_subcommand("compress", "Compress images to .aec files");
  AddBatchOptions(*sub, options->batch);
  AddMetadataOption(*sub, options->metadata);
  CLI::Option* quality = sub->add_option("-q,--quality", options->quality, "0 (smallest) to 100 (best)")
                             ->check(CheckQuality)
                             ->capture_default_str()
                             ->type_name("Q");
  CLI::Option* bpp = sub->add_option("--bpp", options->bpp, "Bits a pixel, instead of a quality")->check(CheckPositive);
  CLI::Option* psnr =
      sub->add_option("--psnr", options->psnr, "PSNR in dB, instead of a quality")->check(CheckPositive);
  CLI::Option* size = sub->add_option("--size", options->size, "Bytes at most, instead of a quality")
                          ->check(CheckPositive)
                          ->type_name("BYTES");
  for (CLI::Option* one : {quality, bpp, psnr, size}) {
    for (CLI::Option* other : {quality, bpp, psnr, size}) {
      if (one != other) one->excludes(other);
    }
  }
  sub->callback([options, &command] {
    command.run = [options] {
      ModelSource source(options->batch.model);
      return RunBatch(options->batch, ".aec", [&](const PlannedFile& file, FileReport& report) {
        return CompressFile(file, *options, source, report);
      });
    };
  });
}

}  // namespace aecomp
