// The only file that knows which oneDNN is installed: 2.x builds primitive descriptors from operation descriptors, 3.x
// takes the arguments directly. Surprises of 2.6.3 that shaped this file:
// - the default scratchpad ties a primitive to the thread that made it, so every primitive here uses a scratchpad
//   that its caller owns;
// - transposed convolutions run as the backward-data pass of a convolution: its kernels are the same, and
//   deconvolutions in f32 with post-ops have no fast kernel.
#pragma once

#include <bit>
#include <cstring>
#include <dnnl.hpp>
#include <exception>
#include <future>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

#include "io/memory.h"
#include "model/base/tensor.h"

namespace aecomp::onednn {

using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;
inline constexpr bool kVersion3 = DNNL_VERSION_MAJOR >= 3;

inline const dnnl::engine& Engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

inline dnnl::stream& Stream() {
  thread_local dnnl::stream stream(Engine());
  return stream;
}

/// Whether an exception means that memory does not suffice. Where oneDNN cannot get memory for a kernel's code it
/// reports that it has no such kernel.
inline bool IsOutOfMemory(const std::exception& e) {
  if (dynamic_cast<const std::bad_alloc*>(&e) != nullptr) return true;
  // A thread that has no memory for its exception leaves its promise broken; nothing else does here.
  if (dynamic_cast<const std::future_error*>(&e) != nullptr) return true;
  const auto* const error = dynamic_cast<const dnnl::error*>(&e);
  return error != nullptr && (error->status == dnnl_out_of_memory || !HasMemoryFor(0));
}

/// Lets a lack of memory pass on to the caller's caller, where another exception becomes a Status.
inline void PassOnOutOfMemory(const std::exception& e) {
  if (IsOutOfMemory(e)) throw std::bad_alloc();
}

/// Channels-last activations.
inline dnnl::memory::desc ActivationDesc(const Shape& s, Type type = Type::f32) {
  return {{s.n, s.c, s.h, s.w}, type, Tag::nhwc};
}

inline dnnl::primitive_attr UserScratchpad() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

/// Held while a primitive or its descriptor is made. When two threads did so at the same time, 2.6.3 now and then ran
/// a kernel with addresses outside of its buffers.
inline std::mutex& CreationMutex() {
  static std::mutex mutex;
  return mutex;
}

/// One scratchpad a thread, as large as the largest that was asked for.
inline void* Scratchpad(size_t bytes) {
  thread_local AlignedBuffer<uint8_t> buffer;
  if (buffer.size() < bytes) buffer = AlignedBuffer<uint8_t>(bytes);
  return buffer.data();
}

/// A primitive with its arguments' memory objects made once; data pointers are set at each call.
class Op {
 public:
  Op() = default;
  template <class PrimitiveDesc>
  Op(const dnnl::primitive& primitive, const PrimitiveDesc& pd)
      : primitive_(primitive), scratch_(pd.scratchpad_desc()) {
    scratch_bytes_ = scratch_.get_size();
  }
  explicit operator bool() const { return static_cast<bool>(primitive_); }

  void Bind(int argument, const dnnl::memory::desc& desc) {
    arguments_.emplace(argument, dnnl::memory(desc, Engine(), nullptr));
  }
  void Set(int argument, const void* data) { arguments_.at(argument).set_data_handle(const_cast<void*>(data)); }
  void Run() {
    if (scratch_bytes_ > 0) {
      arguments_[DNNL_ARG_SCRATCHPAD] = dnnl::memory(scratch_, Engine(), Scratchpad(scratch_bytes_));
    }
    primitive_.execute(Stream(), arguments_);
    Stream().wait();
  }

