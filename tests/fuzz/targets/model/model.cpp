// Model files as -m takes them: what can be parsed must be able to code.
#include "model/codec/codec.h"
#include "tests/fuzz/inputs.h"
#include "tests/fuzz/mutators/safetensors.h"

namespace aecomp::fuzz {
namespace {

constexpr double kMostWork = 3e6;  // parameters: a larger model is slow, and not because anything is wrong

bool IsCheap(const Model& model) {
  double parameters = 0;
  for (const Parameter& p : model.parameters.list()) parameters += static_cast<double>(p.value.size());
  return parameters < kMostWork && model.architecture.hyper_stride <= 256 && model.architecture.tile <= 256;
}

/// Compresses a picture with it and decompresses that. Weights may be any, so the picture need not be like it was.
void Code(std::unique_ptr<Model> owned) {
  const std::shared_ptr<Model> model = std::move(owned);
  Codec codec(model);
  const auto file = codec.Compress(MakeImage(20, 12, model->architecture.image_channels == 1 ? 1 : 3), 0);
  if (!file.ok()) return PromiseMessage(file.status().message());
  const auto container = ParseContainer(file.value(), "a.aec");
  Promise(container.ok(), "what compressing writes can be parsed");
  const auto image = codec.Decompress(container.value(), "a.aec");
  if (!image.ok()) std::fprintf(stderr, "%s\n", image.status().message().c_str());
  Promise(image.ok(), "what compressing writes can be decompressed");
}

bool Accepts(View input) {
  auto model = ParseModel(input, "a.aecm");
  if (!model.ok()) {
    Promise(model.status().code() == StatusCode::kModel, "a model is at fault");
    PromiseMessage(model.status().message());
    return false;
  }
  if (IsCheap(*model.value())) Code(std::move(model).value());
  return true;
}

std::vector<Bytes> Seeds() { return {SourceFile("tests/golden/golden.aecm")}; }

}  // namespace

Target ModelTarget() { return {"model", Accepts, Seeds, MutateSafetensors}; }

}  // namespace aecomp::fuzz
