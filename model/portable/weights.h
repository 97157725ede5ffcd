// The tensors and the architecture of a model file, which is a safetensors file
// (https://github.com/huggingface/safetensors).
#pragma once

#include "model/portable/json.h"

namespace aecomp_portable {

class Weights {
 public:
  /// Its views point into the file, which must stay.
  Status Read(Bytes file);
  const Json& architecture() const { return architecture_; }

  bool Has(const std::string& name) const { return header_.Find(name) != nullptr; }
  /// Elements of a tensor of integers, or of floats, row by row. An error where it is missing, of another kind, or not
  /// of these dimensions; -1 stands for any.
  Status Integers(const std::string& name, const std::vector<int64_t>& dims, std::vector<int32_t>* values) const;
  Status Floats(const std::string& name, const std::vector<int64_t>& dims, std::vector<float>* values) const;

 private:
  struct Tensor {
    std::string type;
    Bytes data;
    size_t count = 0;
  };
  Status Find(const std::string& name, const std::vector<int64_t>& dims, Tensor* tensor) const;

  Json header_, architecture_;
  Bytes data_;
};

}  // namespace aecomp_portable
