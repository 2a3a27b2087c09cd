#pragma once
#include <stddef.h>
#include <stdint.h>

// PNG through libpng, JPEG through libjpeg-turbo, TIFF through libtiff and WebP through libwebp, from memory. The
// libraries are opened at run time, so that the package builds and starts without them. Every function returns a status;
// `message` (cimage_message_size bytes) then holds the library's own text.

enum {
  cimage_ok = 0,
  cimage_no_header = 1,   // this program was built without the library's header
  cimage_no_library = 2,  // the library is not on this machine
  cimage_invalid = 3,     // the file is damaged or not of this kind
  cimage_too_large = 4,   // larger than the limits, or than its own bytes can hold
  cimage_no_memory = 5,
};
enum { cimage_message_size = 256 };

/// What was done to make the picture what every viewer shows.
enum {
  cimage_from_cmyk = 1,
  cimage_recovered = 2,   // the library warned; its words are in `message`
  cimage_first_page = 4,  // the file has further pages
};

struct cimage_header {
  uint32_t width, height;
  int32_t channels;        // 1 grey or index, 2 grey and alpha, 3 RGB, 4 RGB and alpha; TIFF: any number of bands
  int32_t bit_depth;       // of a sample in the file: 1, 2, 4, 8, 16, or 32 (float)
  int32_t palette_count;   // above 0: pixels are indices into the palette
  int32_t orientation;     // EXIF's 1 ... 8; 0: the file does not say
  int32_t facts;           // cimage_from_cmyk and so on
  uint8_t palette[768];
};

int32_t cimage_png_header(const uint8_t *_Nonnull bytes, size_t count, struct cimage_header *_Nonnull header,
                          char *_Nonnull message);
/// Fills `header`, and `pixels` (pixel_byte_count bytes: height x width x channels of one byte, two native ones at depth
/// 16, a float at depth 32). Samples keep their values: a grey level of a 2-bit file stays 0 ... 3, an index stays an
/// index. Where the facts say that the library warned, `message` holds its words though the status is cimage_ok.
int32_t cimage_png_read(const uint8_t *_Nonnull bytes, size_t count, struct cimage_header *_Nonnull header,
                        void *_Nonnull pixels, size_t pixel_byte_count, char *_Nonnull message);
/// Depth 8 or 16. The result is freed with cimage_free.
int32_t cimage_png_write(const struct cimage_header *_Nonnull header, const void *_Nonnull pixels,
                         uint8_t *_Nullable *_Nonnull bytes, size_t *_Nonnull count, char *_Nonnull message);
void cimage_free(uint8_t *_Nullable bytes);

int32_t cimage_jpeg_header(const uint8_t *_Nonnull bytes, size_t count, struct cimage_header *_Nonnull header,
                           char *_Nonnull message);
/// Four colours become red, green and blue. Extraneous bytes and a missing end marker are harmless; any other warning of
/// the library is an error.
int32_t cimage_jpeg_read(const uint8_t *_Nonnull bytes, size_t count, struct cimage_header *_Nonnull header,
                         void *_Nonnull pixels, size_t pixel_byte_count, char *_Nonnull message);

/// The first page: 1 to 16 bits without sign, or float of 32.
int32_t cimage_tiff_header(const uint8_t *_Nonnull bytes, size_t count, struct cimage_header *_Nonnull header,
                           char *_Nonnull message);
int32_t cimage_tiff_read(const uint8_t *_Nonnull bytes, size_t count, struct cimage_header *_Nonnull header,
                         void *_Nonnull pixels, size_t pixel_byte_count, char *_Nonnull message);

/// Still pictures.
int32_t cimage_webp_header(const uint8_t *_Nonnull bytes, size_t count, struct cimage_header *_Nonnull header,
                           char *_Nonnull message);
int32_t cimage_webp_read(const uint8_t *_Nonnull bytes, size_t count, struct cimage_header *_Nonnull header,
                         void *_Nonnull pixels, size_t pixel_byte_count, char *_Nonnull message);
