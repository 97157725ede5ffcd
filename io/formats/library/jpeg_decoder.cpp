// libjpeg reports errors by a call that must not return; here it jumps. A jump over a C++ object with a destructor is
// undefined, so the functions that call libjpeg after setjmp hold plain values only.
#include <csetjmp>
#include <cstdio>
// clang-format off: jpeglib.h needs what cstdio defines
#include <jpeglib.h>
// clang-format on

#include <algorithm>
#include <new>

#include "io/formats/jpeg.h"
#include "io/formats/library/decoders.h"
#include "io/memory.h"

namespace aecomp {
namespace {

using View = std::span<const uint8_t>;

// Encoders make about ten scans. Hundreds of empty ones take minutes to decode, the more the larger the picture is.
constexpr int kMaxScans = 200, kUsualScans = 20;
constexpr uint64_t kMaxScannedPixels = 1'000'000'000;  // beyond the usual scans

struct JpegState {
  jpeg_error_mgr errors;  // first: libjpeg gives a pointer to it
  jmp_buf jump;
  char failure[JMSG_LENGTH_MAX];  // the error
  char warning[JMSG_LENGTH_MAX];  // the first one
};

[[noreturn]] void OnError(j_common_ptr jpeg) {
  auto* state = reinterpret_cast<JpegState*>(jpeg->err);
  jpeg->err->format_message(jpeg, state->failure);
  std::longjmp(state->jump, 1);
}

void OnMessage(j_common_ptr jpeg, int level) {
  if (level >= 0) return;  // of interest to whoever debugs
  auto* state = reinterpret_cast<JpegState*>(jpeg->err);
  if (jpeg->err->num_warnings++ == 0) jpeg->err->format_message(jpeg, state->warning);
}

void OnOutput(j_common_ptr) {}

void OnProgress(j_common_ptr jpeg) {
  const auto* reader = reinterpret_cast<j_decompress_ptr>(jpeg);
  const uint64_t pixels = uint64_t{reader->image_width} * reader->image_height;
  const int most =
      std::clamp(static_cast<int>(kMaxScannedPixels / std::max<uint64_t>(1, pixels)), kUsualScans, kMaxScans);
  if (reader->input_scan_number <= most) return;
  auto* state = reinterpret_cast<JpegState*>(jpeg->err);
  std::snprintf(state->failure, sizeof state->failure, "it has more than %d scans", most);
  std::longjmp(state->jump, 1);
}

class JpegReader {
 public:
  JpegReader() {
    jpeg.err = jpeg_std_error(&state_.errors);
    state_.errors.error_exit = OnError;
    state_.errors.emit_message = OnMessage;
    state_.errors.output_message = OnOutput;
    progress_.progress_monitor = OnProgress;
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&jpeg); }

  const char* failure() const { return state_.failure; }
  const char* warning() const { return state_.warning; }

  bool ReadHeader(const uint8_t* bytes, size_t size) {
    if (setjmp(state_.jump) != 0) return false;
    jpeg_create_decompress(&jpeg);
    jpeg.progress = &progress_;
    jpeg_mem_src(&jpeg, bytes, size);
    jpeg_read_header(&jpeg, TRUE);
    return true;
  }

  /// Of a progressive file this reads all scans.
  bool Start(J_COLOR_SPACE colours) {
    if (setjmp(state_.jump) != 0) return false;
    jpeg.out_color_space = colours;
    jpeg_start_decompress(&jpeg);
    return true;
  }

  bool ReadRow(uint8_t* row) {
    if (setjmp(state_.jump) != 0) return false;
    return jpeg_read_scanlines(&jpeg, &row, 1) == 1;
  }

  bool Finish() {
    if (setjmp(state_.jump) != 0) return false;
    jpeg_finish_decompress(&jpeg);
    return true;
  }

  jpeg_decompress_struct jpeg = {};

