#include "train/data/dataset.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <limits>
#include <mutex>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include "io/convert.h"
#include "io/file.h"
#include "io/formats/image_io.h"
#include "io/formats/opencv_api.h"
#include "io/region.h"
#include "model/base/parallel_tasks.h"
#include "model/codec/outliers.h"
#include "train/random_bits.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

/// Without alpha, with the wanted number of channels.
template <class Sample>
Image ToChannels(const Image& image, int channels) {
  Image result(image.width, image.height, channels, image.bits);
  const size_t pixels = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  const size_t from = static_cast<size_t>(image.channels);
  const bool gray = image.channels < 3;
  const auto* source = reinterpret_cast<const Sample*>(image.pixels.data());
  auto* target = reinterpret_cast<Sample*>(result.pixels.data());
  for (size_t i = 0; i < pixels; ++i) {
    const Sample* p = source + i * from;
    if (channels == 1) {
      target[i] = gray ? p[0] : static_cast<Sample>((299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000);
    } else {
      for (size_t c = 0; c < 3; ++c) target[3 * i + c] = gray ? p[0] : p[c];
    }
  }
  return result;
}

/// 16 bits: the lowest sample becomes 0, the highest 65535, but for outliers, which are left out. Done before channels
/// are changed and windows cut, on what the codec would see.
void SpreadRange(Image& image) {
  if (image.bits != 16) return;
  const SampleRange seen = ChooseRange(image);
  if (!FindOutliers(image, seen).empty()) image = WithoutOutliers(image, seen);
  auto* samples = reinterpret_cast<uint16_t*>(image.pixels.data());
  const auto lowest = static_cast<uint32_t>(seen.low), range = static_cast<uint32_t>(seen.high - seen.low);
  for (size_t i = 0; i < image.pixels.size() / 2; ++i) {
    samples[i] = static_cast<uint16_t>(((samples[i] - lowest) * 65535u + range / 2) / range);
  }
}

/// The whole image, or a window of at most `most` pixels that is as square as the image allows.
Image Window(Image image, int64_t most, const std::string& name) {
  if (most <= 0 || int64_t{image.width} * image.height <= most) return image;
  const double pixels = static_cast<double>(most);
  const int shorter = std::max(1, std::min({static_cast<int>(std::sqrt(pixels)), image.width, image.height}));
  const auto longer = [&](int size) { return std::clamp(static_cast<int>(pixels / shorter), 1, size); };
  const bool wide = image.width > image.height;
  const int width = wide ? longer(image.width) : shorter, height = wide ? shorter : longer(image.height);
  const uint64_t random = HashName(name);
  const auto at = [](uint64_t bits, int room) { return static_cast<int>(bits % static_cast<uint64_t>(room + 1)); };
  return Crop(image, {at(random, image.width - width), at(random >> 32, image.height - height), width, height});
}

Result<Image> LoadImage(const std::string& file, const LoadOptions& options) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, ReadFile(file, {.is_known = LooksLikeImage}));
  AECOMP_ASSIGN_OR_RETURN(Image image, DecodeImage(bytes, file, nullptr, nullptr, options.decode));
  if (std::min(image.width, image.height) < options.smallest) {
    return InputError(file + ": " + std::to_string(image.width) + "x" + std::to_string(image.height) +
                      " is smaller than the crop of " + std::to_string(options.smallest));
  }
  if (HasAlpha(image)) image = WithoutAlpha(std::move(image));
  SpreadRange(image);
  image = Window(std::move(image), options.most_pixels * 8 / image.bits, file);
  if (image.channels == options.channels) return image;
  return image.bits == 16 ? ToChannels<uint16_t>(image, options.channels)
                          : ToChannels<uint8_t>(image, options.channels);
}

/// Standard normal, of a counter (Box and Muller 1958).
float Gaussian(uint64_t seed, uint64_t index) {
  const uint64_t bits = MixBits(seed, index);
  const double u = (static_cast<double>(bits >> 32) + 0.5) * 0x1p-32,
               v = static_cast<double>(bits & 0xFFFFFFFF) * 0x1p-32;
  return static_cast<float>(std::sqrt(-2 * std::log(u)) * std::cos(2 * M_PI * v));
}

template <class Sample>
void ReadSamples(const Image& image, int x, int y, int w, int h, float scale, float* out) {
  const int c = image.channels;
  for (int i = 0; i < h; ++i) {
    const auto* row = reinterpret_cast<const Sample*>(image.Row(y + i)) + x * c;
    for (int k = 0; k < w * c; ++k) *out++ = static_cast<float>(row[k]) * scale;
  }
}

