// Trainable tensors in PyTorch's order (conv: [out, in/groups, kh, kw]; transposed conv: [in, out/groups, kh, kw]).
// They are shared by every graph that is compiled from an architecture, whatever its image size.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace aecomp {

struct Parameter {
  std::string name;
  std::vector<int64_t> dims;
  std::vector<float> value;
  std::vector<float> grad;  ///< same length as value; empty until training asks for gradients

  int64_t size() const {
    int64_t size = 1;
    for (int64_t d : dims) size *= d;
    return size;
  }
};

/// Whether no number is an infinity or a NaN.
bool AllFinite(const std::vector<float>& values);

class Parameters {
 public:
  Parameters() = default;
  Parameters(Parameters&&) = default;
  Parameters& operator=(Parameters&&) = default;

  /// The parameter of that name, made with zeros if it is new. Addresses stay valid.
  Parameter& FindOrAdd(const std::string& name, const std::vector<int64_t>& dims) {
    if (auto it = index_.find(name); it != index_.end()) return *it->second;
    Parameter& p = list_.emplace_back();
    p.name = name, p.dims = dims, p.value.assign(static_cast<size_t>(p.size()), 0.f);
    index_[name] = &p;
    return p;
  }
  Parameter* Find(const std::string& name) {
    auto it = index_.find(name);
    return it == index_.end() ? nullptr : it->second;
  }
  const Parameter* Find(const std::string& name) const {
    auto it = index_.find(name);
    return it == index_.end() ? nullptr : it->second;
  }
  std::deque<Parameter>& list() { return list_; }
  const std::deque<Parameter>& list() const { return list_; }

  /// Layers keep blocked copies of their weights and renew them when this number has changed.
  uint64_t version() const { return version_; }
  void MarkChanged() { ++version_; }

 private:
  std::deque<Parameter> list_;
  std::unordered_map<std::string, Parameter*> index_;
  uint64_t version_ = 1;
};

}  // namespace aecomp
