#include "train/run/image_record.h"

#include <nlohmann/json.hpp>
#include <span>

#include "io/hash.h"
#include "model/base/json_text.h"

namespace aecomp {
namespace {

using nlohmann::json;

/// Of all images as a set: the sum of their hashes.
std::string HashOf(const Dataset& images) {
  uint64_t sum = 0;
  for (size_t i = 0; i < images.size(); ++i) {
    const Image& image = images.image(i);
    const int shape[] = {image.width, image.height, image.channels, image.bits};
    const auto bytes = std::span(reinterpret_cast<const uint8_t*>(shape), sizeof shape);
    uint64_t hash = 0;
    for (const uint8_t byte : Hash128({bytes, image.pixels})) hash = hash * 257 + byte;
    sum += hash;
  }
  return std::to_string(sum);
}

std::string Count(size_t count) { return count == 1 ? "1 image" : std::to_string(count) + " images"; }

}  // namespace

std::string ImageRecord::ToJson() const {
  return JsonText(json{{"training", training},
                       {"held_out", held_out},
                       {"training_hash", training_hash},
                       {"held_out_hash", held_out_hash}});
}

ImageRecord RecordOf(const TrainingImages& images) {
  return {images.training.size(), images.validation.size(), HashOf(images.training), HashOf(images.validation)};
}

ImageChange CompareImages(const std::string& before, const ImageRecord& now, bool validated) {
  ImageChange change;
  const json j = json::parse(before, nullptr, /*allow_exceptions=*/false);
  const std::string anew = "; earlier results cannot be compared with theirs, so validation begins anew";
  try {
    if (j.at("training_hash") != now.training_hash) {
      change.notes.push_back("the training images are other ones than at the checkpoint: " + Count(now.training) +
                             ", " + Count(j.at("training").get<size_t>()) + " then; training goes on with these");
    }
    if (j.at("held_out_hash") == now.held_out_hash) return change;
    change.other_held_out = validated;
    if (validated)
      change.notes.push_back("the held-out images are other ones than at the checkpoint: " + Count(now.held_out) +
                             ", " + Count(j.at("held_out").get<size_t>()) + " then" + anew);
  } catch (const json::exception&) {  // no record
    change.other_held_out = validated;
    if (validated) change.notes.push_back("the checkpoint does not say which images were held out" + anew);
  }
  return change;
}

}  // namespace aecomp
