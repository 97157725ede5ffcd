// Where the model comes from: a file that was named, or the one built into the program.
#pragma once

#include <memory>
#include <string>

#include "io/container.h"
#include "io/status.h"
#include "model/codec.h"

namespace aecomp {

/// Loads on first use, so that a batch loads once and an unreadable input costs nothing.
class ModelSource {
 public:
  /// path: empty for the built-in model.
  explicit ModelSource(std::string path) : path_(std::move(path)) {}

  /// kModel when there is none or it is broken.
  Result<Codec*> Get();

  /// The codec for a file that names its model; kModel with both ids when this is another one. `name`: of that file.
  Result<Codec*> Get(const ModelId& wanted, const std::string& name);

 private:
  std::string Name() const { return path_.empty() ? "the built-in model" : path_; }

  std::string path_;
  Status failure_;  ///< kept, so that a batch does not try again for every file
  std::unique_ptr<Codec> codec_;
};

}  // namespace aecomp
