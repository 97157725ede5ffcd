#include "train/refine/latent_refiner.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>
#include <vector>

#include "model/base/onednn.h"
#include "model/codec/tiles.h"
#include "train/refine/block_refinement.h"
#include "train/refine/refine_blocks.h"

namespace aecomp {
namespace {

constexpr int kMostPixels = 640;   // side of a block: about 0.7 GB of memory
constexpr int kMarginPixels = 64;  // decoder and context see about as far

/// Sample (x, y, c) of a picture as networks see it, 0 .. 1; beyond the edges the nearest. c: 0 .. 2, gray has equal
/// channels.
float SampleAt(const Image& picture, const SampleRange& range, int x, int y, int c) {
  x = std::min(x, picture.width - 1), y = std::min(y, picture.height - 1);
  const size_t at = static_cast<size_t>(x * picture.channels + std::min(c, picture.channels - 1));
  const uint8_t* row = picture.Row(y);
  float sample = row[picture.bits == 8 ? at : 0];
  if (picture.bits == 16) {
    uint16_t wide;
    std::memcpy(&wide, row + 2 * at, sizeof wide);
    sample = wide;
  }
  return std::clamp((sample - range.low) / (range.high - range.low), 0.f, 1.f);
}

/// What all blocks of an image share.
struct Picture {
  const Image& image;
  const AnalysedImage& analysed;
  const LatentPrediction& plain;
  const TileGrid& grid;
  int quality;
};

/// A block of rows of an array [rows, columns, ..] whose elements have `width` numbers.
template <class T>
std::vector<T> CutBlock(const T* from, int from_columns, int width, const BlockSpan& rows, const BlockSpan& columns,
                        int h, int w) {
  std::vector<T> block;
  for (int i = rows.begin; i < rows.begin + h; ++i) {
    const T* row = from + (int64_t{i} * from_columns + columns.begin) * width;
    block.insert(block.end(), row, row + int64_t{w} * width);
  }
  return block;
}

}  // namespace

struct LatentRefiner::Impl {
  Architecture architecture;
  Parameters parameters;
  CodingTables y_tables;
  std::vector<int> coarse;
  std::unique_ptr<BlockRefinement> blocks;  // of the last size

