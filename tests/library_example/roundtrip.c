/* roundtrip_c IN.ppm OUT.aec OUT.ppm QUALITY MODEL: compresses a picture through aecomp_c.h and restores it. */
#include <aecomp/aecomp_c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed(const char* what) {
  fprintf(stderr, "roundtrip_c: %s\n", what);
  return 1;
}

/* The samples of a binary PPM without comments; NULL: it is none. */
static unsigned char* read_ppm(const char* path, unsigned* width, unsigned* height) {
  unsigned char* samples = NULL;
  FILE* file = fopen(path, "rb");
  if (file != NULL && fscanf(file, "P6 %u %u 255", width, height) == 2 && fgetc(file) != EOF) {
    const size_t size = (size_t)*width * *height * 3;
    samples = malloc(size);
    if (samples != NULL && fread(samples, 1, size, file) != size) {
      free(samples);
      samples = NULL;
    }
  }
  if (file != NULL) fclose(file);
  return samples;
}

static int write_all(const char* path, const char* header, const void* data, size_t size) {
  FILE* file = fopen(path, "wb");
  if (file == NULL) return 0;
  const int written = fputs(header, file) >= 0 && fwrite(data, 1, size, file) == size;
  return fclose(file) == 0 && written;
}

/* Decodes the file, and a part of it, which must be equal to that part of the whole. */
static int restore(aecomp_codec* codec, const aecomp_bytes* file, const char* path) {
  const void* bytes = aecomp_bytes_data(file);
  const size_t size = aecomp_bytes_size(file);
  aecomp_info info;
  aecomp_picture *whole = NULL, *part = NULL;
  char header[64];
  size_t icc_size;
  if (aecomp_read_info(bytes, size, &info) != AECOMP_OK) return failed(aecomp_error());
  printf("%ux%u, %d channels of %d bits\n", info.width, info.height, info.channels, info.bits);
  if (strcmp(info.model_id, aecomp_model_id(codec)) != 0 || info.has_alpha != 0) return failed("wrong info");
  if (aecomp_decode(codec, bytes, size, NULL, &whole) != AECOMP_OK) return failed(aecomp_error());
  const aecomp_view all = aecomp_picture_view(whole);
  const aecomp_region region = {all.width / 2, all.height / 2, all.width / 4, all.height / 4};
  if (aecomp_decode(codec, bytes, size, &region, &part) != AECOMP_OK) return failed(aecomp_error());
  const aecomp_view some = aecomp_picture_view(part);
  for (unsigned y = 0; y < some.height; ++y) {
    const unsigned char* from = (const unsigned char*)all.samples + ((size_t)(region.y + y) * all.width + region.x) * 3;
    const unsigned char* row = (const unsigned char*)some.samples + (size_t)y * some.width * 3;
    if (memcmp(from, row, (size_t)some.width * 3) != 0) return failed("a part differs from the whole");
  }
  const void* icc = aecomp_picture_metadata(whole, AECOMP_ICC, &icc_size);
  if (icc_size != 7 || memcmp(icc, "profile", 7) != 0) return failed("the profile is lost");
  if (aecomp_picture_metadata(whole, AECOMP_EXIF, NULL) != NULL) return failed("there is EXIF");
  snprintf(header, sizeof header, "P6\n%u %u\n255\n", all.width, all.height);
  const int written = write_all(path, header, all.samples, (size_t)all.width * all.height * 3);
  aecomp_picture_free(part);
  aecomp_picture_free(whole);
  return written ? 0 : failed("cannot write");
}

int main(int argc, char** argv) {
  aecomp_codec* codec = NULL;
  aecomp_bytes *file = NULL, *plain = NULL;
  aecomp_picture* none = NULL;
  aecomp_view view = {0};
  aecomp_encode_options options = {0};
  if (argc != 6) return failed("IN.ppm OUT.aec OUT.ppm QUALITY MODEL are needed");
  unsigned char* samples = read_ppm(argv[1], &view.width, &view.height);
  if (samples == NULL) return failed("not a PPM");
  view.channels = 3, view.bits = 8, view.samples = samples;
  options.quality = atof(argv[4]);
  if (aecomp_open(argv[5], 0, &codec) != AECOMP_OK) return failed(aecomp_error());
  /* Errors are values, and leave nothing behind. */
  if (aecomp_encode(codec, &view, NULL, NULL) != AECOMP_INVALID_ARGUMENT || aecomp_error()[0] == 0) return 2;
  if (aecomp_decode(codec, samples, 100, NULL, &none) != AECOMP_CORRUPT || none != NULL) return 3;
  if (aecomp_encode(codec, &view, &options, &plain) != AECOMP_OK) return failed(aecomp_error());
  if (!write_all(argv[2], "", aecomp_bytes_data(plain), aecomp_bytes_size(plain))) return failed("cannot write");
  options.icc = "profile", options.icc_size = 7;
  if (aecomp_encode(codec, &view, &options, &file) != AECOMP_OK) return failed(aecomp_error());
  const int code = restore(codec, file, argv[3]);
  aecomp_bytes_free(file);
  aecomp_bytes_free(plain);
  aecomp_close(codec);
  free(samples);
  return code;
}
