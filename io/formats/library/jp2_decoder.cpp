// JPEG 2000 (ISO/IEC 15444-1) through OpenJPEG: JP2 files and bare codestreams.
#include <algorithm>
#include <cstring>
#include <new>
#include <optional>

#include "io/formats/icc.h"
#include "io/formats/jp2_boxes.h"
#include "io/formats/library/decoders.h"
#include "io/formats/library/jp2_stream.h"
#include "io/memory.h"

namespace aecomp {
namespace {

using View = std::span<const uint8_t>;

constexpr uint32_t kMaxSide = 1 << 20;

uint32_t U16(View b, size_t at) { return uint32_t{b[at]} << 8 | b[at + 1]; }
uint32_t U32(View b, size_t at) { return U16(b, at) << 16 | U16(b, at + 2); }

Status NotRead(const std::string& name, const std::string& what) {
  return InputError(name + ": a JPEG 2000 image " + what + "; convert it to PNG");
}

/// Throws std::bad_alloc when it was that.
Status Damaged(const std::string& name, const std::string& what) {
  if (SaysOutOfMemory(what)) throw std::bad_alloc();
  return InputError(name + ": truncated or damaged JPEG 2000 image" + (what.empty() ? "" : ": " + what) +
                    "; fetch or make it again");
}

/// The size marker of a codestream (A.5.1), which follows its first marker.
struct CodeSize {
  uint64_t width = 0, height = 0, tiles = 0;
  uint32_t components = 0;
};

/// Where the file's codestream begins, and what follows; empty where there is none.
View FindCodestream(View file) {
  static constexpr uint8_t kMarkers[] = {0xff, 0x4f, 0xff, 0x51};
  const auto found = std::search(file.begin(), file.end(), std::begin(kMarkers), std::end(kMarkers));
  return file.subspan(static_cast<size_t>(found - file.begin()));
}

std::optional<CodeSize> ReadCodeSize(View codestream) {
  if (codestream.size() < 42) return std::nullopt;
  const View size = codestream.subspan(4);
  const uint64_t right = U32(size, 4), bottom = U32(size, 8), left = U32(size, 12), top = U32(size, 16);
  const uint64_t tile_width = U32(size, 20), tile_height = U32(size, 24), tile_left = U32(size, 28),
                 tile_top = U32(size, 32);
  if (right <= left || bottom <= top || tile_width == 0 || tile_height == 0 || tile_left > left || tile_top > top) {
    return std::nullopt;
  }
  const auto tiles = [](uint64_t from, uint64_t to, uint64_t step) { return (to - from + step - 1) / step; };
  return CodeSize{right - left, bottom - top,
                  tiles(tile_left, right, tile_width) * tiles(tile_top, bottom, tile_height), U16(size, 36)};
}

/// Calls f(marker, content) for the marker segments of a codestream's headers: the main one and those of tile-parts
/// (A.3), whose data are passed over.
template <class F>
void ForEachHeaderSegment(View codestream, F f) {
  constexpr uint32_t kStartOfTile = 0xff90, kStartOfData = 0xff93;
  size_t next_tile = 0;  // where the tile-part ends
  for (size_t at = 2; at + 4 <= codestream.size();) {
    const uint32_t marker = U16(codestream, at), length = U16(codestream, at + 2);
    if (marker == kStartOfData) {
      if (next_tile <= at) return;
      at = next_tile;
      continue;
    }
    if (marker < 0xff00 || length < 2 || length + 2 > codestream.size() - at) return;
    const View content = codestream.subspan(at + 4, length - 2);
    if (marker == kStartOfTile && content.size() >= 6) next_tile = at + U32(content, 2);
    f(marker, content);
    at += 2 + length;
  }
}

/// What OpenJPEG takes for code blocks and precincts, in bytes a sample, where they are the smallest that a header asks
/// for (COD and COC: A.6.1, A.6.2).
uint64_t BytesOfBlocks(View codestream) {
  constexpr uint32_t kStyle = 0xff52, kStyleOfComponent = 0xff53;
  constexpr uint64_t kBlock = 200, kPrecinct = 1200;  // estimates, of the order that OpenJPEG 2.5 takes
  uint64_t most = 0;
  ForEachHeaderSegment(codestream, [&](uint32_t marker, View content) {
    if (marker != kStyle && marker != kStyleOfComponent) return;
    // COD: style, progression, layers (2), transform, levels, ...; COC: component, style, levels, ...
    const size_t style = marker == kStyle ? 0 : 1, levels = marker == kStyle ? 5 : 2;
    if (content.size() < levels + 5) return;
    const uint64_t block = uint64_t{16} << std::min(content[levels + 1] + content[levels + 2], 8);  // samples
    uint64_t precinct = uint64_t{1} << 30;
    for (size_t i = levels + 5; (content[style] & 1) != 0 && i < content.size(); ++i) {
      precinct = std::min(precinct, uint64_t{1} << ((content[i] & 15) + (content[i] >> 4)));
    }
    most = std::max(most, kBlock / std::min(block, precinct) + kPrecinct / precinct);
  });
  return most;
}

/// Asked before OpenJPEG takes memory for every tile and component.
Status CheckCodeSize(View bytes, const std::string& name, const DecodeOptions& options) {
  const View codestream = FindCodestream(bytes);
  const auto size = ReadCodeSize(codestream);
  if (!size) return Damaged(name, "no codestream");
  if (size->components < 1 || size->components > 5) {
    return NotRead(name, "of " + std::to_string(size->components) + " components");
  }
  if (size->width > kMaxSide || size->height > kMaxSide)
    return NotRead(name, "with a side of more than 1048576 pixels");
  // OpenJPEG holds 4 bytes a sample, and as much again while it decodes.
  const uint64_t sample = 2 + BytesOfBlocks(codestream);
  AECOMP_RETURN_IF_ERROR(
      CheckPixels(size->width, size->height, sample * size->components, bytes.size(), name, options));
  constexpr uint64_t kTileHeader = 14;  // the shortest that a tile has
  if (size->tiles > bytes.size() / kTileHeader) return Damaged(name, "it has fewer bytes than its tiles need");
  return {};
}

/// What the boxes of a JP2 file say of colours (I.5.3).
struct Header {
  std::optional<uint32_t> space;  ///< number of a colour space
  std::string profile_space;      ///< of an ICC profile: "RGB ", "GRAY", "CMYK", "Lab " and others
  size_t palette = 0;             ///< how many entries
  bool maps_palette = false;      ///< whether there is a box that says which components are indices
};

Header ReadColours(View file) {
  Header header;
  bool has_colours = false;
  (void)ForEachJp2Box(file, [&](const std::string& outer, View super) {
    if (outer != "jp2h") return;
    (void)ForEachJp2Box(super, [&](const std::string& type, View box) {
      if (type == "pclr" && box.size() >= 2) header.palette = U16(box, 0);
      if (type == "cmap") header.maps_palette = true;
      if (type != "colr" || box.size() < 3 || has_colours) return;  // the first counts
      if (box[0] == 1 && box.size() >= 7) header.space = U32(box, 3), has_colours = true;
      if (box[0] == 2 || box[0] == 3) header.profile_space = IccSpace(box.subspan(3)), has_colours = true;
    });
  });
  return header;
}

/// Whether these colours are read, of so many components without alpha. Files whose header says nothing are taken as
/// gray or RGB.
bool AreKnownColours(const Header& header, int colours) {
  constexpr uint32_t kCmyk = 12, kSrgb = 16, kGray = 17, kSycc = 18, kEsycc = 24;  // ISO/IEC 15444-1, table I.10
  if (header.space) {
    const uint32_t space = *header.space;
    return space == kSrgb || space == kCmyk || space == kSycc || space == kEsycc || (space == kGray && colours == 1);
  }
  const std::string& space = header.profile_space;
  return space.empty() || space == "RGB " || space == "GRAY" || space == "CMYK";
}

/// Samples of a component, 0 .. peak.
class Component {
 public:
  Component(const opj_image_comp_t& component, uint32_t peak)
      : data_(component.data),
        offset_(component.sgnd != 0 ? int64_t{1} << (component.prec - 1) : 0),
        most_((int64_t{1} << component.prec) - 1),
        peak_(peak) {}

