// Model files as the portable decoder reads them: what it takes decodes pictures, to the codec's samples where the
// codec takes the model as well.
#include "model/codec/codec.h"
#include "model/portable/aecomp_portable.h"
#include "tests/fuzz/inputs.h"
#include "tests/fuzz/mutators/safetensors.h"

namespace aecomp::fuzz {
namespace {

/// A golden file, as if it had been made with the model that these bytes are.
Container FileFor(View model) {
  Container container = ParseContainer(SourceFile("tests/golden/gray.aec"), "gray.aec").value();
  container.header.model = HashModel(model);
  return container;
}

void CompareWithCodec(View input, const Container& container, const aecp_image& image) {
  auto model = ParseModel(input, "a.aecm", ModelUse::kDecompression);
  if (!model.ok()) return;
  Codec codec{std::shared_ptr<Model>(std::move(model).value())};
  const auto expected = codec.Decompress(container, "a.aec");
  if (!expected.ok()) return;
  const Image& e = expected.value();
  Promise(e.pixels.size() == image.size &&
              std::equal(e.pixels.begin(), e.pixels.end(), static_cast<const uint8_t*>(image.samples)),
          "both decoders give the same samples");
}

bool Accepts(View input) {
  aecp_model* model = nullptr;
  char error[AECP_ERROR_SIZE] = "";
  const aecp_code loaded = aecp_load_model(input.data(), input.size(), &model, error);
  if (loaded != AECP_OK) {
    Promise(model == nullptr && loaded == AECP_MODEL, "a model is at fault");
    PromiseMessage(error);
    return false;
  }
  const Container container = FileFor(input);
  const Bytes file = SerializeContainer(container);
  aecp_image image;
  if (aecp_decode(file.data(), file.size(), model, nullptr, &image, error) == AECP_OK) {
    CompareWithCodec(input, container, image);
    aecp_free_image(&image);
  } else {
    PromiseMessage(error);
  }
  aecp_free_model(model);
  return true;
}

std::vector<Bytes> Seeds() { return {SourceFile("tests/golden/golden.aecm")}; }

}  // namespace

Target PortablemodelTarget() { return {"portablemodel", Accepts, Seeds, MutateSafetensors}; }

}  // namespace aecomp::fuzz
