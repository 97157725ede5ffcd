// aecomp compress: images to .aec files.
#include <cmath>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "app/batch/batch.h"
#include "app/command.h"
#include "app/commands/prepare_ahead.h"
#include "app/commands/refined_compression.h"
#include "app/decode_options.h"
#include "app/streams.h"
#include "io/convert.h"
#include "io/formats/alpha.h"
#include "io/formats/image_io.h"
#include "io/metrics.h"
#include "model/codec/fill_in.h"
#include "model/codec/quality_axis.h"
#include "model/codec/quality_floor.h"
#include "model/codec/rate_control.h"

namespace aecomp {
namespace {

struct CompressOptions {
  BatchOptions batch;
  double quality = kDefaultQuality;
  std::optional<double> bpp, psnr;
  std::optional<uint64_t> size;
  std::optional<int> max_error;  ///< 0: lossless
  MetadataChoice metadata;
  bool keep_alpha = true;
  bool verify = false;
  uint32_t tile_size = ContainerHeader().tile_size;
  DecodeOptions decode;
  Tuning tuning = Tuning::kVisual;
  int effort = kDefaultEffort;
  FilterChoice filter = FilterChoice::kAuto;

  bool FitsFilter() const {
    if (max_error || filter == FilterChoice::kOff) return false;
    return filter == FilterChoice::kOn || effort >= kLeastEffortOfFilter;
  }