template <class Sample>
void AddNoise(Image& image, double sigma, uint64_t seed) {
  const float most = std::numeric_limits<Sample>::max(), scale = static_cast<float>(sigma / 255) * most;
  auto* samples = reinterpret_cast<Sample*>(image.pixels.data());
  for (size_t i = 0; i < image.pixels.size() / sizeof(Sample); ++i) {
    const float v = static_cast<float>(samples[i]) + scale * Gaussian(seed, i);
    samples[i] = static_cast<Sample>(std::lrint(std::clamp(v, 0.f, most)));
  }
}

}  // namespace

uint64_t HashName(const std::string& path) {
  uint64_t h = 1469598103934665603ull;  // FNV-1a
  for (unsigned char c : path.substr(path.find_last_of('/') + 1)) h = (h ^ c) * 1099511628211ull;
  return MixBits(h, 0);
}

void ReadPixels(const Image& image, int x, int y, int w, int h, float* out) {
  image.bits == 16 ? ReadSamples<uint16_t>(image, x, y, w, h, 1.f / 65535, out)
                   : ReadSamples<uint8_t>(image, x, y, w, h, 1.f / 255, out);
}

Image WithNoise(const Image& image, double sigma, uint64_t seed) {
  Image noisy = image.Clone();
  image.bits == 16 ? AddNoise<uint16_t>(noisy, sigma, seed) : AddNoise<uint8_t>(noisy, sigma, seed);
  return noisy;
}

Result<std::vector<std::string>> ListImages(const std::vector<std::string>& folders, size_t* others) {
  std::vector<std::string> files;
  if (others != nullptr) *others = 0;
  for (const std::string& folder : folders) {
    std::error_code error;
    if (!fs::is_directory(folder, error))
      return InputError(folder + ": not a folder that can be read; give a folder of images");
    fs::recursive_directory_iterator it(folder, error), end;
    for (; !error && it != end; it.increment(error)) {
      std::error_code vanished;  // a file that vanishes meanwhile is none
      if (!it->is_regular_file(vanished)) continue;
      if (HasImageExtension(it->path())) {
        files.push_back(it->path().string());
      } else if (others != nullptr) {
        ++*others;
      }
    }
    if (error) {
      return InputError(folder + ": cannot be searched, or a folder below it: " + error.message() +
                        "; check the permissions, or name the folders that are to be searched");
    }
  }
  std::sort(files.begin(), files.end());
  std::set<fs::path> seen;  // a folder may be given twice, or beside one that it lies in
  std::erase_if(files, [&](const std::string& file) {
    std::error_code error;
    const fs::path canonical = fs::canonical(file, error);
    return !seen.insert(error ? fs::path(file) : canonical).second;
  });
  return files;
}

Result<Dataset> Dataset::Load(const std::vector<std::string>& files, const LoadOptions& options,
                              std::vector<std::string>* notes) {
  AECOMP_RETURN_IF_ERROR(LoadOpenCv().status());
  Dataset dataset;
  std::vector<Image> images(files.size());
  std::vector<std::string> problems(files.size());
  const auto load = [&](size_t i) -> Status {
    auto image = LoadImage(files[i], options);
    if (image.ok()) {
      images[i] = std::move(image).value();
    } else {
      problems[i] = "skipped " + image.status().message();
    }
    return {};
  };
  AECOMP_RETURN_IF_ERROR(ParallelTasks(files.size(), load));
  for (size_t i = 0; i < files.size(); ++i) {
    if (!problems[i].empty()) {
      notes->push_back(problems[i]);
      continue;
    }
    dataset.images_.push_back(std::move(images[i]));
    dataset.names_.push_back(files[i]);
  }
  if (dataset.images_.empty()) {
    const std::string first = problems.empty() ? "" : ", " + problems.front();
    return InputError("no image to train on (" + std::to_string(files.size()) + " files found" + first +
                      "); give folders with images of at least " + std::to_string(options.smallest) + "x" +
                      std::to_string(options.smallest) + " pixels");
  }
  dataset.CountAreas();
  return dataset;
}

void Dataset::CountAreas() {
  double total = 0;
  cumulative_.clear();
  for (const Image& image : images_) {
    total += std::pow(static_cast<double>(image.width) * image.height, 0.7);
    cumulative_.push_back(total);
  }
}

