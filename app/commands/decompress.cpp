// aecomp decompress: .aec files to images.
#include <filesystem>
#include <memory>
#include <optional>

#include "app/batch/batch.h"
#include "app/command.h"
#include "app/decode_options.h"
#include "app/streams.h"
#include "io/formats/alpha.h"
#include "io/formats/image_io.h"
#include "model/codec/reduced.h"

namespace aecomp {
namespace {

struct DecompressOptions {
  BatchOptions batch;
  std::string format;
  EncodeImageOptions encode;
  MetadataChoice metadata;
  bool keep_alpha = true;
  std::vector<int64_t> region;  // x, y, width, height; empty: all
  int64_t max_side = 0;         // 0: as large as it is
  uint64_t max_pixels = kDefaultMaxPixels;
};

std::optional<Region> RegionOf(const DecompressOptions& o) {
  if (o.region.empty()) return std::nullopt;
  return Region{o.region[0], o.region[1], o.region[2], o.region[3]};
}

/// --format, else what the name given with -o says, else PNG. With its dot.
std::string Extension(const DecompressOptions& options) {
  if (!options.format.empty()) return options.format[0] == '.' ? options.format : "." + options.format;
  const std::string named = std::filesystem::path(options.batch.output).extension();
  return named.empty() ? ".png" : named;
}

/// The pixels that are asked for, with their alpha.
Result<Image> DecodePixels(const Container& container, const std::string& name, const DecompressOptions& options,
                           Codec& codec) {
  const std::optional<Region> region = RegionOf(options);
  const Region part = region.value_or(Region{0, 0, container.header.width, container.header.height});
  if (options.max_side > 0) {
    return DecompressReduced(codec, container, name, part, options.max_side, options.keep_alpha);
  }
  AECOMP_ASSIGN_OR_RETURN(Image image, codec.Decompress(container, name, part));
  if (!options.keep_alpha) return image;
  return RestoreAlpha(std::move(image), container.extra, name, region);
}

Status DecompressFile(const PlannedFile& file, const DecompressOptions& options, Worker& worker, FileReport& report) {
  const std::string name = IsStream(file.input) ? "stdin" : file.input;
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, ReadInput(file.input, {.is_known = LooksLikeContainer}));
  AECOMP_ASSIGN_OR_RETURN(const Container container, ParseContainer(bytes, name));
  report.width = static_cast<int>(container.header.width), report.height = static_cast<int>(container.header.height);
  if (options.keep_alpha) AECOMP_RETURN_IF_ERROR(CheckAlpha(container.header, container.extra, name));
  const Region part = RegionOf(options).value_or(Region{0, 0, container.header.width, container.header.height});
  AECOMP_RETURN_IF_ERROR(CheckDecodedSize(static_cast<uint64_t>(part.width), static_cast<uint64_t>(part.height),
                                          options.max_pixels, name));
  std::optional<ThreadShares::Turn> turn(std::in_place, worker.shares, part.width * part.height);
  AECOMP_ASSIGN_OR_RETURN(Codec * codec, worker.models.Get(container.header.model, name));
  AECOMP_ASSIGN_OR_RETURN(const Image image, DecodePixels(container, name, options, *codec));
  turn.reset();
  AECOMP_ASSIGN_OR_RETURN(auto encoded, EncodeImage(image, Extension(options), options.encode, &report.notes));
  if (options.metadata.kinds != "none") {
    AECOMP_ASSIGN_OR_RETURN(Metadata metadata, MetadataFromChunks(container.extra, name, &report.notes));
    options.metadata.Apply(metadata);
    LeftOut left_out;  // of files that a program wrote which did not look at the profile
    FitMetadataToPixels(metadata, image.channels, left_out);
    left_out.AppendTo(&report.notes);
    encoded = EmbedMetadata(std::move(encoded), metadata, &report.notes);
  }
  report.width = image.width, report.height = image.height;
  report.bytes = bytes.size();
  if (container.header.base) report.model = ToHex(container.header.model);
  return WriteOutput(file.output, encoded, OutputOptions(options.batch, file.input, /*read_back=*/false));
}

}  // namespace

void AddDecompress(const CommandLine& app, Command& command) {
  auto options = std::make_shared<DecompressOptions>();
  const CommandLine sub = app.AddCommand("decompress", "Restore images from .aec files");
  AddBatchOptions(sub, options->batch);
  AddMetadataOption(sub, options->metadata);
  AddAlphaOption(sub, options->keep_alpha);
  sub.Add("--format", options->format, "png, ppm, jpg, webp, ...; else what -o says, else png").TypeName("EXT");
  sub.Add("--region", options->region, "Only this part of the image, in pixels: x,y,width,height")
      .CommaSeparated()
      .Count(4)
      .Range(int64_t{0}, int64_t{1} << 31)
      .TypeName("X,Y,W,H");
  sub.Add("--max-side", options->max_side,
          "Make the picture, or the part of it, so small that no side is longer than N: for thumbnails")
      .Range(int64_t{1}, int64_t{kMaxSide})
      .TypeName("N");
  AddDecodedPixelsOption(sub, options->max_pixels);
  sub.Add("--png-level", options->encode.png_level, "Effort of PNG compression, 0 to 9")
      .Range(0, 9)
      .ShowDefault()
      .TypeName("N");
  sub.OnChosen([options, &command] {
    command.run = [options]() -> Status {
      // An unknown format is refused before any work, not after it.
      if (const Status writable = CheckWritable(Extension(*options)); !writable.ok()) {
        const std::string& output = options->batch.output;
        const bool named = options->format.empty() && !output.empty();
        return Status(writable.code(), (named ? output + ": " : "") + writable.message());
      }
      return RunBatch(options->batch, {"an .aec file", Extension(*options), HasAecExtension, ModelUse::kDecompression},
                      [&](const PlannedFile& file, Worker& worker, FileReport& report) {
                        return DecompressFile(file, *options, worker, report);
                      });
    };
  });
}

}  // namespace aecomp
