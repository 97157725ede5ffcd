#include "app/models/model_source.h"

#include "app/models/model_path.h"
#include "app/models/model_report.h"
#include "model/codec/model_file.h"

namespace aecomp {
namespace {

std::string PlacesLookedAt() {
  std::string text = "the program";
  for (const std::string& place : ModelPlaces()) text += ", " + place;
  return text;
}

}  // namespace

Result<std::unique_ptr<Model>> ModelStore::Load() const {
  if (!path_.empty()) return ReadModel(path_, use_);
  if (EmbeddedModelFile().empty()) {
    return ModelError(
        "this program was built without a model; name one with -m FILE or make one with aecomp train DIR");
  }
  return ParseModel(EmbeddedModelFile(), "the built-in model", use_);
}

Result<std::shared_ptr<Model>> ModelStore::Default() {
  const std::lock_guard lock(mutex_);
  return DefaultLocked();
}

Result<std::shared_ptr<Model>> ModelStore::DefaultLocked() {
  AECOMP_RETURN_IF_ERROR(Status(failure_));
  if (!default_) {
    auto model = Load();
    if (!model.ok()) return failure_ = model.status();
    default_ = std::move(model).value();
  }
  return std::shared_ptr<Model>(default_);
}

Result<std::shared_ptr<Model>> ModelStore::Find(const ModelId& wanted, const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (path_.empty() && !IsBuiltIn(wanted)) return Search(wanted, name);
  auto model = DefaultLocked();
  if (!model.ok()) {
    return Status(model.status().code(), name + ": needs model " + ToHex(wanted) + ": " + model.status().message());
  }
  if (model.value()->id == wanted) return model;
  return ModelError(name + ": was made with model " + ToHex(wanted) + ", but " + path_ + " is " +
                    ToHex(model.value()->id) + "; name the right one with -m FILE");
}

Result<std::shared_ptr<Model>> ModelStore::Search(const ModelId& wanted, const std::string& name) {
  if (const auto known = found_.find(wanted); known != found_.end()) return std::shared_ptr<Model>(known->second);
  const auto file = FindModelFile(wanted);
  if (!file) {
    return ModelError(name + ": was made with model " + ToHex(wanted) + ", which is not in " + PlacesLookedAt() +
                      "; name its file with -m, or install it with aecomp model install FILE");
  }
  AECOMP_ASSIGN_OR_RETURN(std::shared_ptr<Model> model, ReadModel(*file, use_));
  found_[wanted] = model;
  return model;
}

Codec* ModelSource::CodecOf(std::shared_ptr<Model> model) {
  std::unique_ptr<Codec>& codec = codecs_[model->id];
  if (!codec) codec = std::make_unique<Codec>(std::move(model), store_.precision());
  return codec.get();
}

Result<Codec*> ModelSource::Get() {
  AECOMP_ASSIGN_OR_RETURN(std::shared_ptr<Model> model, store_.Default());
  return CodecOf(std::move(model));
}

Result<Codec*> ModelSource::Get(const ModelId& wanted, const std::string& name) {
  if (wanted == ModelId{}) return Get();  // the file has no network part: any codec will do
  if (const auto known = codecs_.find(wanted); known != codecs_.end()) return known->second.get();
  AECOMP_ASSIGN_OR_RETURN(std::shared_ptr<Model> model, store_.Find(wanted, name));
  return CodecOf(std::move(model));
}

}  // namespace aecomp