  uint32_t at(size_t i) const {
    const int64_t sample = std::clamp<int64_t>(data_[i] + offset_, 0, most_);
    return most_ == peak_ ? static_cast<uint32_t>(sample) : static_cast<uint32_t>((sample * peak_ + most_ / 2) / most_);
  }

 private:
  const int32_t* data_;
  int64_t offset_, most_, peak_;
};

/// What the components are.
struct Kind {
  int colours = 1, alpha = -1;
  bool premultiplied = false, ycc = false, cmyk = false;
};

Result<Kind> KindOf(const opj_image_t& image, const Header& header, const std::string& name,
                    std::vector<std::string>* notes) {
  Kind kind;
  int colours = 0;
  for (uint32_t i = 0; i < image.numcomps; ++i) {
    const opj_image_comp_t& c = image.comps[i];
    if (c.dx != image.comps[0].dx || c.dy != image.comps[0].dy || c.w != image.comps[0].w || c.h != image.comps[0].h) {
      return NotRead(name, "with colours of lower resolution");
    }
    if (c.prec < 1 || c.prec > 16) return NotRead(name, "of " + std::to_string(c.prec) + " bits per sample");
    if (c.data == nullptr) return Damaged(name, "a component is missing");
    if (c.alpha == 0) {
      if (kind.alpha >= 0) return NotRead(name, "whose alpha stands before its colours");
      ++colours;
    } else if (kind.alpha < 0 && c.alpha <= 2) {
      kind.alpha = static_cast<int>(i), kind.premultiplied = c.alpha == 2;
    } else {
      return NotRead(name, "with components that are neither colours nor alpha");
    }
  }
  kind.cmyk = image.color_space == OPJ_CLRSPC_CMYK || (header.profile_space == "CMYK" && colours == 4);
  kind.ycc = image.color_space == OPJ_CLRSPC_SYCC;
  if (image.color_space == OPJ_CLRSPC_EYCC) return NotRead(name, "of e-YCC colours");
  if ((colours == 2 || (colours == 4 && !kind.cmyk)) && kind.alpha < 0) {
    kind.alpha = --colours;
    AddNote(notes, "the file does not say what its last component is: taken as straight alpha");
  }
  if (colours != (kind.cmyk ? 4 : 3) && (colours != 1 || kind.ycc || kind.cmyk)) {
    return NotRead(name, "of " + std::to_string(colours) + " colours");
  }
  if (!AreKnownColours(header, colours)) {
    return NotRead(name, header.space ? "of colour space " + std::to_string(*header.space)
                                      : "of a profile's colours that are neither gray nor RGB nor CMYK");
  }
  kind.colours = colours;
  if (kind.cmyk) AddNote(notes, "CMYK converted to RGB");
  if (kind.premultiplied) AddNote(notes, "premultiplied alpha converted to straight alpha");
  return kind;
}

/// Full-range YCbCr of ITU-R BT.601, as JFIF has it, in place.
void YccToRgb(uint32_t* samples, uint32_t peak) {
  const double y = samples[0], middle = (peak + 1) / 2.0, cb = samples[1] - middle, cr = samples[2] - middle;
  const auto store = [&](int i, double v) {
    samples[i] = static_cast<uint32_t>(std::clamp(v + 0.5, 0.0, static_cast<double>(peak)));
  };
  store(0, y + 1.402 * cr);
  store(1, y - 0.344136 * cb - 0.714136 * cr);
  store(2, y + 1.772 * cb);
}

Image Converted(const opj_image_t& decoded, const Kind& kind) {
  uint32_t precision = 0;
  for (uint32_t i = 0; i < decoded.numcomps; ++i) precision = std::max(precision, decoded.comps[i].prec);
  const int bits = precision <= 8 ? 8 : 16, colours = kind.cmyk ? 3 : kind.colours;
  const uint32_t peak = bits == 8 ? 255 : 65535;
  Image image(static_cast<int>(decoded.comps[0].w), static_cast<int>(decoded.comps[0].h),
              colours + (kind.alpha >= 0 ? 1 : 0), bits);
  std::vector<Component> components;
  for (uint32_t i = 0; i < decoded.numcomps; ++i) components.emplace_back(decoded.comps[i], peak);
  const size_t pixels = size_t{decoded.comps[0].w} * decoded.comps[0].h;
  uint8_t* out = image.pixels.data();
  for (size_t i = 0; i < pixels; ++i) {
    uint32_t samples[5] = {};
    for (size_t c = 0; c < components.size(); ++c) samples[c] = components[c].at(i);
    const uint32_t alpha = kind.alpha >= 0 ? samples[kind.alpha] : peak;
    for (int c = 0; kind.cmyk && c < 3; ++c) samples[c] = CmykToRgb(samples[c], samples[3], peak);
    if (kind.ycc) YccToRgb(samples, peak);
    for (int c = 0; kind.premultiplied && c < colours; ++c) {
      const uint64_t straight = alpha == 0 ? 0 : (uint64_t{samples[c]} * peak + alpha / 2) / alpha;
      samples[c] = static_cast<uint32_t>(std::min<uint64_t>(peak, straight));
    }
    if (kind.alpha >= 0) samples[colours] = alpha;
    for (int c = 0; c < image.channels; ++c) {
      if (bits == 8) {
        *out++ = static_cast<uint8_t>(samples[c]);
        continue;
      }
      const auto sample = static_cast<uint16_t>(samples[c]);
      std::memcpy(out, &sample, 2);
      out += 2;
    }
  }
  return image;
}

/// A file's codestream with the objects that read it.
class Jp2Reader {
 public:
  explicit Jp2Reader(View bytes)
      : source_{bytes},
        stream_(ReadingStream(source_)),
        codec_(opj_create_decompress(bytes[0] == 0xff ? OPJ_CODEC_J2K : OPJ_CODEC_JP2), opj_destroy_codec) {
    if (stream_ == nullptr || codec_ == nullptr) throw std::bad_alloc();
    HearMessages(codec_.get(), messages_);
  }

