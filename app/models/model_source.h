// Where the model comes from: a file that was named, the one built into the program, or one that is installed.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "io/container.h"
#include "io/status.h"
#include "model/codec/codec.h"

namespace aecomp {

/// The models of a run, loaded on first use and then shared: a batch loads once. Thread-safe.
class ModelStore {
 public:
  /// path: of -m; empty: the built-in model, and for files that name another one, those that are installed.
  explicit ModelStore(std::string path, Precision precision = Precision::kInteger, ModelUse use = ModelUse::kBoth)
      : path_(std::move(path)), precision_(precision), use_(use) {}

  Precision precision() const { return precision_; }

  /// The model that compresses. kModel when there is none or it is broken.
  Result<std::shared_ptr<Model>> Default();

  /// The model that decompresses a file with this identity. kModel, naming the identity and the searched places, when
  /// there is none. `name`: of that file.
  Result<std::shared_ptr<Model>> Find(const ModelId& wanted, const std::string& name);

 private:
  Result<std::unique_ptr<Model>> Load() const;
  Result<std::shared_ptr<Model>> DefaultLocked();
  Result<std::shared_ptr<Model>> Search(const ModelId& wanted, const std::string& name);

  std::string path_;
  Precision precision_;
  ModelUse use_;
  std::mutex mutex_;
  Status failure_;  ///< kept, so that a batch does not try again for every file
  std::shared_ptr<Model> default_;
  std::map<ModelId, std::shared_ptr<Model>> found_;
};

/// The codecs of one thread, over the models of a store.
class ModelSource {
 public:
  explicit ModelSource(ModelStore& store) : store_(store) {}

  /// Whether no codec has been made yet.
  bool empty() const { return codecs_.empty(); }

  Result<Codec*> Get();
  Result<Codec*> Get(const ModelId& wanted, const std::string& name);

  /// Frees the codecs. They are made anew where they are needed.
  void ForgetCodecs() { codecs_.clear(); }

 private:
  Codec* CodecOf(std::shared_ptr<Model> model);

  ModelStore& store_;
  std::map<ModelId, std::unique_ptr<Codec>> codecs_;
};

}  // namespace aecomp
