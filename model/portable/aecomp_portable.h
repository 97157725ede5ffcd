/* A decoder of .aec files that needs nothing but the standard library of C++17: bytes of a file and of a model in,
 * samples out, the same on every machine and equal to those of `aecomp decompress`.
 *
 *   aecp_model* model;
 *   aecp_image image;
 *   char error[AECP_ERROR_SIZE];
 *   if (aecp_load_model(model_bytes, model_size, &model, error) != AECP_OK) ...
 *   if (aecp_decode(bytes, size, model, NULL, &image, error) == AECP_OK) {
 *     ... image.samples ...
 *     aecp_free_image(&image);
 *   }
 *   aecp_free_model(model);
 *
 * A model may be used by several threads at a time. Whatever the bytes are, a call ends with a result or an error.
 * Models whose decoder runs in floating point (those with a factorized prior, and those without
 * `integer.decoder.ranges`) are refused. README.md says how to compile this folder. */
#ifndef AECOMP_PORTABLE_H
#define AECOMP_PORTABLE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { AECP_ERROR_SIZE = 256 };

/* The numbers are the exit codes of the program aecomp. */
typedef enum {
  AECP_OK = 0,
  AECP_USAGE = 2,   /* a null pointer, or an image beyond the caller's limit */
  AECP_CORRUPT = 4, /* not an .aec file, a damaged one, or one that needs what this decoder does not know */
  AECP_MODEL = 5,   /* a model that is broken, not the one that the file names, or runs in floating point */
  AECP_MEMORY = 8   /* memory does not suffice */
} aecp_code;

typedef struct {
  uint32_t width, height;
  int channels; /* of colour: 1 gray, 3 RGB */
  int bits;     /* of a sample: 8 or 16 */
  int has_alpha;
  int format_version;
  int quality;        /* position on the model's quality axis, in 1/16 steps */
  char model_id[17];  /* 16 hexadecimal digits: decoding needs the model with this id. Empty: it needs none */
  uint32_t tile_size; /* side of a tile, in pixels */
} aecp_info;

typedef struct {
  uint8_t* data; /* NULL: the file has none */
  size_t size;
} aecp_bytes;

typedef struct {
  aecp_info info;
  /* [height][width][channels + has_alpha]: uint8_t, or uint16_t in the byte order of the machine. */
  void* samples;
  size_t size;               /* of `samples`, in bytes */
  aecp_bytes icc, exif, xmp; /* as FORMAT.md describes their chunks, inflated */
} aecp_image;

typedef struct {
  uint64_t most_pixels; /* images with more are refused before memory is taken for them; 0: the format's 2^30 */
  /* If not NULL: called now and then with the part of the work that is done, 0 to 1. Not 0: decoding stops. */
  int (*progress)(void* user, double part);
  void* user;
} aecp_options;

typedef struct aecp_model aecp_model;

/* error: AECP_ERROR_SIZE bytes for a line of text, written where the result is not AECP_OK. May be NULL, in all calls.
 * The bytes of the model are not used after the call. */
aecp_code aecp_load_model(const void* bytes, size_t size, aecp_model** model, char* error);
void aecp_free_model(aecp_model* model);
/* The 16 hexadecimal digits that files made with this model name. */
const char* aecp_model_id(const aecp_model* model);

/* What a file says of itself. Reads all of the file's structure, but no pixel. */
aecp_code aecp_read_info(const void* bytes, size_t size, aecp_info* info, char* error);

/* model: may be NULL for files that need none. options: NULL for none. On an error `image` is left empty. */
aecp_code aecp_decode(const void* bytes, size_t size, const aecp_model* model, const aecp_options* options,
                      aecp_image* image, char* error);
void aecp_free_image(aecp_image* image);

#ifdef __cplusplus
}
#endif
#endif
