// aecomp compress: images to .aec files.
#include <CLI/CLI.hpp>
#include <memory>

#include "app/batch.h"
#include "app/command.h"
#include "app/model_source.h"
#include "app/streams.h"
#include "io/image_io.h"

namespace aecomp {
namespace {

struct CompressOptions {
  BatchOptions batch;
  double quality = kDefaultQuality;
};

Status CompressFile(const PlannedFile& file, const CompressOptions& options, ModelSource& source, FileReport& report) {
  const std::string name = IsStream(file.input) ? "stdin" : file.input;
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, ReadInput(file.input));
  AECOMP_ASSIGN_OR_RETURN(const Image image, DecodeImage(bytes, name, &report.notes));
  AECOMP_ASSIGN_OR_RETURN(Codec * codec, source.Get());
  const int step = QualityStep(options.quality, codec->model().architecture.max_quality());
  auto coded = codec->Compress(image, step);
  if (!coded.ok()) return Status(coded.status().code(), name + ": " + coded.status().message());
  report.width = image.width, report.height = image.height;
  report.bytes = coded.value().size();
  report.quality = options.quality;
  report.model = ToHex(codec->model().id);
  return WriteOutput(file.output, coded.value(), options.batch.force);
}

}  // namespace

void AddCompress(CLI::App& app, Command& command) {
  auto options = std::make_shared<CompressOptions>();
  CLI::App* sub = app.add_subcommand("compress", "Compress images to .aec files");
  AddBatchOptions(*sub, options->batch);
  sub->add_option("-q,--quality", options->quality, "0 (smallest) to 100 (best)")
      ->check(CheckQuality)
      ->capture_default_str()
      ->type_name("Q");
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
