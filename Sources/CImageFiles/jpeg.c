#include "limits.h"

#if __has_include(<turbojpeg.h>)
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <turbojpeg.h>

#define FUNCTIONS(X)      \
  X(tjInitDecompress)     \
  X(tjDecompressHeader3)  \
  X(tjDecompress2)        \
  X(tjDestroy)            \
  X(tjGetErrorStr2)

static struct {
#define DECLARE(name) __typeof__(&name) name;
  FUNCTIONS(DECLARE)
  int is_loaded;
} lib;

static void load(void) {
  void *handle = dlopen("libturbojpeg.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!handle) handle = dlopen("libturbojpeg.so", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return;
#define RESOLVE(name) \
  if (!(lib.name = (__typeof__(&name))dlsym(handle, #name))) return;
  FUNCTIONS(RESOLVE)
  lib.is_loaded = 1;
}

static int32_t open_decoder(tjhandle *decoder, char *message) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  if (!lib.is_loaded) {
    cimage_note(message, "libturbojpeg.so.0 cannot be opened");
    return cimage_no_library;
  }
  *decoder = lib.tjInitDecompress();
  if (*decoder) return cimage_ok;
  cimage_note(message, lib.tjGetErrorStr2(NULL));
  return cimage_no_memory;
}

static int32_t read_header(tjhandle decoder, const uint8_t *bytes, size_t count, struct cimage_header *header,
                           char *message) {
  int width = 0, height = 0, subsampling = 0, colorspace = 0;
  if (lib.tjDecompressHeader3(decoder, bytes, count, &width, &height, &subsampling, &colorspace)) {
    cimage_note(message, lib.tjGetErrorStr2(decoder));
    return cimage_invalid;
  }
  if (colorspace == TJCS_CMYK || colorspace == TJCS_YCCK) {
    cimage_note(message, "its colours are CMYK: store it as RGB");
    return cimage_invalid;
  }
  int32_t status = cimage_check_size(width < 0 ? 0 : width, height < 0 ? 0 : height, message);
  if (status) return status;
  // A block of 8 x 8 costs at least one bit: a header that promises more would only cost memory.
  if ((uint64_t)width * height / 1024 > count + 64) {
    cimage_note(message, "the file is too short for the size that it states");
    return cimage_invalid;
  }
  memset(header, 0, sizeof *header);
  header->width = width;
  header->height = height;
  header->bit_depth = 8;
  header->channels = colorspace == TJCS_GRAY ? 1 : 3;
  return cimage_ok;
}

static int32_t read_pixels(tjhandle decoder, const uint8_t *bytes, size_t count, void *pixels,
                           size_t pixel_byte_count, char *message) {
  struct cimage_header header;
  int32_t status = read_header(decoder, bytes, count, &header, message);
  if (status) return status;
  int row = (int)header.width * header.channels;
  if ((size_t)row * header.height != pixel_byte_count) {
    cimage_note(message, "the pixels do not fill the buffer");
    return cimage_invalid;
  }
  int flags = TJFLAG_STOPONWARNING | TJFLAG_ACCURATEDCT;
#ifdef TJFLAG_LIMITSCANS
  flags |= TJFLAG_LIMITSCANS;
#endif
  if (lib.tjDecompress2(decoder, bytes, count, pixels, (int)header.width, row, (int)header.height,
                        header.channels == 1 ? TJPF_GRAY : TJPF_RGB, flags)) {
    cimage_note(message, lib.tjGetErrorStr2(decoder));
    return cimage_invalid;
  }
  return cimage_ok;
}

int32_t cimage_jpeg_header(const uint8_t *bytes, size_t count, struct cimage_header *header, char *message) {
  tjhandle decoder;
  int32_t status = open_decoder(&decoder, message);
  if (status) return status;
  status = read_header(decoder, bytes, count, header, message);
  lib.tjDestroy(decoder);
  return status;
}

int32_t cimage_jpeg_read(const uint8_t *bytes, size_t count, void *pixels, size_t pixel_byte_count, char *message) {
  tjhandle decoder;
  int32_t status = open_decoder(&decoder, message);
  if (status) return status;
  status = read_pixels(decoder, bytes, count, pixels, pixel_byte_count, message);
  lib.tjDestroy(decoder);
  return status;
}

#else

static int32_t missing(char *message) {
  cimage_note(message, "this program was built without turbojpeg.h");
  return cimage_no_header;
}
int32_t cimage_jpeg_header(const uint8_t *bytes, size_t count, struct cimage_header *header, char *message) {
  return missing(message);
}
int32_t cimage_jpeg_read(const uint8_t *bytes, size_t count, void *pixels, size_t pixel_byte_count, char *message) {
  return missing(message);
}

#endif
