// A loader for gdk-pixbuf, on libaecomp's interface in C: Eye of GNOME, file managers and everything else that is built
// on GTK open .aec files with it. gdk-pixbuf hands over a file piece by piece; here the pieces are collected, and
// decoded when all have come. Pixbufs have RGB of 8 bits, with alpha or without.
#define GDK_PIXBUF_ENABLE_BACKEND
#include <gdk-pixbuf/gdk-pixbuf.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <new>
#include <vector>

#include "model/api/aecomp_c.h"

namespace {

constexpr size_t kMostBytes = size_t{1} << 31;  // of a file

struct Load {
  GdkPixbufModuleSizeFunc size;
  GdkPixbufModulePreparedFunc prepared;
  GdkPixbufModuleUpdatedFunc updated;
  gpointer user;
  std::vector<uint8_t> bytes;
};

gboolean Fail(GError** error, GdkPixbufError code, const char* message) {
  g_set_error_literal(error, GDK_PIXBUF_ERROR, code, message);
  return FALSE;
}

gboolean FailAs(GError** error, aecomp_status status) {
  const bool memory = status == AECOMP_OUT_OF_MEMORY, unknown = status == AECOMP_UNSUPPORTED || status == AECOMP_MODEL;
  return Fail(error,
              memory    ? GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY
              : unknown ? GDK_PIXBUF_ERROR_FAILED
                        : GDK_PIXBUF_ERROR_CORRUPT_IMAGE,
              aecomp_error());
}

/// max_side: 0 for all of it. One codec serves the process: opening one takes longer than a small picture.
aecomp_status Decode(const std::vector<uint8_t>& bytes, uint32_t max_side, aecomp_picture** picture) {
  static std::mutex turn;
  static aecomp_codec* codec = nullptr;
  const std::lock_guard<std::mutex> lock(turn);
  if (codec == nullptr) {
    if (const aecomp_status status = aecomp_open(nullptr, 0, &codec); status != AECOMP_OK) return status;
  }
  if (max_side != 0) return aecomp_decode_small(codec, bytes.data(), bytes.size(), max_side, picture);
  return aecomp_decode(codec, bytes.data(), bytes.size(), nullptr, picture);
}

template <class Sample>
void CopyPixels(const aecomp_view& view, GdkPixbuf* to) {
  const auto channels = static_cast<size_t>(view.channels);
  const bool alpha = channels % 2 == 0;
  const size_t green = channels < 3 ? 0 : 1, blue = channels < 3 ? 0 : 2;
  const auto to_8 = [](Sample v) { return static_cast<guchar>(sizeof v == 1 ? v : (v * 255u + 32767u) / 65535u); };
  const auto* from = static_cast<const Sample*>(view.samples);
  for (uint32_t y = 0; y < view.height; ++y) {
    guchar* pixel = gdk_pixbuf_get_pixels(to) + size_t{y} * static_cast<size_t>(gdk_pixbuf_get_rowstride(to));
    for (uint32_t x = 0; x < view.width; ++x, from += channels) {
      *pixel++ = to_8(from[0]), *pixel++ = to_8(from[green]), *pixel++ = to_8(from[blue]);
      if (alpha) *pixel++ = to_8(from[channels - 1]);
    }
  }
}

/// Null: memory does not suffice.
GdkPixbuf* MakePixbuf(const aecomp_picture* picture) {
  const aecomp_view view = aecomp_picture_view(picture);
  GdkPixbuf* pixbuf = gdk_pixbuf_new(GDK_COLORSPACE_RGB, view.channels % 2 == 0, 8, static_cast<int>(view.width),
                                     static_cast<int>(view.height));
  if (pixbuf == nullptr) return nullptr;
  view.bits == 8 ? CopyPixels<uint8_t>(view, pixbuf) : CopyPixels<uint16_t>(view, pixbuf);
  size_t size = 0;
  if (const void* icc = aecomp_picture_metadata(picture, AECOMP_ICC, &size); icc != nullptr) {
    gchar* text = g_base64_encode(static_cast<const guchar*>(icc), size);
    gdk_pixbuf_set_option(pixbuf, "icc-profile", text);
    g_free(text);
  }
  return pixbuf;
}

/// As large as was asked for, which is a pixel off where sides were rounded in another way.
GdkPixbuf* OfSize(GdkPixbuf* pixbuf, int width, int height) {
  if (pixbuf == nullptr || (gdk_pixbuf_get_width(pixbuf) == width && gdk_pixbuf_get_height(pixbuf) == height)) {
    return pixbuf;
  }
  GdkPixbuf* scaled = gdk_pixbuf_scale_simple(pixbuf, width, height, GDK_INTERP_BILINEAR);
  if (scaled != nullptr) gdk_pixbuf_copy_options(pixbuf, scaled);
  g_object_unref(pixbuf);
  return scaled;
}

gboolean Finish(const Load& load, GError** error) {
  aecomp_info info;
  aecomp_status status = aecomp_read_info(load.bytes.data(), load.bytes.size(), &info);
  if (status != AECOMP_OK) return FailAs(error, status);
  gint width = static_cast<gint>(info.width), height = static_cast<gint>(info.height);
  if (load.size != nullptr) load.size(&width, &height, load.user);
  if (width < 1 || height < 1) return Fail(error, GDK_PIXBUF_ERROR_FAILED, "an .aec file that nobody wants to see");
  const auto longest = static_cast<uint32_t>(std::max(width, height));
  aecomp_picture* picture = nullptr;
  status = Decode(load.bytes, longest < std::max(info.width, info.height) ? longest : 0, &picture);
  if (status != AECOMP_OK) return FailAs(error, status);
  GdkPixbuf* pixbuf = OfSize(MakePixbuf(picture), width, height);
  aecomp_picture_free(picture);
  if (pixbuf == nullptr) return Fail(error, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY, "memory does not suffice");
  if (load.prepared != nullptr) load.prepared(pixbuf, nullptr, load.user);
  if (load.updated != nullptr) load.updated(pixbuf, 0, 0, width, height, load.user);
  g_object_unref(pixbuf);
  return TRUE;
}

gpointer BeginLoad(GdkPixbufModuleSizeFunc size, GdkPixbufModulePreparedFunc prepared,
                   GdkPixbufModuleUpdatedFunc updated, gpointer user, GError** error) {
  auto* load = new (std::nothrow) Load{size, prepared, updated, user, {}};
  if (load == nullptr) Fail(error, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY, "memory does not suffice");
  return load;
}

gboolean LoadIncrement(gpointer context, const guchar* bytes, guint size, GError** error) {
  auto& to = static_cast<Load*>(context)->bytes;
  if (to.size() + size > kMostBytes) return Fail(error, GDK_PIXBUF_ERROR_FAILED, "an .aec file of more than 2 GB");
  try {
    to.insert(to.end(), bytes, bytes + size);
  } catch (const std::bad_alloc&) {
    return Fail(error, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY, "memory does not suffice");
  }
  return TRUE;
}

gboolean StopLoad(gpointer context, GError** error) {
  auto* load = static_cast<Load*>(context);
  const gboolean done = Finish(*load, error);
  delete load;
  return done;
}

}  // namespace

// What gdk-pixbuf looks for in a module.
extern "C" {

G_MODULE_EXPORT void fill_vtable(GdkPixbufModule* module) {
  module->begin_load = BeginLoad;
  module->load_increment = LoadIncrement;
  module->stop_load = StopLoad;
}

G_MODULE_EXPORT void fill_info(GdkPixbufFormat* info) {
  static char prefix[] =
      "\x89"
      "AEC\r\n",
              name[] = "aec", description[] = "aecomp image", licence[] = "MIT";
  static char mime_type[] = "image/x-aecomp", extension[] = "aec";
  static GdkPixbufModulePattern signature[] = {{prefix, nullptr, 100}, {nullptr, nullptr, 0}};
  static char* mime_types[] = {mime_type, nullptr};
  static char* extensions[] = {extension, nullptr};
  info->name = name, info->description = description, info->license = licence;
  info->signature = signature, info->mime_types = mime_types, info->extensions = extensions;
  info->flags = GDK_PIXBUF_FORMAT_THREADSAFE;
}

}  // extern "C"
