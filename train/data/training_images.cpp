#include "train/data/training_images.h"

#include <algorithm>
#include <set>

namespace aecomp {
namespace {

constexpr size_t kHoldOutFrom = 8, kHeldOutOneIn = 10, kFewestHeldOut = 2, kMostHeldOut = 12;
constexpr int64_t kValidationPixels = 512 * 512;
/// Of a large image at least so many pixels are kept. When memory is too short for that, images are left out.
constexpr int64_t kFewestPixels = 512 * 512;

bool ByHash(const std::string& a, const std::string& b) { return HashName(a) < HashName(b); }

/// Keeps the files that memory has room for. Returns how many pixels of each may be kept; 0: all.
int64_t FitIntoMemory(int64_t memory, int channels, std::vector<std::string>& files, const Say& say) {
  if (memory <= 0 || files.empty()) return 0;
  const int64_t pixels = memory / channels;
  const size_t most = static_cast<size_t>(std::max<int64_t>(pixels / kFewestPixels, 1));
  if (files.size() > most) {
    say("memory holds parts of " + std::to_string(most) + " of the " + std::to_string(files.size()) +
        " images; the others are left out");
    std::sort(files.begin(), files.end(), ByHash);
    files.resize(most);
    std::sort(files.begin(), files.end());
  }
  return pixels / std::ssize(files);
}

Result<Dataset> HoldOut(const TrainOptions& options, int channels, Dataset& training, std::vector<std::string>* notes) {
  if (const std::string& folder = options.validation_folder; !folder.empty()) {
    AECOMP_ASSIGN_OR_RETURN(std::vector<std::string> files, ListImages({folder}));
    std::sort(files.begin(), files.end(), ByHash);
    files.resize(std::min(files.size(), kMostHeldOut));
    auto loaded = Dataset::Load(files, {channels, 1, kValidationPixels, options.decode}, notes);
    if (loaded.ok()) return loaded;
    return InputError(folder + ": no image to validate on; give a folder of images with --val");
  }
  if (training.size() < kHoldOutFrom) return Dataset();
  std::vector<std::string> names;
  for (size_t i = 0; i < training.size(); ++i) names.push_back(training.name(i));
  std::sort(names.begin(), names.end(), ByHash);
  names.resize(std::clamp(names.size() / kHeldOutOneIn, kFewestHeldOut, kMostHeldOut));
  const std::set<std::string> chosen(names.begin(), names.end());
  Dataset held_out = training.Take([&](size_t i) { return chosen.contains(training.name(i)); });
  held_out.Shrink(kValidationPixels);
  return held_out;
}

}  // namespace

std::vector<ValidationImage> TrainingImages::ForValidation() const {
  std::vector<ValidationImage> images;
  for (size_t i = 0; i < validation.size(); ++i) {
    const Image* clean = &validation.image(i);
    images.push_back({noisy.empty() ? clean : &noisy[i], clean});
  }
  return images;
}

Result<TrainingImages> LoadTrainingImages(const TrainOptions& options, int channels, int smallest, const Say& say) {
  TrainingImages images;
  size_t others = 0;
  AECOMP_ASSIGN_OR_RETURN(std::vector<std::string> files, ListImages(options.folders, &others));
  std::vector<std::string> notes;
  const int64_t most_pixels = FitIntoMemory(options.image_memory, channels, files, say);
  auto training = Dataset::Load(files, {channels, smallest, most_pixels, options.decode}, &notes);
  if (!training.ok()) {
    return Status(training.status().code(), options.folders.front() + ": " + training.status().message());
  }
  images.training = std::move(training).value();
  AECOMP_ASSIGN_OR_RETURN(images.validation, HoldOut(options, channels, images.training, &notes));
  if (options.noise > 0) {
    images.training.set_noise(options.noise);
    for (size_t i = 0; i < images.validation.size(); ++i) {
      const uint64_t seed = HashName(images.validation.name(i));
      images.noisy.push_back(WithNoise(images.validation.image(i), options.noise, seed));
    }
  }
  for (const std::string& note : notes) say(note);
  std::string summary = std::to_string(images.training.size()) + " images to train on, " +
                        std::to_string(images.validation.size()) + " held out";
  if (!notes.empty()) summary += ", " + std::to_string(notes.size()) + " skipped";
  if (others > 0) summary += ", " + std::to_string(others) + " files of other kinds passed over";
  say(summary);
  if (images.validation.size() == 0) {
    say("too few images to hold some out: training goes on to its end and keeps the last model; name others with "
        "--val");
  }
  return images;
}

Status DropSmall(TrainingImages& images, int patch, const Say& say) {
  const auto is_small = [&](size_t i) {
    const Image& image = images.training.image(i);
    return std::min(image.width, image.height) < patch;
  };
  const Dataset small = images.training.Take(is_small);
  for (size_t i = 0; i < small.size(); ++i) {
    say("skipped " + small.name(i) + ": smaller than the crops of " + std::to_string(patch) + " pixels");
  }
  if (images.training.size() > 0) return {};
  return InputError("no image holds a crop of " + std::to_string(patch) + "x" + std::to_string(patch) +
                    " pixels; give larger images or a smaller --patch");
}

}  // namespace aecomp
