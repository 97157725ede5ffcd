// libaecomp: the codec as a library. Compresses pixels to the bytes of an .aec file and restores them.
//
//   libaecomp::Codec codec;
//   libaecomp::Status status = codec.Open();                                  // the built-in model, all cores
//   if (status.ok()) status = codec.Compress({width, height, 3, 8, rgb}, {}, &bytes);
//   if (status.ok()) status = codec.Decompress(bytes.data(), bytes.size(), &image);
//   if (!status.ok()) std::fprintf(stderr, "%s\n", status.message.c_str());
//
// Needs C++17 and nothing but the standard library. Nothing throws: errors are values, and on an error the outputs are
// left as they were. Not covered: image file formats and metadata (ICC, EXIF, XMP), which the program aecomp handles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#if defined(__GNUC__)
#define LIBAECOMP_API __attribute__((visibility("default")))
#else
#define LIBAECOMP_API
#endif

namespace libaecomp {

enum class StatusCode : int {
  kOk = 0,
  kInvalidArgument,  ///< a null pointer, an impossible size, a quality outside 0..100, a codec that is not open
  kUnsupported,      ///< pixels or a file that are well-formed, but that this version cannot code
  kOutOfReach,       ///< no quality gives a file of at most target_bytes
  kCorrupt,          ///< not an .aec file, or a damaged one
  kModel,            ///< the model is missing, broken or not the one that the file names
  kOutOfMemory,
  kInternal  ///< a failure of the library
};

/// Whether a call succeeded and, if not, what is wrong and what to do about it: one line of text.
struct [[nodiscard]] Status {
  StatusCode code = StatusCode::kOk;
  std::string message;

  bool ok() const { return code == StatusCode::kOk; }
};

/// Pixels in memory of the caller's: rows from top to bottom, samples of a pixel side by side.
struct ImageView {
  int width = 0;
  int height = 0;
  int channels = 3;            ///< 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA
  int bits = 8;                ///< of a sample: 8 (uint8_t) or 16 (uint16_t in the byte order of the machine)
  const void* data = nullptr;  ///< the first sample of the first row
  std::ptrdiff_t stride = 0;   ///< bytes from one row to the next, may be negative; 0: no gap between rows
};

/// Pixels that own their memory, without gaps between rows.
struct Image {
  int width = 0;
  int height = 0;
  int channels = 3;
  int bits = 8;
  std::vector<std::uint8_t> samples;  ///< [height, width, channels] samples of bits / 8 bytes

  ImageView View() const { return {width, height, channels, bits, samples.data(), 0}; }
};

/// What an .aec file says of itself.
struct Header {
  int width = 0;
  int height = 0;
  int channels = 0;  ///< of colour: 1 or 3; alpha, which is no part of the header, adds one
  int bits = 0;
  std::string model_id;  ///< 16 hexadecimal digits; decoding needs the model with this id. Zeros: any model will do
};

struct OpenOptions {
  std::string model_file;  ///< empty: the model that is built into the library
  int threads = 0;         ///< 0: as many as there are cores. Never changes the bytes or the pixels.
};

/// What bits are spent on.
enum class Tune : int {
  kVisual,  ///< what eyes see: errors count more where the image is smooth
  kPsnr     ///< the least squared error
};

struct CompressOptions {
  /// 0 (smallest) .. 100 (best); 75 shows no artefact at arm's length. Pictures of flat areas are kept without loss
  /// where that takes at most a quarter more bytes, or nearly so where that takes fewer.
  double quality = 75;
  std::uint64_t target_bytes = 0;  ///< if not 0: the best file that is not larger, instead of a quality
  Tune tune = Tune::kVisual;
  int max_error = -1;  ///< if not negative: no sample differs by more than this, instead of a quality; 0: lossless
};

/// Codes images with one model. Keeps what was prepared for one size of image, so that more of the same size are
/// faster. May be used by any thread, but by one at a time; several threads take one codec each.
class LIBAECOMP_API Codec {
 public:
  Codec();
  ~Codec();
  Codec(Codec&&) noexcept;
  Codec& operator=(Codec&&) noexcept;

  /// Loads the model; may be called again for another one.
  Status Open(const OpenOptions& options = {});
  /// The id of the model, as in Header::model_id; empty when no model was opened.
  std::string model_id() const;

  /// From 1x1 pixel up to 2^20 pixels a side and 2^30 in all. Alpha is kept losslessly, 16 bits stay 16; a picture
  /// whose alpha is at its maximum everywhere comes back without it.
  Status Compress(const ImageView& image, const CompressOptions& options, std::vector<std::uint8_t>* bytes);

  /// Whatever the bytes are, it ends with an image or an error. The pixels take as much memory as the header says:
  /// ReadHeader tells before.
  Status Decompress(const void* bytes, std::size_t size, Image* image);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The header of an .aec file. Needs no model and not all of the file: its first 64 bytes are enough.
LIBAECOMP_API Status ReadHeader(const void* bytes, std::size_t size, Header* header);

/// Of the library, such as "0.1.0".
LIBAECOMP_API const char* Version();

}  // namespace libaecomp
