// Chooses the symbols of y for one image by gradient descent through the decoder, instead of one by one as
// RdQuantiser does. It takes seconds a megapixel, and decoders need not know of it.
//
//   y - mean --> r --annealed rounding--> k --> y^ = mean + k --decoder--> picture --> distortion --+
//                ^                        |                                                         +--> loss
//                |                        '--> bits of the file's tables ---------------------------+     |
//                '--------------------------------- Adam <-------------------------------------------------'
//
// z stays as the encoder makes it, and with it every table and the means of the first half. The means of the second
// half follow the first half's symbols through the context. Coarse channels stay as they are.
#pragma once

#include <cstdint>
#include <memory>

#include "io/image.h"
#include "io/status.h"
#include "model/codec/codec.h"
#include "model/codec/model_file.h"
#include "train/loss/distortion.h"

namespace aecomp {

struct RefineOptions {
  int steps = 50;  ///< of gradient descent
  DistortionFactory distortion = SquaredError::Make;
  uint64_t seed = 1;  ///< of the draws
};

/// Works with one model. Keeps compiled networks between images of equal size. Not thread-safe: one a thread.
class LatentRefiner {
 public:
  /// kUsage for a model without a hyperprior, or with networks of one image size. The model must have both sides
  /// (ModelUse::kBoth); its parameters are copied.
  static Result<std::unique_ptr<LatentRefiner>> Create(const Model& model);
  ~LatentRefiner();

  /// Sets analysed.symbols. codec: of the same model; it says what the plain encoder does. picture: what it analysed, 1
  /// or 3 channels. quality: in 1/16 steps, that at which the symbols are going to be coded. The bytes of the file may
  /// depend on the machine, the pixels of a file do not.
  Status Refine(Codec& codec, const Image& picture, int quality, const RefineOptions& options, AnalysedImage& analysed);

 private:
  LatentRefiner();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aecomp
