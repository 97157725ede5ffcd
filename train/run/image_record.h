// What a checkpoint remembers of a run's images, so that a run is not resumed with others in silence: figures of the
// held-out images mean nothing beside figures of other ones.
#pragma once

#include <string>
#include <vector>

#include "train/data/training_images.h"

namespace aecomp {

struct ImageRecord {
  size_t training = 0, held_out = 0;         ///< how many
  std::string training_hash, held_out_hash;  ///< of their pixels, whatever their order and names

  std::string ToJson() const;
};

ImageRecord RecordOf(const TrainingImages& images);

struct ImageChange {
  std::vector<std::string> notes;  ///< for the user
  bool other_held_out = false;     ///< earlier validations cannot be compared with those that follow
};

/// before: ToJson of the checkpoint's record; empty or damaged: the images may be others. validated: the checkpoint
/// holds results of validations.
ImageChange CompareImages(const std::string& before, const ImageRecord& now, bool validated);

}  // namespace aecomp