 private:
  dnnl::primitive primitive_;
  dnnl::memory::desc scratch_;
  size_t scratch_bytes_ = 0;
  std::unordered_map<int, dnnl::memory> arguments_;
};

template <class Primitive, class PrimitiveDesc>
Op MakeOp(const PrimitiveDesc& pd) {
  RequireMemoryReserve();  // without memory for a kernel's code oneDNN 2.6.3 writes to address 0
  const std::lock_guard lock(CreationMutex());
  return Op(Primitive(pd), pd);
}

/// A 2-D convolution problem. All three passes of it, and with them those of the transposed convolution, are made
/// below.
struct ConvProblem {
  dnnl::memory::desc src, weights, bias, dst;  ///< bias may be empty (no bias)
  dnnl::memory::dims strides, padding_low, padding_high;
};

inline auto ConvForward(const ConvProblem& p, const dnnl::primitive_attr& attr) {
  const std::lock_guard lock(CreationMutex());
  using P = dnnl::convolution_forward;
  const auto kind = dnnl::prop_kind::forward_training;
  const auto algorithm = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return P::primitive_desc(Engine(), kind, algorithm, p.src, p.weights, p.bias, p.dst, p.strides, p.padding_low,
                           p.padding_high, attr);
#else
  return P::primitive_desc(
      P::desc(kind, algorithm, p.src, p.weights, p.bias, p.dst, p.strides, p.padding_low, p.padding_high), attr,
      Engine());
#endif
}

inline auto ConvBackwardData(const ConvProblem& p, const dnnl::convolution_forward::primitive_desc& hint) {
  const std::lock_guard lock(CreationMutex());
  using P = dnnl::convolution_backward_data;
  const auto algorithm = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return P::primitive_desc(Engine(), algorithm, p.src, p.weights, p.dst, p.strides, p.padding_low, p.padding_high, hint,
                           UserScratchpad());
#else
  return P::primitive_desc(P::desc(algorithm, p.src, p.weights, p.dst, p.strides, p.padding_low, p.padding_high),
                           UserScratchpad(), Engine(), hint);
#endif
}

inline auto ConvBackwardWeights(const ConvProblem& p, const dnnl::convolution_forward::primitive_desc& hint) {
  const std::lock_guard lock(CreationMutex());
  using P = dnnl::convolution_backward_weights;
  const auto algorithm = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return P::primitive_desc(Engine(), algorithm, p.src, p.weights, p.bias, p.dst, p.strides, p.padding_low,
                           p.padding_high, hint, UserScratchpad());
#else
  return P::primitive_desc(
      P::desc(algorithm, p.src, p.weights, p.bias, p.dst, p.strides, p.padding_low, p.padding_high), UserScratchpad(),
      Engine(), hint);
#endif
}

/// An elementwise function without parameters, over one layout; source and destination may be the same memory.
inline auto EltwiseForward(dnnl::algorithm algorithm, const dnnl::memory::desc& desc) {
  const std::lock_guard lock(CreationMutex());
  using P = dnnl::eltwise_forward;
  const auto kind = dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
  return P::primitive_desc(Engine(), kind, algorithm, desc, desc, 0.f, 0.f, UserScratchpad());
#else
  return P::primitive_desc(P::desc(kind, algorithm, desc, 0.f, 0.f), UserScratchpad(), Engine());
#endif
}

struct PoolingProblem {
  dnnl::memory::desc src, dst;
  dnnl::memory::dims strides, kernel, padding_low, padding_high;
};

/// `training`: of maxima, with a workspace that records the place of each maximum.
inline auto PoolingForward(const PoolingProblem& p, dnnl::algorithm algorithm, bool training) {
  const std::lock_guard lock(CreationMutex());
  using P = dnnl::pooling_forward;
  const auto kind = training ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
#if DNNL_VERSION_MAJOR >= 3
  return P::primitive_desc(Engine(), kind, algorithm, p.src, p.dst, p.strides, p.kernel, {0, 0}, p.padding_low,
                           p.padding_high, UserScratchpad());
#else
  return P::primitive_desc(P::desc(kind, algorithm, p.src, p.dst, p.strides, p.kernel, p.padding_low, p.padding_high),
                           UserScratchpad(), Engine());
#endif
}

inline auto PoolingBackward(const PoolingProblem& p, dnnl::algorithm algorithm,
                            const dnnl::pooling_forward::primitive_desc& hint) {
  const std::lock_guard lock(CreationMutex());
  using P = dnnl::pooling_backward;
#if DNNL_VERSION_MAJOR >= 3
  return P::primitive_desc(Engine(), algorithm, p.src, p.dst, p.strides, p.kernel, {0, 0}, p.padding_low,
                           p.padding_high, hint, UserScratchpad());
#else
  return P::primitive_desc(P::desc(algorithm, p.src, p.dst, p.strides, p.kernel, p.padding_low, p.padding_high),
                           UserScratchpad(), Engine(), hint);
#endif
}

/// dst [N, O] = src [N, C, H, W] times weights [O, C, H, W], plus bias.
struct InnerProductProblem {
  dnnl::memory::desc src, weights, bias, dst;  ///< bias may be empty (no bias)
};

inline auto InnerProductForward(const InnerProductProblem& p) {
  const std::lock_guard lock(CreationMutex());
  using P = dnnl::inner_product_forward;
  const auto kind = dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
  return P::primitive_desc(Engine(), kind, p.src, p.weights, p.bias, p.dst, UserScratchpad());
#else
  return P::primitive_desc(P::desc(kind, p.src, p.weights, p.bias, p.dst), UserScratchpad(), Engine());
#endif
}

inline auto InnerProductBackwardData(const InnerProductProblem& p,
                                     const dnnl::inner_product_forward::primitive_desc& hint) {
  const std::lock_guard lock(CreationMutex());
  using P = dnnl::inner_product_backward_data;
#if DNNL_VERSION_MAJOR >= 3
  return P::primitive_desc(Engine(), p.src, p.weights, p.dst, hint, UserScratchpad());
#else
  return P::primitive_desc(P::desc(p.src, p.weights, p.dst), UserScratchpad(), Engine(), hint);
#endif
}

inline auto InnerProductBackwardWeights(const InnerProductProblem& p,
                                        const dnnl::inner_product_forward::primitive_desc& hint) {
  const std::lock_guard lock(CreationMutex());
  using P = dnnl::inner_product_backward_weights;
#if DNNL_VERSION_MAJOR >= 3
  return P::primitive_desc(Engine(), p.src, p.weights, p.bias, p.dst, hint, UserScratchpad());
#else
  return P::primitive_desc(P::desc(p.src, p.weights, p.bias, p.dst), UserScratchpad(), Engine(), hint);
#endif
}

inline dnnl::memory::dims Dims(const dnnl::memory::desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return desc.get_dims();
#else
  return desc.dims();
#endif
}

inline void AppendRelu(dnnl::post_ops& ops) {
#if DNNL_VERSION_MAJOR >= 3
  ops.append_eltwise(dnnl::algorithm::eltwise_relu, 0.f, 0.f);
#else
  ops.append_eltwise(1.f, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
#endif
}

/// to += from, across layouts: arguments DNNL_ARG_FROM and DNNL_ARG_TO.
inline Op AddingReorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to) {
  dnnl::primitive_attr attr = UserScratchpad();
  dnnl::post_ops ops;
  ops.append_sum(1.f);
  attr.set_post_ops(ops);
  const std::lock_guard lock(CreationMutex());
  const dnnl::reorder::primitive_desc pd(Engine(), from, Engine(), to, attr);
  Op op(dnnl::reorder(pd), pd);
  op.Bind(DNNL_ARG_FROM, from);
  op.Bind(DNNL_ARG_TO, to);
  return op;
}

#if DNNL_VERSION_MAJOR >= 3
/// Where in memory the values of each index of a dimension lie; the places of all dimensions add up.
inline std::vector<int64_t> Places(const dnnl::memory::desc& desc, int dimension) {
  const auto blocks = desc.get_inner_blks(), of = desc.get_inner_idxs();
  std::vector<int64_t> places(static_cast<size_t>(desc.get_dims()[static_cast<size_t>(dimension)]));
  for (size_t i = 0; i < places.size(); ++i) {
    int64_t index = static_cast<int64_t>(i), size = 1;
    for (size_t b = blocks.size(); b-- > 0; size *= blocks[b]) {
      if (of[b] == dimension) places[i] += index % blocks[b] * size, index /= blocks[b];
    }
    places[i] += index * desc.get_strides()[static_cast<size_t>(dimension)];
  }
  return places;
}

/// With AVX-512, 3.7.2 loses values when it copies into a layout that pads dimensions. So f32 and bf16 go there without
/// it. False: it is not such a copy.
inline bool CopyIntoPadded(const dnnl::memory::desc& from, const void* source, const dnnl::memory::desc& to,
                           void* target) {
  const Type type = to.get_data_type();
  if (to.get_padded_dims() == to.get_dims() || from.get_data_type() != Type::f32) return false;
  if (type != Type::f32 && type != Type::bf16) return false;
  std::vector<int64_t> rest_from = {0}, rest_to = {0};  // of all dimensions but the first
  for (int d = 1; d < from.get_ndims(); ++d) {
    const std::vector<int64_t> in = Places(from, d), out = Places(to, d);
    std::vector<int64_t> more_from, more_to;
    for (size_t i = 0; i < rest_from.size(); ++i) {
      for (size_t k = 0; k < in.size(); ++k) {
        more_from.push_back(rest_from[i] + in[k]), more_to.push_back(rest_to[i] + out[k]);
      }
    }
    rest_from = std::move(more_from), rest_to = std::move(more_to);
  }
  const std::vector<int64_t> first_from = Places(from, 0), first_to = Places(to, 0);
  std::memset(target, 0, to.get_size());
  for (size_t n = 0; n < first_from.size(); ++n) {
    for (size_t i = 0; i < rest_from.size(); ++i) {
      const float value = static_cast<const float*>(source)[first_from[n] + rest_from[i]];
      const int64_t at = first_to[n] + rest_to[i];
      if (type == Type::f32) {
        static_cast<float*>(target)[at] = value;
        continue;
      }
      const uint32_t bits = std::bit_cast<uint32_t>(value), rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
      const bool nan = value != value;
      static_cast<uint16_t*>(target)[at] = static_cast<uint16_t>((nan ? bits | 0x400000u : rounded) >> 16);
    }
  }
  return true;
}
#endif

/// Copies between two layouts of the same logical tensor.
inline void Reorder(const dnnl::memory::desc& from, const void* source, const dnnl::memory::desc& to, void* target) {
#if DNNL_VERSION_MAJOR >= 3
  if (CopyIntoPadded(from, source, to, target)) return;
#endif
  dnnl::memory a(from, Engine(), const_cast<void*>(source));
  dnnl::memory b(to, Engine(), target);
  const auto reorder = [&] {
    const std::lock_guard lock(CreationMutex());
    return dnnl::reorder(a, b);
  }();
  reorder.execute(Stream(), a, b);
  Stream().wait();
}

}  // namespace aecomp::onednn