  std::optional<RateTarget> Target(const Image& image) const {
    using Kind = RateTarget::Kind;
    if (size) return RateTarget{Kind::kBytes, static_cast<double>(*size)};
    if (bpp) return RateTarget{Kind::kBytes, *bpp * image.width * image.height / 8};
    if (psnr) return RateTarget{Kind::kPsnr, *psnr};
    return std::nullopt;
  }
};

/// The refined file of the quality that was asked for; empty where that has less than the PSNR that the quality
/// promises.
Result<std::vector<uint8_t>> RefineToQuality(const Image& image, const CompressOptions& options, Codec& codec,
                                             FileReport& report) {
  const int quality = StepOfQuality(options.quality, codec.model().architecture);
  AECOMP_ASSIGN_OR_RETURN(auto refined,
                          CompressRefined(codec, image, quality, options.tuning, RefinementSteps(options.effort)));
  const auto floor = PsnrFloor(options.quality);
  if (!floor) return refined;
  AECOMP_ASSIGN_OR_RETURN(const Image decoded, codec.DecompressOwn(refined));
  const double psnr = Psnr(image, decoded);
  if (psnr < *floor) return std::vector<uint8_t>();
  report.psnr = psnr;
  return refined;
}

/// Refines what was found for a target, where that still meets the target.
Status RefineResult(const Image& image, const RateTarget& target, const CompressOptions& options, Codec& codec,
                    RateResult& result) {
  const int steps = RefinementSteps(options.effort);
  AECOMP_ASSIGN_OR_RETURN(auto refined, CompressRefined(codec, image, result.quality, options.tuning, steps));
  if (target.kind == RateTarget::Kind::kBytes) {
    if (static_cast<double>(refined.size()) <= target.value) result.bytes = std::move(refined);
    return {};
  }
  AECOMP_ASSIGN_OR_RETURN(const Image decoded, codec.DecompressOwn(refined));
  const double psnr = Psnr(image, decoded);
  if (psnr < target.value || refined.size() >= result.bytes.size()) return {};
  result.bytes = std::move(refined), result.psnr = psnr;
  return {};
}

Result<std::vector<uint8_t>> CompressImage(const Image& image, const CompressOptions& options, Codec& codec,
                                           FileReport& report) {
  if (options.max_error) return codec.CompressExactly(image, *options.max_error);
  const auto target = options.Target(image);
  const int steps = RefinementSteps(options.effort);
  if (!target) {
    // A picture that the residual layer makes alone is not refined.
    const bool flat = steps != 0 && IsFlat(image);
    std::optional<FilledFile> file;
    if (steps == 0 || flat) {
      AECOMP_ASSIGN_OR_RETURN(file, CompressToQuality(codec, image, options.quality));
    }
    if (steps != 0 && (!file || !file->most_error)) {
      AECOMP_ASSIGN_OR_RETURN(auto refined, RefineToQuality(image, options, codec, report));
      if (!refined.empty()) return refined;
    }
    if (!file) {
      AECOMP_ASSIGN_OR_RETURN(file, CompressToQuality(codec, image, options.quality));
    }
    report.psnr = file->psnr;
    return std::move(file->bytes);
  }
  AECOMP_ASSIGN_OR_RETURN(RateResult result, CompressToTarget(codec, image, *target));
  if (steps != 0 && !result.most_error) {
    AECOMP_RETURN_IF_ERROR(RefineResult(image, *target, options, codec, result));
  }
  if (!result.most_error) {
    report.quality = std::round(10 * QualityOfStep(result.quality, codec.model().architecture)) / 10;
  }
  report.psnr = result.psnr;
  if (!result.note.empty()) report.notes.push_back(result.note);
  return std::move(result.bytes);
}

/// Metadata, and the alpha of an image that is not opaque.
Result<std::vector<ExtraChunk>> ExtraChunks(const Image& image, const Metadata& metadata, bool keep_alpha,
                                            FileReport& report) {
  std::vector<ExtraChunk> chunks = MetadataChunks(metadata);
  if (IsOpaque(image)) return chunks;
  if (!keep_alpha) {
    report.notes.push_back("alpha left out");
    return chunks;
  }
  AECOMP_ASSIGN_OR_RETURN(ExtraChunk alpha, AlphaChunk(AlphaOf(image)));
  chunks.push_back(std::move(alpha));
  return chunks;
}

/// Decodes what is to be written, and measures it.
Status Verify(std::span<const uint8_t> bytes, const Image& colour, const Image& full, const CompressOptions& options,
              const std::string& name, Codec& codec, FileReport& report) {
  AECOMP_ASSIGN_OR_RETURN(const Container container, ParseContainer(bytes, name));
  AECOMP_ASSIGN_OR_RETURN(Image decoded, codec.Decompress(container, name));
  report.psnr = Psnr(colour, decoded);
  const ContainerHeader& header = container.header;
  if (header.residual && LargestDifference(colour, decoded) > static_cast<int>(header.most_error)) {
    return CorruptError(name + ": --verify found samples that are farther off than " +
                        std::to_string(header.most_error) + "; nothing was written. This is a fault of aecomp");
  }
  AECOMP_ASSIGN_OR_RETURN(decoded, RestoreAlpha(std::move(decoded), container.extra, name));
  AECOMP_RETURN_IF_ERROR(MetadataFromChunks(container.extra, name).status());
  const bool alpha_expected = options.keep_alpha && !IsOpaque(full);
  if (HasAlpha(decoded) != alpha_expected || (alpha_expected && AlphaOf(decoded).pixels != AlphaOf(full).pixels)) {
    return CorruptError(name + ": --verify found another alpha than was given; nothing was written");
  }
  return {};
}

/// Which layers the file has. bytes: of Compress.
void ReportLayers(std::span<const uint8_t> bytes, FileReport& report) {
  const auto container = ParseContainer(bytes, "the file");
  if (!container.ok()) return;
  const ContainerHeader& header = container.value().header;
  if (header.base) report.layers.push_back("network"), report.model = ToHex(header.model);
  if (!header.residual) return;
  report.layers.push_back("residual");
  report.max_error = header.most_error;
  for (const TileStreams& tile : container.value().tiles) report.residual_bytes += tile.streams.back().size();
}

/// The size of a PNG that will be read: the codec can be prepared for it ahead.
std::optional<PngSize> SizeAhead(std::span<const uint8_t> file, const DecodeOptions& options) {
  const auto size = PeekPngSize(file);
  if (!size || size->width < 1 || size->height < 1) return std::nullopt;
  const auto width = static_cast<uint64_t>(size->width), height = static_cast<uint64_t>(size->height);
  return CheckPixels(width, height, 1, file.size(), "", options).ok() ? size : std::nullopt;
}

/// An .aec is read too: it has a message of its own.
bool LooksLikeImageOrAec(std::span<const uint8_t> start) { return LooksLikeImage(start) || LooksLikeContainer(start); }

Status CompressFile(const PlannedFile& file, const CompressOptions& options, Worker& worker, FileReport& report) {
  const std::string name = IsStream(file.input) ? "stdin" : file.input;
  AECOMP_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, ReadInput(file.input, {.is_known = LooksLikeImageOrAec}));
  const std::optional<PngSize> size = SizeAhead(bytes, options.decode);
  if (size) report.width = size->width, report.height = size->height;
  const bool network = !options.max_error || Codec::TriesBase(*options.max_error);
  PrepareAhead ahead(network ? size : std::nullopt, options.tile_size, worker);
  Metadata metadata;
  Metadata* const wanted = options.metadata.kinds == "none" ? nullptr : &metadata;
  AECOMP_ASSIGN_OR_RETURN(const Image full, DecodeImage(bytes, name, &report.notes, wanted, options.decode));
  report.width = full.width, report.height = full.height;
  std::vector<uint8_t>().swap(bytes);  // as large as the pixels where the format is plain
  options.metadata.Apply(metadata);
  AECOMP_ASSIGN_OR_RETURN(auto chunks, ExtraChunks(full, metadata, options.keep_alpha, report));
  const Image without = HasAlpha(full) ? WithoutAlpha(full.Clone()) : Image();
  const Image& image = HasAlpha(full) ? without : full;
  AECOMP_ASSIGN_OR_RETURN(Codec * codec, ahead.Finish());
  std::optional<ThreadShares::Turn> turn(std::in_place, worker.shares, int64_t{image.width} * image.height);
  codec->SetExtraChunks(std::move(chunks));
  codec->SetTileSize(options.tile_size);
  codec->SetTuning(options.tuning);
  codec->SetFilter(options.FitsFilter());
  codec->SetBaseTries(BaseTries(options.effort));
  auto coded = CompressImage(image, options, *codec, report);
  if (!coded.ok()) return Status(coded.status().code(), name + ": " + coded.status().message());
  if (options.verify) {
    AECOMP_RETURN_IF_ERROR(Verify(coded.value(), image, full, options, name, *codec, report));
  }
  turn.reset();
  report.bytes = coded.value().size();
  ReportLayers(coded.value(), report);
  return WriteOutput(file.output, coded.value(), OutputOptions(options.batch, file.input, options.verify));
}

/// For CLI11: what is wrong with a target, if anything.
std::string CheckPositive(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return end != text.c_str() && *end == 0 && value > 0 && std::isfinite(value) ? "" : text + " is not a number above 0";
}
std::string CheckPsnr(const std::string& text) { return text == "inf" ? "" : CheckPositive(text); }

std::string CheckTileSize(const std::string& text) {
  for (uint32_t size = kMinTileSize; size <= kMaxTileSize; size *= 2) {
    if (text == std::to_string(size)) return "";
  }
  return text + " is not a power of two from " + std::to_string(kMinTileSize) + " to " + std::to_string(kMaxTileSize);
}

}  // namespace

