// CIE L*a*b* to sRGB.
#pragma once

namespace aecomp {

class LabToSrgb {
 public:
  /// x, y: chromaticity of the white that L*a*b* is relative to, which becomes sRGB's D65 by Bradford's adaptation.
  /// Values that no white has mean D50, the white of print and of ICC profiles.
  explicit LabToSrgb(double x = 0, double y = 0);

  /// lightness: 0 .. 100. rgb: 0 .. 1, colours that sRGB lacks clipped.
  void Convert(double lightness, double a, double b, double rgb[3]) const;

 private:
  double rgb_of_xyz_[3][3] = {};  ///< of X, Y, Z where white is 1, 1, 1, to linear sRGB
};

}  // namespace aecomp