 private:
  JpegState state_ = {};
  jpeg_progress_mgr progress_ = {};
};

/// Throws std::bad_alloc when it was that.
Status Failure(const JpegReader& reader, const std::string& name) {
  if (SaysOutOfMemory(reader.failure())) throw std::bad_alloc();
  return InputError(name + ": damaged JPEG image, or a kind that is not read: " + reader.failure() +
                    "; fetch it again or convert it to PNG");
}

/// The fewest bits that the blocks can have been coded in: Huffman codes have at least one bit, of which a block takes
/// one for its mean and, where it comes in a single pass, one for its end.
uint64_t FewestBits(const jpeg_decompress_struct& jpeg) {
  if (jpeg.arith_code) return 0;
  uint64_t blocks = 0;
  for (int i = 0; i < jpeg.num_components; ++i) {
    blocks += uint64_t{jpeg.comp_info[i].width_in_blocks} * jpeg.comp_info[i].height_in_blocks;
  }
  return jpeg.progressive_mode ? blocks : 2 * blocks;
}

/// What libjpeg does not warn of: scans that are not there at all.
bool LacksScans(const jpeg_decompress_struct& jpeg) {
  for (int i = 0; i < jpeg.num_components; ++i) {
    if (jpeg.comp_info[i].quant_table == nullptr) return true;
    for (int k = 0; jpeg.coef_bits != nullptr && k < DCTSIZE2; ++k) {
      if (jpeg.coef_bits[i][k] != 0) return true;  // bits that were to follow
    }
  }
  return false;
}

/// A row of four samples a pixel to one of three. Adobe's programs store 255 - ink, and all readers take any JPEG image
/// of four components so, whether it has Adobe's marker or not: ImageMagick, Pillow, OpenCV.
void ConvertCmykRow(const uint8_t* cmyk, int width, uint8_t* rgb) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const auto ink = [&](int i) { return uint32_t{255} - cmyk[i]; };
    for (int i = 0; i < 3; ++i) rgb[i] = static_cast<uint8_t>(CmykToRgb(ink(i), ink(3), 255));
  }
}

}  // namespace

Result<Image> DecodeJpeg(View bytes, const std::string& name, const DecodeOptions& options,
                         std::vector<std::string>* notes) {
  if (!JpegIsComplete(bytes)) return InputError(name + ": truncated JPEG image; fetch or make it again");
  JpegReader reader;
  jpeg_decompress_struct& jpeg = reader.jpeg;
  if (!reader.ReadHeader(bytes.data(), bytes.size())) return Failure(reader, name);
  const int stored = jpeg.num_components, channels = stored == 4 ? 3 : stored;
  if (stored != 1 && stored != 3 && stored != 4) {
    return InputError(name + ": a JPEG image of " + std::to_string(stored) + " components; convert it to PNG");
  }
  AECOMP_RETURN_IF_ERROR(
      CheckPixels(jpeg.image_width, jpeg.image_height, static_cast<uint64_t>(channels), bytes.size(), name, options));
  if (FewestBits(jpeg) / 8 > bytes.size()) {
    return InputError(name + ": truncated JPEG image: its pixels do not fit into so few bytes; fetch or make it again");
  }
  if (!reader.Start(stored == 1 ? JCS_GRAYSCALE : stored == 3 ? JCS_RGB : JCS_CMYK)) return Failure(reader, name);
  Image image(static_cast<int>(jpeg.image_width), static_cast<int>(jpeg.image_height), channels);
  std::vector<uint8_t> cmyk(stored == 4 ? size_t{4} * jpeg.image_width : 0);
  for (int y = 0; y < image.height; ++y) {
    if (!reader.ReadRow(stored == 4 ? cmyk.data() : image.Row(y))) return Failure(reader, name);
    if (stored == 4) ConvertCmykRow(cmyk.data(), image.width, image.Row(y));
  }
  const bool lacks_scans = LacksScans(jpeg);
  if (!reader.Finish()) return Failure(reader, name);
  if (stored == 4) AddNote(notes, "CMYK converted to RGB");
  if (reader.warning()[0] != 0) {
    AECOMP_RETURN_IF_ERROR(PassOverDamage(reader.warning(), name, options, notes));
  } else if (lacks_scans) {
    AECOMP_RETURN_IF_ERROR(PassOverDamage("scans of the JPEG image are missing", name, options, notes));
  }
  return image;
}

}  // namespace aecomp
