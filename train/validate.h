// How good a model is in real bytes.
#pragma once

#include <memory>
#include <vector>

#include "io/image.h"
#include "io/status.h"
#include "model/model_file.h"

namespace aecomp {

struct ValidationRow {
  int quality = 0;
  double bpp = 0, psnr = 0;  ///< means over images; real bytes, PSNR of the decoded 8-bit image
};

/// Compresses and decompresses every image at every quality.
Result<std::vector<ValidationRow>> Validate(std::shared_ptr<Model> model, const std::vector<const Image*>& images,
                                            const std::vector<int>& qualities);

}  // namespace aecomp
