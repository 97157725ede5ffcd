#include "train/validate.h"

#include "io/metrics.h"
#include "model/codec.h"

namespace aecomp {

Result<std::vector<ValidationRow>> Validate(std::shared_ptr<Model> model, const std::vector<const Image*>& images,
                                            const std::vector<int>& qualities) {
  Codec codec(std::move(model));
  std::vector<ValidationRow> rows;
  for (int quality : qualities) {
    ValidationRow row{quality};
    for (const Image* image : images) {
      AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, codec.Compress(*image, quality));
      AECOMP_ASSIGN_OR_RETURN(const Container container, ParseContainer(bytes, "validation"));
      AECOMP_ASSIGN_OR_RETURN(const Image restored, codec.Decompress(container, "validation"));
      const double pixels = static_cast<double>(image->width) * image->height;
      row.bpp += 8.0 * static_cast<double>(bytes.size()) / pixels / static_cast<double>(images.size());
      row.psnr += Psnr(*image, restored) / static_cast<double>(images.size());
    }
    rows.push_back(row);
  }
  return rows;
}

}  // namespace aecomp
