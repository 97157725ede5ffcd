#include "train/dataset.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <numeric>
#include <random>
#include <thread>

#include "io/image_io.h"
#include "io/opencv_api.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

/// 8-bit pixels with the wanted number of channels; alpha is ignored.
Image ToChannels(const Image& image, int channels) {
  Image result(image.width, image.height, channels);
  const size_t pixels = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  const size_t from = static_cast<size_t>(image.channels);
  const bool gray = image.channels < 3;
  for (size_t i = 0; i < pixels; ++i) {
    const uint8_t* p = image.pixels.data() + i * from;
    if (channels == 1) {
      result.pixels[i] = gray ? p[0] : static_cast<uint8_t>((299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000);
    } else {
      for (size_t c = 0; c < 3; ++c) result.pixels[3 * i + c] = gray ? p[0] : p[c];
    }
  }
  return result;
}

Image Crop(const Image& image, int x, int y, int size) {
  Image result(size, size, image.channels);
  const size_t row = Image::ByteSize(size, 1, image.channels, 8);
  for (int i = 0; i < size; ++i) std::memcpy(result.Row(i), image.Row(y + i) + x * image.channels, row);
  return result;
}

}  // namespace

uint64_t MixBits(uint64_t seed, uint64_t index) {
  uint64_t v = seed + (index + 1) * 0x9E3779B97F4A7C15ull;
  v = (v ^ (v >> 30)) * 0xBF58476D1CE4E5B9ull;
  v = (v ^ (v >> 27)) * 0x94D049BB133111EBull;
  return v ^ (v >> 31);
}

Result<std::vector<std::string>> ListImages(const std::vector<std::string>& folders) {
  std::vector<std::string> files;
  for (const std::string& folder : folders) {
    std::error_code error;
    if (!fs::is_directory(folder, error))
      return InputError(folder + ": not a folder that can be read; give a folder of images");
    fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end;
    for (; !error && it != end; it.increment(error)) {
      if (it->is_regular_file(error) && HasImageExtension(it->path())) files.push_back(it->path().string());
    }
    if (error) return InputError(folder + ": cannot be listed: " + error.message());
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

Result<Dataset> Dataset::Load(const std::vector<std::string>& files, int channels, int patch,
                              std::vector<std::string>* notes) {
  AECOMP_RETURN_IF_ERROR(LoadOpenCv().status());
  Dataset dataset;
  std::vector<Image> images(files.size());
  std::vector<std::string> problems(files.size());
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t i = 0; i < files.size(); ++i) {
    std::vector<std::string> ignored;
    auto image = ReadPlainImage(files[i], &ignored);
    if (!image.ok()) {
      problems[i] = "skipped " + image.status().message();
    } else if (std::min(image.value().width, image.value().height) < patch) {
      problems[i] = "skipped " + files[i] + ": " + std::to_string(image.value().width) + "x" +
                    std::to_string(image.value().height) + " is smaller than the patch of " + std::to_string(patch);
    } else {
      images[i] = ToChannels(image.value(), channels);
    }
  }
  double total = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    if (!problems[i].empty()) {
      notes->push_back(problems[i]);
      continue;
    }
    total += std::pow(static_cast<double>(images[i].width) * images[i].height, 0.7);
    dataset.cumulative_.push_back(total);
    dataset.images_.push_back(std::move(images[i]));
  }
  if (dataset.images_.empty()) {
    const std::string first = problems.empty() ? "" : ", " + problems.front();
    return InputError("no image to train on (" + std::to_string(files.size()) + " files found" + first +
                      "); give folders with images of at least " + std::to_string(patch) + "x" + std::to_string(patch) +
                      " pixels, or a smaller --patch");
  }
  return dataset;
}

void Dataset::Sample(uint64_t random, int patch, float* out) const {
  std::mt19937_64 generator(random);
  std::uniform_real_distribution<double> uniform(0, 1);
  const auto at = std::upper_bound(cumulative_.begin(), cumulative_.end(), uniform(generator) * cumulative_.back());
  const size_t index = std::min(static_cast<size_t>(at - cumulative_.begin()), images_.size() - 1);
  const Image& image = images_[index];
  const double scale = uniform(generator) < 0.5 ? 1 : 0.5 + 0.5 * uniform(generator);
  const int size = std::min({static_cast<int>(std::lround(patch / scale)), image.width, image.height});
  const int x = static_cast<int>(uniform(generator) * (image.width - size + 1));
  const int y = static_cast<int>(uniform(generator) * (image.height - size + 1));
  Image crop = Crop(image, x, y, size);
  if (size != patch) crop = LoadOpenCv().value()->resize(crop, patch, patch);
  const bool mirrored = uniform(generator) < 0.5;
  const int channels = image.channels;
  for (int i = 0; i < patch; ++i) {
    for (int j = 0; j < patch; ++j) {
      const uint8_t* from = crop.Row(i) + (mirrored ? patch - 1 - j : j) * channels;
      for (int c = 0; c < channels; ++c) *out++ = static_cast<float>(from[c]) * (1.f / 255.f);
    }
  }
}

struct BatchLoader::Impl {
  static constexpr int64_t kAhead = 4;
  const Dataset& dataset;
  int batch, patch, channels;
  double max_quality;
  uint64_t seed;
  std::array<Batch, kAhead + 1> ring;
  std::mutex mutex;
  std::condition_variable changed;
  int64_t made, taken;  // numbers of the next batch to make and to hand out
  bool stop = false;
  std::thread thread;

  void Make(int64_t number, Batch& b) const {
    const size_t image_size = static_cast<size_t>(patch) * static_cast<size_t>(patch) * static_cast<size_t>(channels);
    if (b.x.size() == 0) b.x = AlignedBuffer<float>(image_size * static_cast<size_t>(batch));
    b.quality.resize(static_cast<size_t>(batch));
    for (int n = 0; n < batch; ++n) {
      const uint64_t index = static_cast<uint64_t>(number) * 65536 + static_cast<uint64_t>(n);
      dataset.Sample(MixBits(seed, index), patch, b.x.data() + image_size * static_cast<size_t>(n));
      // Stratified over the batch, so that every step sees low and high rates.
      const double u = static_cast<double>(MixBits(~seed, index) >> 11) * 0x1p-53;
      b.quality[static_cast<size_t>(n)] = static_cast<float>((n + u) / batch * max_quality);
    }
  }

  void Run() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return stop || made < taken + kAhead; });
      if (stop) return;
      const int64_t number = made;
      lock.unlock();
      Make(number, ring[static_cast<size_t>(number % (kAhead + 1))]);
      lock.lock();
      ++made;
      changed.notify_all();
    }
  }
};

BatchLoader::BatchLoader(const Dataset& dataset, int batch, int patch, int channels, double max_quality, uint64_t seed,
                         int64_t first)
    : impl_(new Impl{dataset, batch, patch, channels, max_quality, seed, {}, {}, {}, first, first, false, {}}) {
  impl_->thread = std::thread([this] { impl_->Run(); });
}

BatchLoader::~BatchLoader() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stop = true;
  }
  impl_->changed.notify_all();
  impl_->thread.join();
}

const Batch& BatchLoader::Next() {
  std::unique_lock lock(impl_->mutex);
  // The slot handed out last time may be filled again from now on: the ring is one longer than the look-ahead.
  impl_->changed.wait(lock, [&] { return impl_->made > impl_->taken; });
  const Batch& batch = impl_->ring[static_cast<size_t>(impl_->taken % (Impl::kAhead + 1))];
  ++impl_->taken;
  impl_->changed.notify_all();
  return batch;
}

}  // namespace aecomp
