#pragma once
#include <stddef.h>
#include <stdint.h>

// PNG through libpng, JPEG through libjpeg-turbo, from and to memory. Both libraries are opened at run time, so that
// the package builds and starts without them. Every function returns a status; `message` (cimage_message_size bytes)
// then holds the library's own text.

enum {
  cimage_ok = 0,
  cimage_no_header = 1,   // this program was built without the library's header
  cimage_no_library = 2,  // the library is not on this machine
  cimage_invalid = 3,     // the file is damaged or not of this kind
  cimage_too_large = 4,   // larger than the limits, or than its own bytes can hold
  cimage_no_memory = 5,
};
enum { cimage_message_size = 256 };

struct cimage_header {
  uint32_t width, height;
  int32_t channels;        // 1 grey or index, 2 grey and alpha, 3 RGB, 4 RGB and alpha
  int32_t bit_depth;       // of a sample in the file: 1, 2, 4, 8 or 16
  int32_t palette_count;   // above 0: pixels are indices into the palette
  uint8_t palette[768];
};

int32_t cimage_png_header(const uint8_t *_Nonnull bytes, size_t count, struct cimage_header *_Nonnull header,
                          char *_Nonnull message);
/// Fills `pixels` (pixel_byte_count bytes: height x width x channels of one byte, or two native ones at depth 16).
/// Samples keep their values: a grey level of a 2-bit file stays 0 ... 3, an index stays an index.
int32_t cimage_png_read(const uint8_t *_Nonnull bytes, size_t count, void *_Nonnull pixels, size_t pixel_byte_count,
                        char *_Nonnull message);
/// Depth 8 or 16. The result is freed with cimage_free.
int32_t cimage_png_write(const struct cimage_header *_Nonnull header, const void *_Nonnull pixels,
                         uint8_t *_Nullable *_Nonnull bytes, size_t *_Nonnull count, char *_Nonnull message);
void cimage_free(uint8_t *_Nullable bytes);

int32_t cimage_jpeg_header(const uint8_t *_Nonnull bytes, size_t count, struct cimage_header *_Nonnull header,
                           char *_Nonnull message);
/// Fills `pixels` with height x width x channels bytes. A warning of the library is an error.
int32_t cimage_jpeg_read(const uint8_t *_Nonnull bytes, size_t count, void *_Nonnull pixels, size_t pixel_byte_count,
                         char *_Nonnull message);
