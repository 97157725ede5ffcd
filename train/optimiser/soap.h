// The eigenbasis of SOAP (Vyas et al. 2024, arXiv:2409.11321), in which Adam works on the weights of a layer. Learned
// image codecs were trained with it in up to 70 % fewer steps than with Adam (Zhang and Zhu 2026, arXiv:2601.20769).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace aecomp {

/// Holds an orthonormal basis of each of the three spaces of a weight [rows, columns, taps], near the eigenvectors of
/// the average of G G^T, where G is the gradient unfolded along that space. Spaces of one dimension or of more than
/// kMostDimensions have no basis. Rotated arrays are laid out [columns, rows, taps]. Two threads must not use one
/// object at once.
class SoapBasis {
 public:
  static constexpr int64_t kMostDimensions = 1024;

  /// dims: of the weight of a convolution or a linear layer, [a, b, ...]; the dimensions after b are one space.
  explicit SoapBasis(const std::vector<int64_t>& dims);

  /// Whether a parameter has bases: weights do, biases and tables do not.
  static bool Suits(const std::string& name, const std::vector<int64_t>& dims);

  /// Adds a gradient to the averages and rotates it. gradient, rotated: [size()].
  void Observe(const float* gradient, float* rotated);
  /// Rotates x, which lies in the basis and is destroyed, to y, which lies as the weights do: [size()] each.
  void RotateBack(float* x, float* y);

  /// Turns the basis to the eigenvectors of the averages, and with it the moments m and v of the gradient, [size()]
  /// each. The first turn computes the eigenvectors and expects m and v as the weights lie; each later turn takes one
  /// step of orthogonal iteration.
  void Turn(float* m, float* v);

  int64_t size() const { return rows() * columns() * taps(); }
  /// Multiplications of a rotation.
  int64_t cost() const;

  struct Space {
    int64_t dimensions = 1;
    std::vector<float> basis;    ///< [dimensions, dimensions], vectors in columns; empty: none
    std::vector<float> average;  ///< [dimensions, dimensions], of G G^T
  };
  /// Rows, columns, taps. A checkpoint keeps them, with `turned`.
  std::array<Space, 3>& spaces() { return spaces_; }
  bool turned() const { return turned_; }
  void set_turned(bool turned) { turned_ = turned; }

 private:
  int64_t rows() const { return spaces_[0].dimensions; }
  int64_t columns() const { return spaces_[1].dimensions; }
  int64_t taps() const { return spaces_[2].dimensions; }
  void Rotate(const float* x, float* y, bool observes);

  std::array<Space, 3> spaces_;
  bool turned_ = false;
};

}  // namespace aecomp
