#include "model/portable/residual_match.h"

namespace aecomp_portable {
namespace {

constexpr int8_t kTrust[16] = {0, 1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6};

uint64_t Mix(uint64_t hash, uint64_t pixel) {
  hash = (hash ^ pixel) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 29;
}

}  // namespace

int Matches::Entry::Class(uint64_t hash) const { return Valid(hash) ? 1 + kTrust[trust] : 0; }

void Matches::Entry::Learn(uint64_t hash, uint64_t own) {
  if (Valid(hash) && pixel == own) {
    trust = static_cast<int16_t>(std::min(trust + 1, 15));
  } else if (Valid(hash) && trust > 0) {
    trust = static_cast<int16_t>(trust / 2);
  } else {
    pixel = own, check = static_cast<uint16_t>(hash >> 48), trust = 0;
  }
}

bool Matches::Read(ResidualCoder *coder, int x, uint64_t *pixel) {
  if (first_) pixels_.FillAbove(x);
  const uint64_t *const h = pixels_.here + x, *const a = pixels_.above + x, *const a2 = pixels_.above2 + x;
  const uint64_t w = h[-1], n = a[0], nw = a[-1], ne = a[1];
  uint64_t hash = 0;
  for (const uint64_t q : {w, n, nw, ne}) hash = Mix(hash, q);
  near_hash_ = hash;
  for (const uint64_t q : {h[-2], a2[0], a2[1], a2[-1], a[2], a[-2], h[-3]}) hash = Mix(hash, q);
  wide_hash_ = hash;
  const Entry &wide = wide_[wide_hash_ % kEntries], &near = near_[near_hash_ % kEntries];
  const int wide_class = wide.Class(wide_hash_), near_class = near.Class(near_hash_);

  uint64_t seen[6];
  int count = 0;
  const auto is = [&](uint64_t q, int bit) {
    for (int i = 0; i < count; ++i) {
      if (seen[i] == q) return false;
    }
    seen[count++] = *pixel = q;
    return coder->Bit(&bits_[static_cast<size_t>(bit)]);
  };
  if (wide_class > 0) {
    const bool agree = near_class > 0 && near.pixel == wide.pixel;
    if (is(wide.pixel, 2 * (8 * (wide_class - 1) + near_class) + agree)) return true;
  }
  if (near_class > 0 && is(near.pixel, 128 + 8 * wide_class + near_class)) return true;
  const int pattern =
      (w == n) | (n == nw) << 1 | (n == ne) << 2 | (w == nw) << 3 | (w == h[-2]) << 4 | (n == a2[0]) << 5;
  const int before = 256 + 64 * count + pattern;
  return is(w, before) || is(n, before + 192) || is(ne, before + 384) || is(nw, before + 576);
}

void Matches::Learn(int x, uint64_t pixel) {
  pixels_.here[x] = pixel;
  wide_[wide_hash_ % kEntries].Learn(wide_hash_, pixel);
  near_[near_hash_ % kEntries].Learn(near_hash_, pixel);
}

}  // namespace aecomp_portable
