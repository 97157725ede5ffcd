// Analysis and synthesis transform of a whole image, window by window, with a halo that hides where windows meet.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "io/image.h"
#include "io/status.h"
#include "model/codec/image_transform.h"
#include "model/codec/model_file.h"
#include "model/codec/sample_range.h"
#include "model/codec/windows.h"
#include "model/integer/integer_band_runner.h"
#include "model/integer/integer_network_runner.h"
#include "model/network/graph.h"

namespace aecomp {

class WindowTransform : public ImageTransform {
 public:
  /// Windows have at most about max_window elements of y: 16,384 are 4 megapixels at a latent stride of 16.
  /// integer: deep paths run in integers where the model has them and the samples have 8 bits.
  explicit WindowTransform(Model& model, bool integer = true, int max_window = 16384);

  bool integer() const override { return integer_; }
  int decoder_halo() const override { return decoder_halo_; }

  /// For images of 8 bits.
  Status PrepareAnalysis(const TileGrid& grid) override;
  Status PrepareSynthesis(const LatentPart& part) override;
  Status Analyse(const Image& image, const SampleRange& range, const TileGrid& grid, float* y,
                 int64_t row_stride) override {
    return Analyse(image, range, grid.coded.rows, grid.coded.columns, y, row_stride);
  }
  Status Synthesise(const LatentPlane& y_hat, const LatentPart& part, const TileGrid& grid, const SampleRange& range,
                    Image& image) override;

  /// The same as above for rows x columns elements of y: times latent_stride, at least the image's size.
  Status Analyse(const Image& image, const SampleRange& range, int rows, int columns, float* y, int64_t row_stride);

  /// y^ * step [rows, columns, M] -> image; row_stride: elements from one row of y^ to the next. In f32; or, where
  /// integer(), in integers: equal on every machine, y_hat in steps of kLatentUnit.
  Status Synthesise(const float* y_hat, int rows, int columns, int64_t row_stride, const SampleRange& range,
                    Image& image) {
    return SynthesiseFrom(y_hat, rows, columns, row_stride, range, image);
  }
  Status Synthesise(const int16_t* y_hat, int rows, int columns, int64_t row_stride, const SampleRange& range,
                    Image& image) {
    return SynthesiseFrom(y_hat, rows, columns, row_stride, range, image);
  }

 private:
  /// A transform for one size of input: in f32 `graph`; in integers a deep path, `bands` where that can run it, else
  /// `deep`, beside the path of blocks, which runs for some rows at a time.
  struct Compiled {
    bool integer = false;
    Shape input_shape, output_shape;
    std::unique_ptr<Graph> graph;
    AlignedBuffer<float> input;  // of graph
    std::unique_ptr<IntegerBandRunner> bands;
    std::unique_ptr<IntegerNetworkRunner> deep;
    AlignedBuffer<float> blocks;  // of the decoder: pixels of a band of the block path
  };
  /// A window of an image: its rows and its columns.
  struct Place {
    const Window &v, &h;
  };
  Result<Compiled*> Encoder(const Shape& input, bool integer);
  Result<Compiled*> Decoder(const Shape& input);
  Status CompileFloat(const Network& network, Compiled& c);
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