  const OpjMessages& messages() const { return messages_; }

  /// flags: OPJ_DPARAMETERS_... Null on failure.
  OpjImage ReadHeader(unsigned flags) {
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    parameters.flags |= flags;
    opj_image_t* read = nullptr;
    if (opj_setup_decoder(codec_.get(), &parameters) == OPJ_FALSE ||
        opj_read_header(stream_.get(), codec_.get(), &read) == OPJ_FALSE) {
      return OpjImage(nullptr, opj_image_destroy);
    }
    return OpjImage(read, opj_image_destroy);
  }
  bool Decode(opj_image_t& image) { return opj_decode(codec_.get(), stream_.get(), &image) == OPJ_TRUE; }
  bool End() { return opj_end_decompress(codec_.get(), stream_.get()) == OPJ_TRUE; }

 private:
  MemorySource source_;
  OpjMessages messages_;
  OpjStream stream_;
  OpjCodec codec_;
};

/// Whether there are indices that a palette of so many entries lacks: OpenJPEG takes its last entry for them.
bool LacksColours(View bytes, size_t entries) {
  Jp2Reader reader(bytes);
  const OpjImage indices = reader.ReadHeader(OPJ_DPARAMETERS_IGNORE_PCLR_CMAP_CDEF_FLAG);
  if (indices == nullptr || indices->comps[0].prec >= 16 || size_t{1} << indices->comps[0].prec <= entries)
    return false;
  if (!reader.Decode(*indices) || indices->comps[0].data == nullptr) return false;
  const int32_t* const data = indices->comps[0].data;
  const size_t count = size_t{indices->comps[0].w} * indices->comps[0].h;
  return std::any_of(data, data + count, [&](int32_t i) { return i < 0 || static_cast<size_t>(i) >= entries; });
}

}  // namespace

Result<Image> DecodeJp2(View bytes, const std::string& name, const DecodeOptions& options,
                        std::vector<std::string>* notes) {
  AECOMP_RETURN_IF_ERROR(CheckCodeSize(bytes, name, options));
  const Header header = bytes[0] == 0xff ? Header() : ReadColours(bytes);
  if (header.palette > 0 && !header.maps_palette) return Damaged(name, "its palette has no map");
  Jp2Reader reader(bytes);
  const OpjMessages& messages = reader.messages();
  const OpjImage decoded = reader.ReadHeader(0);
  if (decoded == nullptr) return Damaged(name, messages.error);
  AECOMP_RETURN_IF_ERROR(CheckPixels(decoded->x1 - decoded->x0, decoded->y1 - decoded->y0, 2 * decoded->numcomps,
                                     bytes.size(), name, options));
  if (!reader.Decode(*decoded)) return Damaged(name, messages.error);
  const bool ended = reader.End();
  AECOMP_ASSIGN_OR_RETURN(const Kind kind, KindOf(*decoded, header, name, notes));
  if (!ended || !messages.error.empty()) {
    AECOMP_RETURN_IF_ERROR(
        PassOverDamage(messages.error.empty() ? "it does not end as it should" : messages.error, name, options, notes));
  } else if (!messages.warning.empty()) {
    AECOMP_RETURN_IF_ERROR(PassOverDamage(messages.warning, name, options, notes));
  }
  if (header.palette > 0 && LacksColours(bytes, header.palette)) {
    AECOMP_RETURN_IF_ERROR(PassOverDamage("colours that its palette lacks", name, options, notes));
  }
  return Converted(*decoded, kind);
}

}  // namespace aecomp
