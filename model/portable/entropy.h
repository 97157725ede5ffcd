// The entropy coder of io/FORMAT.md: rANS with one state.
#pragma once

#include "model/portable/common.h"

namespace aecomp_portable {

/// Probability tables, made for decoding.
class Tables {
 public:
  /// bounds [rows]; frequencies: of 0, 1, .. bound and the escape of every row, which is symmetric, or of -bound ..
  /// bound and the escape.
  Status Make(const std::vector<int32_t>& bounds, const std::vector<int32_t>& frequencies, const std::string& name,
              bool symmetric = true);
  int rows() const { return static_cast<int>(rows_.size()); }
  /// How large values of a row are on average, in 1/256.
  int64_t Magnitude(int row) const;

 private:
  friend class StreamDecoder;
  struct Row {
    int bound = 0;
    uint32_t first = 0;   ///< in starts_: 2 * bound + 3 of them
    uint16_t guess[256];  ///< by the high byte of a number of 16 bits: the symbol that its first one stands for
  };
  std::vector<Row> rows_;
  std::vector<uint32_t> starts_;
};

/// The state that all symbols of a stream lie in.
class Rans {
 public:
  explicit Rans(Bytes stream) : stream_(stream) {}

 protected:
  void Begin();
  /// Number of 16 bits that says which symbol comes next.
  uint32_t Slot() const { return static_cast<uint32_t>(x_ & 0xFFFF); }
  /// Goes past a symbol of the range start .. start + frequency - 1, in which the slot lies.
  void Pass(uint32_t start, uint32_t frequency) {
    x_ = frequency * (x_ >> 16) + Slot() - start;
    Normalise();
  }
  void Normalise() {
    if (x_ < uint64_t{1} << 32 && stream_.remaining() > 0) x_ = x_ << 16 | stream_.U16();
  }
  bool AtEnd() const { return !damaged_ && x_ == 1 && stream_.remaining() == 0; }

  Bytes stream_;
  uint64_t x_ = 0;
  bool damaged_ = false;
};

class StreamDecoder : private Rans {
 public:
  /// An empty stream is one of no values.
  StreamDecoder(const Tables& tables, Bytes stream) : Rans(stream), tables_(&tables) {}

  /// Where the stream is damaged, values are any within +-32767 and End() says so. It may be called for ever.
  int Value(int row);
  /// Whether values were as many as the stream has.
  Status End() const;

 private:
  uint32_t Bits(int n);
  int Escape(int bound);

  const Tables* tables_;
  bool begun_ = false;
};

/// values[i] of table rows[i], from the streams of a tile: part i of P holds those from n*i/P to n*(i+1)/P.
Status DecodeParts(const Tables& tables, const Bytes* streams, size_t parts, const std::vector<uint8_t>& rows,
                   std::vector<int16_t>* values);

}  // namespace aecomp_portable
