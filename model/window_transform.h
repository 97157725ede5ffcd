// Analysis and synthesis transform of a whole image, window by window, with a halo that hides where windows meet.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "io/image.h"
#include "io/status.h"
#include "model/graph.h"
#include "model/integer_network.h"
#include "model/model_file.h"
#include "model/sample_range.h"
#include "model/windows.h"

namespace aecomp {

class WindowTransform {
 public:
  /// Windows have at most about max_window elements of y: 16,384 are 4 megapixels at a latent stride of 16.
  /// integer: deep paths run in integers where the model has them and the samples have 8 bits.
  explicit WindowTransform(Model& model, bool integer = true, int max_window = 16384);

  /// image -> y before gain [rows, columns, M], where rows and columns times latent_stride are at least the image's
  /// size; the image is continued by its border pixels. row_stride: floats from one row of y to the next. Gray images
  /// are repeated into the model's channels. image: 8 or 16 bits.
  Status Analyse(const Image& image, const SampleRange& range, int rows, int columns, float* y, int64_t row_stride);

  /// y^ * step [rows, columns, M] -> image of the size and depth it has, at most rows and columns times latent_stride.
  /// One channel from a colour model: the mean of the three.
  Status Synthesise(const float* y_hat, int rows, int columns, const SampleRange& range, Image& image);

 private:
  /// A transform for one size of input: all of it in f32, or its deep path in integers and the rest in f32.
  struct Compiled {
    bool integer = false;
    std::unique_ptr<Graph> graph;
    AlignedBuffer<float> input;  // [1, h, w, C]
    std::unique_ptr<IntegerNetworkRunner> deep;
    AlignedBuffer<uint8_t> deep_input;  // [1, h, w, C]

    const float* Run(const float* x);
  };
  Result<Compiled*> Get(const Network& network, const SplitTransform* parts, const IntegerNetwork* deep,
                        const Shape& input, std::vector<Compiled>& cache);
  void CompandLatents(const float* y_hat, Compiled& c) const;
  WindowSize SizeFor(int rows, int columns, int halo) const;
  template <class Sample>
  void FillPixels(const Image& image, const SampleRange& range, const Window& v, const Window& h, Compiled& c) const;
  template <class Sample>
  void StorePixels(const float* x, const Shape& shape, const SampleRange& range, const Window& v, const Window& h,
                   Image& image) const;

  Model& model_;
  bool integer_;
  int max_window_;
  int encoder_halo_, decoder_halo_;  // in elements of y
  std::vector<Compiled> encoders_, decoders_;
};

}  // namespace aecomp
