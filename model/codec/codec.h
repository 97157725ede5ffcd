// The one place where an Image meets a Container.
//
//   compress    Image -> ImageTransform::Analyse -> y -> LatentCoder::Encode -> streams of tiles -> Container -> bytes
//   decompress  Image <- ImageTransform::Synthesise <- y^ <- LatentCoder::Decode <- streams of tiles <- Container
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/container.h"
#include "io/image.h"
#include "io/region.h"
#include "io/status.h"
#include "model/base/tensor.h"
#include "model/codec/latent_coder.h"
#include "model/codec/latents.h"
#include "model/codec/model_file.h"
#include "model/codec/outliers.h"
#include "model/codec/sample_range.h"
#include "model/entropy/quality_map.h"

namespace aecomp {

enum class Precision { kInteger, kFloat };

/// What the encoder spends its bits on.
enum class Tuning {
  kPsnr,   ///< the least squared error: every error counts the same. Files are of version 1 of the format
  kVisual  ///< errors that eyes see: more bits where the image is smooth, fewer in texture
};

/// The latents of an image: all that a codec needs to code it at any quality.
struct AnalysedImage {
  ContainerHeader header;  ///< without a quality
  SampleRange range;       ///< of the samples
  Outliers outliers;       ///< samples outside of the range
  AlignedBuffer<float> y;  ///< before gain, with the padding of its tiles
  /// What was analysed, where a filter is to be fitted to it: it must live as long as Encode is called with this.
  const Image* picture = nullptr;
  /// As y: its symbols at one quality, where somebody else has chosen them; those of coarse channels do not count.
  /// Empty: Encode chooses. Not for models with a factorized prior.
  std::vector<int16_t> symbols;
};

/// Codes images with one model. Keeps compiled graphs between images of equal size. Not thread-safe: one a thread.
class Codec {
 public:
  /// precision: of the transforms' deep paths. Integers run several times as fast; the prior is always in integers.
  explicit Codec(std::shared_ptr<Model> model, Precision precision = Precision::kInteger);
  ~Codec();
  const Model& model() const;

  /// These prepare compressing an image of this size, some 10 ms of work each. They are for threads that would wait
  /// while the image is read; two threads may call one each at the same time. Any size is allowed; they fail where
  /// Compress would.
  Status PrepareAnalysis(int width, int height);
  Status PrepareCoding(int width, int height);

  /// image: 8 or 16 bits, 1 or 3 channels, any size from 1x1. quality: 0 .. architecture.max_quality(), in 1/16 steps.
  Result<std::vector<uint8_t>> Compress(const Image& image, int quality, CompressStats* stats = nullptr);

  /// The two halves of Compress, for several tries at one image: the analysis transform, which is the same for every
  /// quality, and all the rest. thrift: how much less than usual an error counts against bits; 1.5 saves about 3 % of
  /// the bits. image: of a codec of the same model.
  Result<AnalysedImage> Analyse(const Image& image);
  Result<std::vector<uint8_t>> Encode(const AnalysedImage& image, int quality, double thrift = 1,
                                      CompressStats* stats = nullptr);

  /// What Encode would choose at this quality, and from which means. kModel with a factorized prior.
  Result<LatentPrediction> Predict(const AnalysedImage& image, int quality);

  /// An exact file, or one in which no sample is farther than most_error from the image's, in steps of its depth: 0 ..
  /// kMaxResidualError. Made without the network, or, where errors may be so large that this can be cheaper, with it as
  /// the base. Needs ModelUse::kBoth there: see TriesBase.
  Result<std::vector<uint8_t>> CompressExactly(const Image& image, int most_error);
  static bool TriesBase(int most_error) { return most_error >= kLeastErrorOfBase; }

  /// How many qualities of a base are tried at most where a residual layer may stand upon one; 0: none. 1 until then.
  void SetBaseTries(int tries);
  int base_tries() const;
  /// Whether what the network makes of an image can be the base of a residual layer.
  bool CanBeBase() const;

  /// The same with a base of one quality, or with none.
  Result<std::vector<uint8_t>> CompressExactly(const Image& image, int most_error, std::optional<int> base_quality);

  /// Chunks of metadata that go into every file from now on.
  void SetExtraChunks(std::vector<ExtraChunk> chunks);

  /// Side of the tiles of every file from now on, in pixels: a power of two from kMinTileSize to kMaxTileSize. Small
  /// ones let regions be decoded with less work around them, large ones cost fewer bytes and more memory.
  void SetTileSize(uint32_t size);

  /// For every image that is analysed from now on; kPsnr until then. A factorized prior codes alike with both.
  void SetTuning(Tuning tuning);
  /// Sets the two parts of a tuning apart: the map of qualities (kPsnr: an empty one), and prediction in planes.
  void SetQualityMap(const QualityMap& map);
  void SetPlanar(bool planar);
  /// Whether a filter is fitted to every image that is analysed from now on, and goes into its file where that gains:
  /// see model/filter. Not until then. Without effect where the synthesis does not run in integers, with a factorized
  /// prior, and in files with a residual layer.
  void SetFilter(bool filter);

  /// container.header.model must be model().id, where the file has a network part. Fails with kCorrupt, never crashes,
  /// whatever the streams hold.
  Result<Image> Decompress(const Container& container, const std::string& name);

  /// What Decompress makes of a file that this codec has just written.
  Result<Image> DecompressOwn(std::span<const uint8_t> file);

  /// The same as Decompress for a part of the image: only the tiles that it depends on are decoded. Equal to that part
  /// of the whole (with Precision::kInteger). kUsage when it does not lie within the image.
  Result<Image> Decompress(const Container& container, const std::string& name, const Region& region);

  /// Takes the rows of a part of the image from top to bottom. row: of the band's first, in that part.
  using BandSink = std::function<Status(const Image& band, int64_t row)>;
  /// The same, in bands as high as a tile: memory is that of some rows of tiles, however high the image is.
  Status DecompressBands(const Container& container, const std::string& name, const Region& region,
                         const BandSink& sink);

 private:
  /// Runs it, and names the file in errors.
  Status Decoding(const Container& container, const std::string& name, const std::function<Status()>& decode);
  static constexpr int kLeastErrorOfBase = 4;  // below, the network costs more than it saves

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aecomp