  Status MakeBlocks(int h, int w);
  std::vector<float> PixelsOf(const Picture& picture, int top, int left) const;
  void RefineBlock(const Picture& picture, const BlockSpan& rows, const BlockSpan& columns,
                   const RefineOptions& options, std::vector<int16_t>& symbols);
};

LatentRefiner::LatentRefiner() : impl_(std::make_unique<Impl>()) {}
LatentRefiner::~LatentRefiner() = default;

Result<std::unique_ptr<LatentRefiner>> LatentRefiner::Create(const Model& model) {
  const Architecture& a = model.architecture;
  if (a.prior == PriorType::kFactorized || a.tile != 0) {
    return UsageError(
        "the latents of this model cannot be refined: it has no hyperprior, or networks of one image size");
  }
  if (model.use != ModelUse::kBoth) return ModelError("latents are refined with a model that has both of its sides");
  std::unique_ptr<LatentRefiner> refiner(new LatentRefiner);
  Impl& impl = *refiner->impl_;
  impl.architecture = a, impl.y_tables = model.prior.y_tables(), impl.coarse = model.prior.coarse().channels;
  for (const Parameter& p : model.parameters.list()) impl.parameters.FindOrAdd(p.name, p.dims).value = p.value;
  impl.parameters.MarkChanged();
  return refiner;
}

Status LatentRefiner::Impl::MakeBlocks(int h, int w) {
  const Shape y{1, architecture.latent_channels, h, w};
  if (blocks && blocks->y_shape() == y) return {};
  blocks.reset();
  AECOMP_ASSIGN_OR_RETURN(blocks, BlockRefinement::Create(architecture, parameters, y_tables, coarse, y));
  return {};
}

/// Samples of a block whose upper left pixel is given: [16 h, 16 w, C].
std::vector<float> LatentRefiner::Impl::PixelsOf(const Picture& picture, int top, int left) const {
  const int stride = architecture.latent_stride, h = blocks->y_shape().h * stride, w = blocks->y_shape().w * stride;
  std::vector<float> pixels;
  for (int i = 0; i < h; ++i) {
    for (int j = 0; j < w; ++j) {
      for (int c = 0; c < architecture.image_channels; ++c)
        pixels.push_back(SampleAt(picture.image, picture.analysed.range, left + j, top + i, c));
    }
  }
  return pixels;
}

void LatentRefiner::Impl::RefineBlock(const Picture& picture, const BlockSpan& rows, const BlockSpan& columns,
                                      const RefineOptions& options, std::vector<int16_t>& symbols) {
  const Shape& shape = blocks->y_shape();
  const int stride = architecture.latent_stride, stored = picture.grid.padded.columns;
  const auto cut = [&](const auto* from, int width) {
    return CutBlock(from, stored, width, rows, columns, shape.h, shape.w);
  };
  const LatentPrediction& plain = picture.plain;
  const std::vector<float> y = cut(picture.analysed.y.data(), shape.c);
  std::vector<float> pixels = PixelsOf(picture, rows.begin * stride, columns.begin * stride);
  const auto within = [](int end, int begin, int size) { return std::clamp(end - begin, 0, size); };
  const BlockInput block{y.data(),
                         {cut(plain.mean.data(), shape.c), cut(plain.symbol.data(), shape.c),
                          cut(plain.row.data(), shape.c), cut(plain.quality.data(), 1)},
                         pixels.data(),
                         within(picture.grid.coded.rows, rows.begin, shape.h),
                         within(picture.grid.coded.columns, columns.begin, shape.w),
                         within(picture.image.height, rows.begin * stride, shape.h * stride),
                         within(picture.image.width, columns.begin * stride, shape.w * stride),
                         picture.quality};
  const std::vector<int16_t> chosen = blocks->Refine(block, options);
  for (int i = rows.core_begin; i < rows.core_end; ++i) {
    const int64_t from = (int64_t{i - rows.begin} * shape.w + columns.core_begin - columns.begin) * shape.c;
    const int64_t to = (int64_t{i} * stored + columns.core_begin) * shape.c;
    std::copy_n(chosen.begin() + from, int64_t{columns.core_end - columns.core_begin} * shape.c, symbols.begin() + to);
  }
}

Status LatentRefiner::Refine(Codec& codec, const Image& image, int quality, const RefineOptions& options,
                             AnalysedImage& analysed) {
  const Architecture& a = impl_->architecture;
  const TileGrid grid = MakeTileGrid(analysed.header, a);
  const int unit = a.hyper_stride / a.latent_stride, most = kMostPixels / a.hyper_stride * unit;
  const int margin = (kMarginPixels + a.hyper_stride - 1) / a.hyper_stride * unit;
  const BlockAxis rows = CutAxis(grid.padded.rows, most, margin, unit);
  const BlockAxis columns = CutAxis(grid.padded.columns, most, margin, unit);
  analysed.symbols.clear();
  AECOMP_ASSIGN_OR_RETURN(const LatentPrediction plain, codec.Predict(analysed, quality));
  try {
    AECOMP_RETURN_IF_ERROR(impl_->MakeBlocks(rows.size, columns.size));
    std::vector<int16_t> symbols(analysed.y.size());
    const Picture picture{image, analysed, plain, grid, quality};
    for (const BlockSpan& row : rows.spans) {
      for (const BlockSpan& column : columns.spans) impl_->RefineBlock(picture, row, column, options, symbols);
    }
    analysed.symbols = std::move(symbols);
  } catch (const std::exception& e) {  // out of memory, dnnl::error
    onednn::PassOnOutOfMemory(e);
    return InputError(std::string("the latents cannot be refined: ") + e.what());
  }
  return {};
}

}  // namespace aecomp
