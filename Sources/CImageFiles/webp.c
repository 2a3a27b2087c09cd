#include "library.h"

#if __has_include(<webp/decode.h>)
#include <string.h>
#include <webp/decode.h>

// The functions without "Internal" in their names are inline.
#define FUNCTIONS(X)         \
  X(WebPGetFeaturesInternal) \
  X(WebPDecodeRGBInto)       \
  X(WebPDecodeRGBAInto)

CIMAGE_LIBRARY(FUNCTIONS, "libwebp.so.7", "libwebp.so")

/// A lossless file of one colour needs no bit for a pixel: up to this many pixels are believed whatever the file's size.
enum { believed_pixel_count = 1 << 25 };

int32_t cimage_webp_header(const uint8_t *bytes, size_t count, struct cimage_header *header, char *message) {
  int32_t status = ready(message);
  if (status) return status;
  WebPBitstreamFeatures features;
  memset(header, 0, sizeof *header);
  if (lib.WebPGetFeaturesInternal(bytes, count, &features, WEBP_DECODER_ABI_VERSION) != VP8_STATUS_OK) {
    cimage_note(message, "it is damaged or cut before its picture");
    return cimage_invalid;
  }
  if (features.has_animation) {
    cimage_note(message, "it is an animation, not one picture");
    return cimage_invalid;
  }
  header->width = features.width < 0 ? 0 : features.width;
  header->height = features.height < 0 ? 0 : features.height;
  header->channels = features.has_alpha ? 4 : 3;
  header->bit_depth = 8;
  status = cimage_check_size(header->width, header->height, message);
  uint64_t pixels = (uint64_t)header->width * header->height;
  if (!status && pixels > believed_pixel_count) status = cimage_check_promise(pixels, 4096, count, message);
  return status;
}

int32_t cimage_webp_read(const uint8_t *bytes, size_t count, struct cimage_header *header, void *pixels,
                         size_t pixel_byte_count, char *message) {
  int32_t status = cimage_webp_header(bytes, count, header, message);
  if (status) return status;
  size_t row = (size_t)header->width * header->channels;
  status = cimage_check_buffer(row * header->height, pixel_byte_count, message);
  if (status) return status;
  uint8_t *result = header->channels == 4
                        ? lib.WebPDecodeRGBAInto(bytes, count, pixels, pixel_byte_count, (int)row)
                        : lib.WebPDecodeRGBInto(bytes, count, pixels, pixel_byte_count, (int)row);
  if (result) return cimage_ok;
  cimage_note(message, "its pixels are damaged or cut");
  return cimage_invalid;
}

#else
CIMAGE_MISSING(webp, "webp/decode.h")
#endif
