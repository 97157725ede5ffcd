// Reading the first image takes one thread. Meanwhile another one loads the model; then both prepare the codec.
#pragma once

#include <cstdint>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "app/batch/batch.h"
#include "io/formats/png.h"
#include "io/status.h"
#include "model/codec/codec.h"

namespace aecomp {

class PrepareAhead {
 public:
  /// size: of the image that is going to be read, where the file begins with it, as PNG does. Without a size only the
  /// model is loaded. The other thread is started only for the first image of a worker, and only where the run has two
  /// threads.
  PrepareAhead(std::optional<PngSize> size, uint32_t tile_size, Worker& worker);

  /// Call it when the image has been read: helps with the rest and waits for the other thread. Returns the worker's
  /// codec, or the reason why there is none.
  Result<Codec*> Finish();

 private:
  void Run();
  Codec* Load();
  void Prepare(Status (Codec::*part)(int, int), std::once_flag& once);

  const std::optional<PngSize> size_;
  const uint32_t tile_size_;
  Worker& worker_;
  std::promise<Codec*> loaded_;
  const std::shared_future<Codec*> codec_ = loaded_.get_future().share();
  std::once_flag analysis_, coding_;
  std::jthread thread_;
};

}  // namespace aecomp
