// The filter that a file carries for its picture, in a chunk "Filt": the encoder's fit of it, and the chunk.
#pragma once

#include <array>
#include <optional>

#include "io/container.h"
#include "io/image.h"
#include "io/status.h"
#include "model/codec/image_transform.h"
#include "model/codec/latents.h"
#include "model/codec/sample_range.h"
#include "model/codec/tiles.h"
#include "model/filter/picture_filter.h"
#include "model/network/architecture.h"

namespace aecomp {

inline constexpr std::array<char, 4> kFilterType = {'F', 'i', 'l', 't'};

/// Of a file; none where it has none. kCorrupt where its chunk is unsound.
Result<std::optional<PictureFilter>> ReadFilterChunk(const Container& container);

FilterRange FilterRangeOf(const SampleRange& range);

/// What a squared error is worth at a quality, in squared steps of a sample: the trade-off of training.
double BitsPerError(const Architecture& a, int quality, const SampleRange& range, int channels);

/// Of filters of files for eyes, chosen by Butteraugli on validation images.
inline constexpr double kVisualFilterStrength = 0.5;

/// What a filter is fitted with.
struct FilterFit {
  ImageTransform& transform;
  const LatentPlane& y_hat;  ///< of the whole picture
  const TileGrid& grid;
  int stride;             ///< pixels of an element of y_hat
  double bits_per_error;  ///< as in FilterGoal
  double strength;        ///< as in FilterGoal
};

/// The chunk of the filter that suits the picture; none where nothing is gained. Decodes a sample of the picture: all
/// of small ones, a twelfth of those of some megapixels.
Result<std::optional<ExtraChunk>> FitFilter(const FilterFit& fit, const Image& picture, const SampleRange& range);

}  // namespace aecomp
