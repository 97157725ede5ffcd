#include "model/integer/pair_product.h"

#include <vector>

#if defined(__x86_64__) && defined(__GNUC__)
#define AECOMP_X86 1
#include <immintrin.h>
#endif

namespace aecomp {
namespace {

void Plain(const int32_t* left, int pairs, const int32_t* right, const int32_t* bias, int columns, int32_t* sums) {
  for (int r = 0; r < kPairRows; ++r) {
    int32_t* to = sums + int64_t{r} * columns;
    for (int c = 0; c < columns; ++c) to[c] = bias[c];
    for (int p = 0; p < pairs; ++p) {
      const int32_t pair = left[p * kPairRows + r];
      const int32_t even = static_cast<int16_t>(pair), odd = pair >> 16;
      const int32_t* from = right + int64_t{p} * columns;
      for (int c = 0; c < columns; ++c) {
        const int32_t product = even * static_cast<int16_t>(from[c]) + odd * (from[c] >> 16);
        to[c] = static_cast<int32_t>(static_cast<uint32_t>(to[c]) + static_cast<uint32_t>(product));
      }
    }
  }
}

#ifdef AECOMP_X86
// Tiles of kPairRows rows and some vectors of columns, as many as the registers hold.

__attribute__((target("avx2"))) void Avx2(const int32_t* left, int pairs, const int32_t* right, const int32_t* bias,
                                          int columns, int32_t* sums) {
  for (int c = 0; c < columns; c += 16) {
    __m256i acc[kPairRows][2];
    for (int r = 0; r < kPairRows; ++r) {
      for (int v = 0; v < 2; ++v) acc[r][v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bias + c) + v);
    }
    for (int p = 0; p < pairs; ++p) {
      const auto* from = reinterpret_cast<const __m256i*>(right + int64_t{p} * columns + c);
      const __m256i w0 = _mm256_loadu_si256(from), w1 = _mm256_loadu_si256(from + 1);
#pragma GCC unroll 6
      for (int r = 0; r < kPairRows; ++r) {
        const __m256i x = _mm256_set1_epi32(left[p * kPairRows + r]);
        acc[r][0] = _mm256_add_epi32(acc[r][0], _mm256_madd_epi16(x, w0));
        acc[r][1] = _mm256_add_epi32(acc[r][1], _mm256_madd_epi16(x, w1));
      }
    }
    for (int r = 0; r < kPairRows; ++r) {
      auto* to = reinterpret_cast<__m256i*>(sums + int64_t{r} * columns + c);
      for (int v = 0; v < 2; ++v) _mm256_storeu_si256(to + v, acc[r][v]);
    }
  }
}

/// acc + the pairs' products. With VNNI in one instruction, spelt out because a function of one target cannot be part
/// of another's.
template <bool vnni>
__attribute__((target("avx512f,avx512bw"), always_inline)) inline __m512i Added(__m512i acc, __m512i x, __m512i w) {
  if constexpr (!vnni) return _mm512_add_epi32(acc, _mm512_madd_epi16(x, w));
  asm("vpdpwssd %2, %1, %0" : "+v"(acc) : "v"(x), "v"(w));
  return acc;
}

template <bool vnni>
__attribute__((target("avx512f,avx512bw"))) void Avx512(const int32_t* left, int pairs, const int32_t* right,
                                                        const int32_t* bias, int columns, int32_t* sums) {
  for (int c = 0; c < columns; c += 64) {
    __m512i acc[kPairRows][4];
    for (int r = 0; r < kPairRows; ++r) {
      for (int v = 0; v < 4; ++v) acc[r][v] = _mm512_loadu_si512(bias + c + 16 * v);
    }
    for (int p = 0; p < pairs; ++p) {
      const int32_t* from = right + int64_t{p} * columns + c;
      const __m512i w0 = _mm512_loadu_si512(from), w1 = _mm512_loadu_si512(from + 16);
      const __m512i w2 = _mm512_loadu_si512(from + 32), w3 = _mm512_loadu_si512(from + 48);
#pragma GCC unroll 6
      for (int r = 0; r < kPairRows; ++r) {
        const __m512i x = _mm512_set1_epi32(left[p * kPairRows + r]);
        acc[r][0] = Added<vnni>(acc[r][0], x, w0);
        acc[r][1] = Added<vnni>(acc[r][1], x, w1);
        acc[r][2] = Added<vnni>(acc[r][2], x, w2);
        acc[r][3] = Added<vnni>(acc[r][3], x, w3);
      }
    }
    for (int r = 0; r < kPairRows; ++r) {
      for (int v = 0; v < 4; ++v) _mm512_storeu_si512(sums + int64_t{r} * columns + c + 16 * v, acc[r][v]);
    }
  }
}
#endif

std::vector<PairProduct> Available() {
  std::vector<PairProduct> available;
#ifdef AECOMP_X86
  const bool avx512 = __builtin_cpu_supports("avx512bw");
  if (avx512 && __builtin_cpu_supports("avx512vnni")) available.push_back({"avx512vnni", Avx512<true>});
  if (avx512) available.push_back({"avx512bw", Avx512<false>});
  if (__builtin_cpu_supports("avx2")) available.push_back({"avx2", Avx2});
#endif
  available.push_back({"plain", Plain});
  return available;
}

}  // namespace

std::span<const PairProduct> PairProducts() {
  static const std::vector<PairProduct> available = Available();
  return available;
}

}  // namespace aecomp
