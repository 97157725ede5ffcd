// Rows of pixels between an image and the networks of a window, in vector code.
#pragma once

#include <cstdint>

#include "io/image.h"
#include "model/base/tensor.h"
#include "model/codec/sample_range.h"
#include "model/integer/integer_conv.h"

namespace aecomp {

/// The `shape.w` pixels of a row of the image from `column` on, as x - 1/2 of samples between 0 and 1. The image is
/// continued by its border pixels, and gray repeated into all channels. to: [shape.w, shape.c]
void FillFloats(const Image& image, const SampleRange& range, int row, int column, const Shape& shape, float* to);
/// The same as samples, of an image of 8 bits.
void FillBytes(const Image& image, int row, int column, const Shape& shape, uint8_t* to);

/// to = also + sums times scale, element by element in the order of the outputs. `to` may be `also`.
void AddSums(IntegerConv::Sums sums, const float* scale, const float* also, float* to);

/// `count` pixels x [count, channels], as x - 1/2, into the image from (row, column) on, rounded and clamped; pixels
/// outside of the image are left out. An image of one channel gets the mean of the channels.
void StorePixels(const float* x, int count, int channels, int row, int column, const SampleRange& range, Image& image);

}  // namespace aecomp
