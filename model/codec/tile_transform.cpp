#include "model/codec/tile_transform.h"

#include <algorithm>
#include <cstring>

namespace aecomp {
namespace {

constexpr int kMostBatch = 64;

/// Small images get small batches, and those of several sizes not one graph each.
int BatchFor(size_t squares) {
  int batch = 1;
  while (batch < kMostBatch && static_cast<size_t>(batch) < squares) batch *= 4;
  return batch;
}

}  // namespace

std::vector<TileTransform::Square> TileTransform::Squares(const Image& image, const TileGrid& grid,
                                                          int64_t row_stride) const {
  const Architecture& a = model_.architecture;
  const int size = static_cast<int>(grid.tile_size), columns = DivideUp(image.width, size);
  std::vector<Square> squares;
  for (size_t i = 0; i < grid.tiles.size(); ++i) {
    const Tile& tile = grid.tiles[i];
    const int left = static_cast<int>(i) % columns * size, top = static_cast<int>(i) / columns * size;
    const int right = std::min(left + size, image.width), bottom = std::min(top + size, image.height);
    for (int row = 0; row < tile.coded_h / a.tile_rows; ++row) {
      for (int column = 0; column < tile.coded_w / a.tile_columns; ++column) {
        const int64_t first_row = tile.row + row * a.tile_rows, first_column = tile.column + column * a.tile_columns;
        squares.push_back({left + column * a.tile, top + row * a.tile, right, bottom,
                           first_row * row_stride + first_column * a.latent_channels});
      }
    }
  }
  return squares;
}

Status TileTransform::Compile(const Network& network, const Shape& input, const Shape& output,
                              std::unique_ptr<Graph>& graph) const {
  if (graph != nullptr && graph->input_shape() == input) return {};
  auto made = Graph::Create(network, input, model_.parameters, Graph::Mode::kInference);
  if (!made.ok()) return ModelError(made.status().message());
  graph = std::move(made).value();
  if (graph->output_shape() == output) return {};
  return ModelError("a network turns a tile of " + input.ToString() + " into " + graph->output_shape().ToString());
}

/// x: [tile, tile, C], as the network sees it: pixels - 1/2.
template <class Sample>
void TileTransform::Fill(const Image& image, const SampleRange& range, const Square& square, float* x) const {
  const Architecture& a = model_.architecture;
  const float width = range.high - range.low;
  for (int i = 0; i < a.tile; ++i) {
    const auto* row = reinterpret_cast<const Sample*>(image.Row(std::min(square.y + i, square.bottom - 1)));
    for (int j = 0; j < a.tile; ++j) {
      const Sample* pixel = row + int64_t{std::min(square.x + j, square.right - 1)} * image.channels;
      for (int c = 0; c < a.image_channels; ++c) {
        *x++ = (static_cast<float>(pixel[image.channels == 1 ? 0 : c]) - range.low) / width - 0.5f;
      }
    }
  }
}

/// x: [tile, tile, C] of the network.
template <class Sample>
void TileTransform::Store(const float* x, const Square& square, const SampleRange& range, Image& image) const {
  const Architecture& a = model_.architecture;
  const ToSample<Sample> to_sample(range);
  const int h = std::min(a.tile, square.bottom - square.y), w = std::min(a.tile, square.right - square.x);
  for (int i = 0; i < h; ++i) {
    const float* from = x + int64_t{i} * a.tile * a.image_channels;
    Sample* to = reinterpret_cast<Sample*>(image.Row(square.y + i)) + int64_t{square.x} * image.channels;
    for (int j = 0; j < w; ++j, from += a.image_channels) {
      if (image.channels == a.image_channels) {
        for (int c = 0; c < a.image_channels; ++c) *to++ = to_sample(from[c]);
      } else {
        float sum = 0;
        for (int c = 0; c < a.image_channels; ++c) sum += from[c];
        *to++ = to_sample(sum / static_cast<float>(a.image_channels));
      }
    }
  }
}

Status TileTransform::Analyse(const Image& image, const SampleRange& range, const TileGrid& grid, float* y,
                              int64_t row_stride) {
  const Architecture& a = model_.architecture;
  const std::vector<Square> squares = Squares(image, grid, row_stride);
  const int batch = BatchFor(squares.size());
  const Shape pixels{batch, a.image_channels, a.tile, a.tile};
  const Shape latent{batch, a.latent_channels, a.tile_rows, a.tile_columns};
  AECOMP_RETURN_IF_ERROR(Compile(a.encoder, pixels, latent, encoder_));
  AlignedBuffer<float> x(static_cast<size_t>(pixels.size()));
  std::fill_n(x.data(), x.size(), 0.f);
  const size_t row_size = static_cast<size_t>(a.tile_columns) * static_cast<size_t>(a.latent_channels);
  for (size_t first = 0; first < squares.size(); first += static_cast<size_t>(batch)) {
    const int count = static_cast<int>(std::min(squares.size() - first, static_cast<size_t>(batch)));
#pragma omp parallel for schedule(static)
    for (int n = 0; n < count; ++n) {
      const Square& square = squares[first + static_cast<size_t>(n)];
      float* to = x.data() + n * (pixels.size() / batch);
      image.bits == 8 ? Fill<uint8_t>(image, range, square, to) : Fill<uint16_t>(image, range, square, to);
    }
    const float* from = encoder_->Forward(x.data());
    for (int n = 0; n < count; ++n) {
      for (int i = 0; i < a.tile_rows; ++i, from += row_size) {
        std::memcpy(y + squares[first + static_cast<size_t>(n)].latent + i * row_stride, from,
                    row_size * sizeof(float));
      }
    }
  }
  return {};
}

Status TileTransform::Synthesise(const LatentPlane& y_hat, const LatentPart& part, const TileGrid& grid,
                                 const SampleRange& range, Image& image) {
  const Architecture& a = model_.architecture;
  const int64_t row_stride = y_hat.row_stride();
  const float* const latents = y_hat.Floats(part.row, part.column);
  const std::vector<Square> squares = Squares(image, grid, row_stride);
  const int batch = BatchFor(squares.size());
  const Shape pixels{batch, a.image_channels, a.tile, a.tile};
  const Shape latent{batch, a.latent_channels, a.tile_rows, a.tile_columns};
  AECOMP_RETURN_IF_ERROR(Compile(a.decoder, latent, pixels, decoder_));
  AlignedBuffer<float> x(static_cast<size_t>(latent.size()));
  std::fill_n(x.data(), x.size(), 0.f);
  const size_t row_size = static_cast<size_t>(a.tile_columns) * static_cast<size_t>(a.latent_channels);
  for (size_t first = 0; first < squares.size(); first += static_cast<size_t>(batch)) {
    const int count = static_cast<int>(std::min(squares.size() - first, static_cast<size_t>(batch)));
    float* to = x.data();
    for (int n = 0; n < count; ++n) {
      for (int i = 0; i < a.tile_rows; ++i, to += row_size) {
        std::memcpy(to, latents + squares[first + static_cast<size_t>(n)].latent + i * row_stride,
                    row_size * sizeof(float));
      }
    }
    const float* restored = decoder_->Forward(x.data());
#pragma omp parallel for schedule(static)
    for (int n = 0; n < count; ++n) {
      const Square& square = squares[first + static_cast<size_t>(n)];
      const float* from = restored + n * (pixels.size() / batch);
      image.bits == 8 ? Store<uint8_t>(from, square, range, image) : Store<uint16_t>(from, square, range, image);
    }
  }
  return {};
}

}  // namespace aecomp
