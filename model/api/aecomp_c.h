/* libaecomp in C99: the codec as a library for programs in C, and in every language that can call C.
 *
 *   aecomp_codec* codec;
 *   aecomp_bytes* file;
 *   aecomp_view view = {0};
 *   view.width = 640, view.height = 480, view.channels = 3, view.bits = 8, view.samples = rgb;
 *   if (aecomp_open(NULL, 0, &codec) != AECOMP_OK) puts(aecomp_error());
 *   if (aecomp_encode(codec, &view, NULL, &file) == AECOMP_OK) {
 *     fwrite(aecomp_bytes_data(file), 1, aecomp_bytes_size(file), out);
 *     aecomp_bytes_free(file);
 *   }
 *   aecomp_close(codec);
 *
 * Threads: every function may be called by any number of threads at a time, as long as they use different objects. One
 * codec is used by one thread at a time; several threads open one each. Nothing throws and nothing ends the process. */
#ifndef AECOMP_C_H
#define AECOMP_C_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define AECOMP_C_API __attribute__((visibility("default")))
#else
#define AECOMP_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  AECOMP_OK = 0,
  AECOMP_INVALID_ARGUMENT =
      1,                  /* a null pointer, an impossible size, a quality outside 0..100, a region outside the image */
  AECOMP_UNSUPPORTED = 2, /* pixels or a file that are well-formed, but that this version cannot code */
  AECOMP_OUT_OF_REACH = 3, /* no quality gives a file of at most target_bytes */
  AECOMP_CORRUPT = 4,      /* not an .aec file, or a damaged one */
  AECOMP_MODEL = 5,        /* the model is missing, broken or not the one that the file names */
  AECOMP_OUT_OF_MEMORY = 6,
  AECOMP_INTERNAL = 7 /* a failure of the library */
} aecomp_status;

/* What is wrong and what to do about it: one line in UTF-8, of the last call of this thread that gave no AECOMP_OK.
 * Valid until the thread's next call. Empty where there was none. */
AECOMP_C_API const char* aecomp_error(void);

/* Of the library, such as "0.1.0". */
AECOMP_C_API const char* aecomp_version(void);

/* --- Models --- */

typedef struct aecomp_codec aecomp_codec;

/* model_file: NULL for the model that is built into the library. threads: 0 for as many as there are cores; they change
 * neither bytes nor pixels. */
AECOMP_C_API aecomp_status aecomp_open(const char* model_file, int threads, aecomp_codec** codec);
/* A model file's bytes, which are not used after the call. */
AECOMP_C_API aecomp_status aecomp_open_memory(const void* model, size_t size, int threads, aecomp_codec** codec);
AECOMP_C_API void aecomp_close(aecomp_codec* codec);
/* 16 hexadecimal digits: files that this codec writes name them, and it decodes no others; but files that need no model
 * (see aecomp_info) name zeros, and every codec decodes them. */
AECOMP_C_API const char* aecomp_model_id(const aecomp_codec* codec);

/* --- Files --- */

typedef struct {
  uint32_t width, height;
  int channels;   /* of colour: 1 gray, 3 RGB */
  int bits;       /* of a sample: 8 or 16 */
  int has_alpha;  /* 1, 0, or -1 where the bytes end before that is known */
  double quality; /* position on the model's quality axis, in steps between its qualities; 0 where no model is needed */
  char model_id[17]; /* decoding needs the model with this id; zeros: any will do */
} aecomp_info;

/* What a file says of itself. Needs no model; its first 64 bytes are enough for all but has_alpha. */
AECOMP_C_API aecomp_status aecomp_read_info(const void* bytes, size_t size, aecomp_info* info);

/* Pixels: rows from top to bottom, samples of a pixel side by side. */
typedef struct {
  uint32_t width, height;
  int channels;        /* 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA */
  int bits;            /* of a sample: 8 (uint8_t) or 16 (uint16_t in the byte order of the machine) */
  const void* samples; /* the first sample of the first row */
  ptrdiff_t stride;    /* bytes from one row to the next, may be negative; 0: no gap between rows */
} aecomp_view;

typedef struct {
  double quality;        /* 0 (smallest) .. 100 (best); flat pictures need no model, see aecomp.h */
  uint64_t target_bytes; /* if not 0: the best file that is not larger, instead of a quality */
  /* Kept in the file as they are; NULL: none. EXIF begins with the TIFF byte order mark; its orientation must be 1. */
  const void* icc;
  size_t icc_size;
  const void* exif;
  size_t exif_size;
  const void* xmp;
  size_t xmp_size;
} aecomp_encode_options;

/* Bytes that the library owns. */
typedef struct aecomp_bytes aecomp_bytes;
AECOMP_C_API const uint8_t* aecomp_bytes_data(const aecomp_bytes* bytes);
AECOMP_C_API size_t aecomp_bytes_size(const aecomp_bytes* bytes);
AECOMP_C_API void aecomp_bytes_free(aecomp_bytes* bytes);

/* From 1x1 pixel up to 2^20 pixels a side and 2^30 in all. Alpha is kept losslessly. options: NULL for quality 75 and
 * no metadata. */
AECOMP_C_API aecomp_status aecomp_encode(aecomp_codec* codec, const aecomp_view* view,
                                         const aecomp_encode_options* options, aecomp_bytes** bytes);

/* A decoded image, with its metadata. */
typedef struct aecomp_picture aecomp_picture;
typedef enum { AECOMP_ICC = 0, AECOMP_EXIF = 1, AECOMP_XMP = 2 } aecomp_metadata;

typedef struct {
  uint32_t x, y, width, height; /* (x, y) is the upper left pixel */
} aecomp_region;

/* Whatever the bytes are, it ends with a picture or an error. region: NULL for all of the image; a part equals that
 * part of the whole, and only the tiles that it depends on are decoded. The pixels take as much memory as
 * aecomp_read_info says. */
AECOMP_C_API aecomp_status aecomp_decode(aecomp_codec* codec, const void* bytes, size_t size,
                                         const aecomp_region* region, aecomp_picture** picture);
/* The same picture made so small that no side is longer than max_side, by the mean of the area that each pixel covers.
 * Takes as long as aecomp_decode, and memory for the small picture and some rows of tiles. max_side: at least 1. */
AECOMP_C_API aecomp_status aecomp_decode_small(aecomp_codec* codec, const void* bytes, size_t size, uint32_t max_side,
                                               aecomp_picture** picture);
/* From here on aecomp_decode and aecomp_decode_small refuse, as AECOMP_UNSUPPORTED and from the file's header, what has
 * more pixels. Before: 2^28. */
AECOMP_C_API aecomp_status aecomp_limit_pixels(aecomp_codec* codec, uint64_t most_pixels);
/* Its pixels, valid as long as the picture. */
AECOMP_C_API aecomp_view aecomp_picture_view(const aecomp_picture* picture);
/* A piece of metadata, valid as long as the picture; NULL and 0 where there is none. */
AECOMP_C_API const void* aecomp_picture_metadata(const aecomp_picture* picture, aecomp_metadata kind, size_t* size);
AECOMP_C_API void aecomp_picture_free(aecomp_picture* picture);

#ifdef __cplusplus
}
#endif
#endif