void AddCompress(const CommandLine& app, Command& command) {
  auto options = std::make_shared<CompressOptions>();
  const CommandLine sub = app.AddCommand("compress", "Compress images to .aec files");
  AddBatchOptions(sub, options->batch);
  AddMetadataOption(sub, options->metadata);
  AddAlphaOption(sub, options->keep_alpha);
  AddDecodeOptions(sub, options->decode);
  sub.AddFlag("--keep-extension", options->batch.keep_extension,
              "Name outputs a.png.aec, not a.aec, so that a.png and a.jpg can share a folder");
  sub.AddFlag("--verify", options->verify, "Decode what is written before it gets its name; report the PSNR");
  sub.Add("--tile-size", options->tile_size,
          "Side of what is coded on its own, in pixels: small for --region, large for a few bytes less")
      .Check(CheckTileSize)
      .ShowDefault()
      .TypeName("PIXELS");
  const Option quality = sub.Add("-q,--quality", options->quality, "0 (smallest) to 100 (best)")
                             .Check(CheckQuality)
                             .ShowDefault()
                             .TypeName("Q");
  const Option bpp = sub.Add("--bpp", options->bpp, "Bits a pixel, instead of a quality").Check(CheckPositive);
  const Option psnr =
      sub.Add("--psnr", options->psnr, "PSNR in dB, instead of a quality; inf: lossless").Check(CheckPsnr);
  const Option size =
      sub.Add("--size", options->size, "Bytes at most, instead of a quality").Check(CheckPositive).TypeName("BYTES");
  AddTuneOption(sub, options->tuning);
  sub.Add("--effort", options->effort,
          "Below 3 without a filter fitted to the picture; above, symbols are chosen by gradient descent, at 9 for "
          "about a "
          "minute a megapixel")
      .Range(0, kMostEffort)
      .ShowDefault()
      .TypeName("N");
  AddFilterOption(sub, options->filter);
  const Option lossless = sub.AddFlag(
      "--lossless", [options] { options->max_error = 0; }, "Keep every sample exactly, instead of a quality");
  const Option max_error =
      sub.Add("--max-error", options->max_error,
              "Let no sample differ by more than this, in steps of the input's depth; 0 is --lossless")
          .Range(0, static_cast<int>(kMaxResidualError))
          .TypeName("E");
  for (const Option one : {quality, bpp, psnr, size, lossless, max_error}) {
    for (const Option other : {quality, bpp, psnr, size, lossless, max_error}) {
      if (one != other) one.Excludes(other);
    }
  }
  sub.OnChosen([options, &command] {
    command.run = [options] {
      const bool base = options->max_error && Codec::TriesBase(*options->max_error);
      const bool measured = options->verify || options->psnr || PsnrFloor(options->quality).has_value();
      const bool refined = RefinementSteps(options->effort) != 0;
      const ModelUse use =
          measured || base || refined || options->FitsFilter() ? ModelUse::kBoth : ModelUse::kCompression;
      return RunBatch(options->batch, {"an image that is read here", ".aec", HasImageExtension, use},
                      [&](const PlannedFile& file, Worker& worker, FileReport& report) {
                        return CompressFile(file, *options, worker, report);
                      });
    };
  });
}

}  // namespace aecomp
