// Activations: f32, logical dimensions N, C, H, W, always stored channels-last ([N, H, W, C]). One layout for every
// layer means no reorder between layers, u8 images that are already in it, and loops of our own that need no format.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace aecomp {

struct Shape {
  int n = 0, c = 0, h = 0, w = 0;

  int64_t size() const { return int64_t{n} * c * h * w; }
  bool operator==(const Shape&) const = default;
  /// "3x256x256" (C x H x W): what messages and `model check` print.
  std::string ToString() const { return std::to_string(c) + "x" + std::to_string(h) + "x" + std::to_string(w); }
};

/// Aligned to 64 bytes. Throws std::bad_alloc.
void* AllocateAligned(size_t bytes);
/// Keeps up to 64 MiB of freed large blocks for later calls: the kernel would take longer to clear fresh pages than
/// much of the work on them takes.
void FreeAligned(void* memory) noexcept;

/// A 64-byte aligned, uninitialised array. Move-only.
template <class T>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size) : size_(size) {
    if (size == 0) return;
    data_.reset(static_cast<T*>(AllocateAligned(size * sizeof(T))));
  }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_.get()[i]; }
  const T& operator[](size_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(T* p) const { FreeAligned(p); }
  };
  std::unique_ptr<T, Free> data_;
  size_t size_ = 0;
};

/// An owned activation. Move-only.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(const Shape& shape) : shape_(shape), buffer_(static_cast<size_t>(shape.size())) {}
  const Shape& shape() const { return shape_; }
  float* data() { return buffer_.data(); }
  const float* data() const { return buffer_.data(); }
  int64_t size() const { return shape_.size(); }

 private:
  Shape shape_;
  AlignedBuffer<float> buffer_;
};

}  // namespace aecomp
