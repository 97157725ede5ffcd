#include "train/training_images.h"

#include <algorithm>

namespace aecomp {
namespace {

constexpr int kValidationImages = 12;
constexpr int kHeldOutOneIn = 20;

uint64_t HashName(const std::string& name) {
  uint64_t h = 1469598103934665603ull;  // FNV-1a
  for (unsigned char c : name) h = (h ^ c) * 1099511628211ull;
  return MixBits(h, 0);
}

std::string FileName(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

}  // namespace

Result<TrainingImages> LoadTrainingImages(const TrainOptions& options, int channels,
                                          const std::function<void(const std::string&)>& say) {
  TrainingImages images;
  AECOMP_ASSIGN_OR_RETURN(std::vector<std::string> files, ListImages(options.folders));
  std::vector<std::string> held_out, notes;
  if (!options.validation_folder.empty()) {
    AECOMP_ASSIGN_OR_RETURN(held_out, ListImages({options.validation_folder}));
  } else if (files.size() >= kHeldOutOneIn) {
    const auto is_held_out = [](const std::string& f) { return HashName(FileName(f)) % kHeldOutOneIn == 0; };
    const auto middle =
        std::stable_partition(files.begin(), files.end(), [&](const auto& f) { return !is_held_out(f); });
    held_out.assign(middle, files.end());
    files.erase(middle, files.end());
  }
  auto training = Dataset::Load(files, channels, options.patch, &notes);
  if (!training.ok()) {
    return Status(training.status().code(), options.folders.front() + ": " + training.status().message());
  }
  images.training = std::move(training).value();
  if (!held_out.empty()) {  // the images that come first by hash of their names: the same ones in every run
    std::sort(held_out.begin(), held_out.end(),
              [](const auto& a, const auto& b) { return HashName(FileName(a)) < HashName(FileName(b)); });
    held_out.resize(std::min<size_t>(held_out.size(), kValidationImages));
    auto loaded = Dataset::Load(held_out, channels, 1, &notes);
    if (loaded.ok()) images.validation = std::move(loaded).value();
  }
  for (const std::string& note : notes) say(note);
  say(std::to_string(images.training.size()) + " images to train on, " + std::to_string(images.validation.size()) +
      " held out");
  return images;
}

}  // namespace aecomp
