// Analysis and synthesis transform of a whole image, window by window, with a halo that hides where windows meet.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "io/image.h"
#include "io/status.h"
#include "model/codec/model_file.h"
#include "model/codec/sample_range.h"
#include "model/codec/windows.h"
#include "model/integer/integer_network.h"
#include "model/network/graph.h"

namespace aecomp {

class WindowTransform {
 public:
  /// Windows have at most about max_window elements of y: 16,384 are 4 megapixels at a latent stride of 16.
  /// integer: deep paths run in integers where the model has them and the samples have 8 bits.
  explicit WindowTransform(Model& model, bool integer = true, int max_window = 16384);

  /// Makes ready what Analyse of 8 bits needs for this size of y: to be called where there is time for it.
  Status PrepareEncoder(int rows, int columns) {
    return Encoder(EncoderInput(SizeFor(rows, columns, encoder_halo_)), integer_).status();
  }

  /// The same for Synthesise.
  Status PrepareDecoder(int rows, int columns) {
    return Decoder(DecoderInput(SizeFor(rows, columns, decoder_halo_))).status();
  }

  /// image -> y before gain [rows, columns, M], where rows and columns times latent_stride are at least the image's
  /// size; the image is continued by its border pixels. row_stride: floats from one row of y to the next. Gray images
  /// are repeated into the model's channels. image: 8 or 16 bits.
  Status Analyse(const Image& image, const SampleRange& range, int rows, int columns, float* y, int64_t row_stride);

  /// Elements of y^ around those of a pixel that the pixel depends on; huge when it depends on all.
  int decoder_halo() const { return decoder_halo_; }

  /// Whether the synthesis runs in integers: it then reads int16 latents, else f32.
  bool integer() const { return integer_; }

  /// y^ * step [rows, columns, M] -> image of the size and depth it has, at most rows and columns times latent_stride.
  /// row_stride: elements from one row of y^ to the next. One channel from a colour model: the mean of the three.
  Status Synthesise(const float* y_hat, int rows, int columns, int64_t row_stride, const SampleRange& range,
                    Image& image) {
    return SynthesiseFrom(y_hat, rows, columns, row_stride, range, image);
  }
  /// The same in integers, equal on every machine. y_hat in steps of kLatentUnit.
  Status Synthesise(const int16_t* y_hat, int rows, int columns, int64_t row_stride, const SampleRange& range,
                    Image& image) {
    return SynthesiseFrom(y_hat, rows, columns, row_stride, range, image);
  }

 private:
  /// A transform for one size of input: in f32 `graph`; in integers `deep`, beside the path of blocks, which runs for
  /// some rows at a time.
  struct Compiled {
    bool integer = false;
    Shape input_shape, output_shape;
    std::unique_ptr<Graph> graph;
    AlignedBuffer<float> input;  // of graph
    std::unique_ptr<IntegerNetworkRunner> deep;
    AlignedBuffer<float> blocks;  // of the decoder: pixels of a band of the block path
  };
  /// A window of an image: its rows and its columns.
  struct Place {
    const Window &v, &h;
  };
  Result<Compiled*> Encoder(const Shape& input, bool integer);
  Result<Compiled*> Decoder(const Shape& input);
  Status Compile(const Network* network, const IntegerNetwork* deep, Compiled& c);
  template <class T>
  Status SynthesiseFrom(const T* y_hat, int rows, int columns, int64_t row_stride, const SampleRange& range,
                        Image& image);
  void RunDecoder(const int16_t* y_hat, int64_t row_stride, const SampleRange& range, const Place& place, Compiled& c,
                  Image& image);
  void RunDecoder(const float* y_hat, int64_t row_stride, const SampleRange& range, const Place& place, Compiled& c,
                  Image& image);
  Shape EncoderInput(const WindowSize& size) const;
  Shape DecoderInput(const WindowSize& size) const {
    return {1, model_.architecture.latent_channels, size.height, size.width};
  }
  WindowSize SizeFor(int rows, int columns, int halo) const;

  Model& model_;
  bool integer_;
  int max_window_;
  int encoder_halo_, decoder_halo_;  // in elements of y
  std::vector<Compiled> encoders_, decoders_;
  std::vector<uint8_t> companded_;  // of every int16 latent: what the decoder's deep path reads
};

}  // namespace aecomp
