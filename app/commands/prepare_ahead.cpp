#include "app/commands/prepare_ahead.h"

#include <algorithm>
#include <exception>
#include <system_error>

#include "app/options.h"
#include "model/base/alone_scope.h"

namespace aecomp {

PrepareAhead::PrepareAhead(std::optional<PngSize> size, uint32_t tile_size, Worker& worker)
    : size_(size), tile_size_(tile_size), worker_(worker) {
  if (!worker.models.empty() || worker.shares.threads() < 2) return;
  try {
    thread_ = std::jthread([this] { Run(); });
  } catch (const std::system_error&) {  // no further thread may be started: the image is read first
  }
}

void PrepareAhead::Run() {
  UseThreads(std::max(1, worker_.shares.threads() - 1));
  loaded_.set_value(Load());
  Prepare(&Codec::PrepareAnalysis, analysis_);
  Prepare(&Codec::PrepareCoding, coding_);
}

Result<Codec*> PrepareAhead::Finish() {
  if (thread_.joinable()) {
    Prepare(&Codec::PrepareCoding, coding_);
    thread_.join();
  }
  return worker_.models.Get();
}

/// Null where the codec cannot be made or need not be prepared. An error is met again in Finish.
Codec* PrepareAhead::Load() {
  try {
    auto codec = worker_.models.Get();
    if (!codec.ok() || !size_) return nullptr;
    codec.value()->SetTileSize(tile_size_);
    return codec.value();
  } catch (const std::exception&) {
    return nullptr;
  }
}

/// For as many threads as will compress the image, but by this one alone. An error is met again when it compresses.
void PrepareAhead::Prepare(Status (Codec::*part)(int, int), std::once_flag& once) {
  Codec* const codec = codec_.get();
  if (codec == nullptr) return;
  const AloneScope alone(worker_.shares.ThreadsFor(int64_t{size_->width} * size_->height));
  try {
    std::call_once(once, [&] { (void)(codec->*part)(size_->width, size_->height); });
  } catch (const std::exception&) {  // too little memory
  }
}

}  // namespace aecomp
