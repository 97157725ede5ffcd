#include "app/model_source.h"

#include "model/model_file.h"

namespace aecomp {
namespace {

Result<std::unique_ptr<Model>> Load(const std::string& path) {
  if (!path.empty()) return ReadModel(path);
  if (EmbeddedModelFile().empty()) {
    return ModelError(
        "this program was built without a model; name one with -m FILE or make one with aecomp train DIR");
  }
  return ParseModel(EmbeddedModelFile(), "the built-in model");
}

}  // namespace

Result<Codec*> ModelSource::Get() {
  AECOMP_RETURN_IF_ERROR(Status(failure_));
  if (!codec_) {
    auto model = Load(path_);
    if (!model.ok()) return failure_ = model.status();
    codec_ = std::make_unique<Codec>(std::shared_ptr<Model>(std::move(model).value()));
  }
  return codec_.get();
}

Result<Codec*> ModelSource::Get(const ModelId& wanted, const std::string& name) {
  auto codec = Get();
  if (!codec.ok()) {
    return Status(codec.status().code(), name + ": needs model " + ToHex(wanted) + ": " + codec.status().message());
  }
  const ModelId& id = codec.value()->model().id;
  if (id == wanted) return codec;
  return ModelError(name + ": was made with model " + ToHex(wanted) + ", but " + Name() + " is " + ToHex(id) +
                    "; name the right one with -m FILE");
}

}  // namespace aecomp