Dataset Dataset::Take(const std::function<bool(size_t)>& wanted) {
  Dataset taken, kept;
  for (size_t i = 0; i < images_.size(); ++i) {
    Dataset& to = wanted(i) ? taken : kept;
    to.images_.push_back(std::move(images_[i])), to.names_.push_back(std::move(names_[i]));
  }
  taken.noise_ = kept.noise_ = noise_;
  taken.CountAreas(), kept.CountAreas();
  *this = std::move(kept);
  return taken;
}

void Dataset::Shrink(int64_t most_pixels) {
  for (size_t i = 0; i < images_.size(); ++i) images_[i] = Window(std::move(images_[i]), most_pixels, names_[i]);
  CountAreas();
}

void Dataset::Sample(uint64_t random, int patch, float* out, float* clean) const {
  std::mt19937_64 generator(random);
  std::uniform_real_distribution<double> uniform(0, 1);
  const auto at = std::upper_bound(cumulative_.begin(), cumulative_.end(), uniform(generator) * cumulative_.back());
  const size_t index = std::min(static_cast<size_t>(at - cumulative_.begin()), images_.size() - 1);
  const Image& image = images_[index];
  const double scale = uniform(generator) < 1 - reduced_ ? 1 : 0.5 + 0.5 * uniform(generator);
  const int size = std::min({static_cast<int>(std::lround(patch / scale)), image.width, image.height});
  const int x = static_cast<int>(uniform(generator) * (image.width - size + 1));
  const int y = static_cast<int>(uniform(generator) * (image.height - size + 1));
  Image crop = Crop(image, {x, y, size, size});
  if (size != patch) crop = LoadOpenCv().value()->resize(crop, patch, patch);
  const size_t channels = static_cast<size_t>(image.channels), row = static_cast<size_t>(patch) * channels;
  ReadPixels(crop, 0, 0, patch, patch, out);
  if (uniform(generator) < 0.5) {  // mirrored
    for (float* line = out; line < out + static_cast<size_t>(patch) * row; line += row) {
      for (size_t a = 0, b = row - channels; a < b; a += channels, b -= channels) {
        std::swap_ranges(line + a, line + a + channels, line + b);
      }
    }
  }
  const size_t samples = static_cast<size_t>(patch) * row;
  if (clean != nullptr) std::copy_n(out, samples, clean);
  if (noise_ <= 0) return;
  const float sigma = static_cast<float>(noise_ / 255);
  for (size_t i = 0; i < samples; ++i) out[i] = std::clamp(out[i] + sigma * Gaussian(~random, i), 0.f, 1.f);
}

struct BatchLoader::Impl {
  static constexpr int64_t kAhead = 4;
  const Dataset& dataset;
  int batch, patch, channels;
  double max_quality;
  uint64_t seed;
  BatchShare share;
  std::array<Batch, kAhead + 1> ring;
  std::mutex mutex;
  std::condition_variable changed;
  int64_t made, taken;  // numbers of the next batch to make and to hand out
  const Batch* last = nullptr;
  bool stop = false;
  std::thread thread;

  void Make(int64_t number, Batch& b) const {
    const size_t image_size = static_cast<size_t>(patch) * static_cast<size_t>(patch) * static_cast<size_t>(channels);
    if (b.x.size() == 0) b.x = AlignedBuffer<float>(image_size * static_cast<size_t>(batch));
    const bool noisy = dataset.noise() > 0;
    if (noisy && b.clean.size() == 0) b.clean = AlignedBuffer<float>(image_size * static_cast<size_t>(batch));
    b.quality.resize(static_cast<size_t>(batch));
    for (int n = 0; n < batch; ++n) {
      const int place = share.rank * batch + n;  // in the whole batch
      const uint64_t index = static_cast<uint64_t>(number) * 65536 + static_cast<uint64_t>(place);
      const size_t at = image_size * static_cast<size_t>(n);
      dataset.Sample(MixBits(seed, index), patch, b.x.data() + at, noisy ? b.clean.data() + at : nullptr);
      // Stratified over the batch, so that every step sees low and high rates.
      const double u = static_cast<double>(MixBits(~seed, index) >> 11) * 0x1p-53;
      b.quality[static_cast<size_t>(n)] = static_cast<float>((place + u) / (batch * share.ranks) * max_quality);
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
                         int64_t first, BatchShare share)
    : impl_(new Impl{
          dataset, batch, patch, channels, max_quality, seed, share, {}, {}, {}, first, first, nullptr, false, {}}) {
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
  impl_->last = &impl_->ring[static_cast<size_t>(impl_->taken % (Impl::kAhead + 1))];
  ++impl_->taken;
  impl_->changed.notify_all();
  return *impl_->last;
}

const Batch* BatchLoader::Last() const { return impl_->last; }

}  // namespace aecomp
