#include "model/entropy/coding_check.h"

#include <optional>

#include "model/entropy/integer_prior_state.h"
#include "model/network/architecture_check.h"

namespace aecomp {
namespace {

/// An image may have any size, so the transforms must take one element of y each way, and any number.
Status CheckSmallImages(const Architecture& a) {
  for (int elements = 1; elements <= 3; ++elements) {
    const int pixels = elements * a.latent_stride;
    const Shape image{1, a.image_channels, pixels, pixels}, y{1, a.latent_channels, elements, elements};
    const auto in_image = [&](const char* role, const std::string& message) {
      return UsageError("for a small image, padded to " + image.ToString() + ", " + role + ": " + message +
                        "; use padding so that small images pass, or name one size for all images with \"tile\"");
    };
    const auto encoder = InferNetwork(a.encoder, image, {});
    if (!encoder.ok()) return in_image("encoder", encoder.status().message());
    if (!(encoder.value().output == y)) {
      return in_image("encoder", "it gives " + encoder.value().output.ToString() + ", not " + y.ToString());
    }
    const auto decoder = InferNetwork(a.decoder, y, {});
    if (!decoder.ok()) return in_image("decoder", decoder.status().message());
    if (!(decoder.value().output == image)) {
      return in_image("decoder", "it gives " + decoder.value().output.ToString());
    }
  }
  return {};
}

/// A hyperprior sees the y of all tiles side by side.
Status CheckTiledHyperprior(const Architecture& a) {
  const std::string advice = "; use a factorized prior, or a \"tile\" that is a multiple of all strides";
  const bool square = a.latent_stride > 0 && a.hyper_stride > 0 && a.tile_rows == a.tile_columns;
  if (!square) {
    return UsageError("prior: a tile of " + std::to_string(a.tile) + " pixels has " + std::to_string(a.tile_rows) +
                      "x" + std::to_string(a.tile_columns) +
                      " elements of the latent: they, and those of z, must be squares whose sides divide the tile's" +
                      advice);
  }
  Architecture prior = a;
  prior.encoder = prior.decoder = {};  // what is left sees y as its image
  for (int tiles = 2; tiles <= 3; ++tiles) {
    const int size = tiles * a.tile_rows, z_size = tiles * a.tile / a.hyper_stride;
    const Shape y{1, a.latent_channels, size, size}, z{1, a.hyper_channels, z_size, z_size};
    const std::string where = "prior: for the latents of " + std::to_string(tiles) + " tiles side by side, ";
    const auto networks = InferNetworks(prior, y);
    if (!networks.ok()) return UsageError(where + networks.status().message() + advice);
    const Shape& made = networks.value()[2].output;
    if (made == z) continue;
    return UsageError(where + "hyper_encoder: makes " + made.ToString() + " of " + y.ToString() + ", not " +
                      z.ToString() + advice);
  }
  return {};
}

}  // namespace

Status CheckCoding(const Architecture& a) {
  if (a.tile == 0) AECOMP_RETURN_IF_ERROR(CheckSmallImages(a));
  if (a.prior == PriorType::kFactorized) return {};
  if (a.tile != 0) AECOMP_RETURN_IF_ERROR(CheckTiledHyperprior(a));
  const Status integers = MakeIntegerLayout(a).status();
  return integers.ok() ? Status() : UsageError("prior: " + integers.message());
}

Result<Architecture> ParseArchitecture(const std::string& text, const std::string& name) {
  AECOMP_ASSIGN_OR_RETURN(Architecture a, ReadArchitecture(text, name));
  Status status = CheckArchitecture(a, std::nullopt);
  if (status.ok()) status = CheckCoding(a);
  if (!status.ok()) return UsageError(name + ": " + status.message());
  return a;
}

}  // namespace aecomp
