#include "library.h"

#if __has_include(<turbojpeg.h>)
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#define FUNCTIONS(X)      \
  X(tjInitDecompress)     \
  X(tjDecompressHeader3)  \
  X(tjDecompress2)        \
  X(tjDestroy)            \
  X(tjGetErrorStr2)       \
  X(tjGetErrorCode)

CIMAGE_LIBRARY(FUNCTIONS, "libturbojpeg.so.0", "libturbojpeg.so")

static int32_t open_decoder(tjhandle *decoder, char *message) {
  int32_t status = ready(message);
  if (status) return status;
  *decoder = lib.tjInitDecompress();
  if (*decoder) return cimage_ok;
  cimage_note(message, lib.tjGetErrorStr2(NULL));
  return cimage_no_memory;
}

/// Whether a text of the library is of something that every viewer passes over: bytes before a marker that belong to
/// nothing, and fields of headers that have another value than the standards say and that nothing depends on.
static int names_harmless(const char *text) {
  static const char *const harmless[] = {"extraneous bytes", "JFIF revision number", "Invalid SOS parameters",
                                         "bad ICC marker", "color transform code"};
  for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
    if (strstr(text, harmless[i])) return 1;
  return 0;
}

static int is_harmless(tjhandle decoder) {
  return lib.tjGetErrorCode(decoder) == TJERR_WARNING && names_harmless(lib.tjGetErrorStr2(decoder));
}

static int32_t read_header(tjhandle decoder, const uint8_t *bytes, size_t count, struct cimage_header *header,
                           char *message) {
  int width = 0, height = 0, subsampling = 0, colorspace = 0;
  if (lib.tjDecompressHeader3(decoder, bytes, count, &width, &height, &subsampling, &colorspace) &&
      !is_harmless(decoder)) {
    cimage_note(message, lib.tjGetErrorStr2(decoder));
    return cimage_invalid;
  }
  int32_t status = cimage_check_size(width < 0 ? 0 : width, height < 0 ? 0 : height, message);
  if (status) return status;
  // A block of 8 x 8 costs at least one bit.
  status = cimage_check_promise((uint64_t)width * height, 1024, count + 64, message);
  if (status) return status;
  memset(header, 0, sizeof *header);
  header->width = width;
  header->height = height;
  header->bit_depth = 8;
  header->channels = colorspace == TJCS_GRAY ? 1 : 3;
  if (colorspace == TJCS_CMYK || colorspace == TJCS_YCCK) header->facts |= cimage_from_cmyk;
  return cimage_ok;
}

/// One try at the pixels. A harmless warning ends a strict try, so that a worse one after it is not lost: a second, lax
/// try then shows the last one.
static int32_t decode(tjhandle decoder, const uint8_t *bytes, size_t count, struct cimage_header *header,
                      uint8_t *pixels, int format, char *message) {
  int flags = TJFLAG_ACCURATEDCT;
#ifdef TJFLAG_LIMITSCANS
  flags |= TJFLAG_LIMITSCANS;
#endif
  int row = (int)header->width * tjPixelSize[format];
  for (int strict = 1; strict >= 0; strict--) {
    int stop = strict ? TJFLAG_STOPONWARNING : 0;
    if (!lib.tjDecompress2(decoder, bytes, count, pixels, (int)header->width, row, (int)header->height, format,
                           flags | stop))
      return cimage_ok;
    cimage_note(message, lib.tjGetErrorStr2(decoder));
    if (!is_harmless(decoder) && !(strict && names_harmless(message))) return cimage_invalid;
    header->facts |= cimage_recovered;
  }
  return cimage_ok;
}

/// A file that lacks only its end marker decodes without a word once it has one; a file that lacks pixels does not.
static int32_t decode_ended(tjhandle decoder, const uint8_t *bytes, size_t count, struct cimage_header *header,
                            uint8_t *pixels, int format, char *message) {
  int32_t status = decode(decoder, bytes, count, header, pixels, format, message);
  if (!status || !strstr(message, "remature end of JPEG file")) return status;
  uint8_t *ended = malloc(count + 2);
  if (!ended) return cimage_no_memory;
  memcpy(ended, bytes, count);
  // A cut in the middle of the marker leaves its first byte.
  size_t length = bytes[count - 1] == 0xFF ? count - 1 : count;
  ended[length] = 0xFF;
  ended[length + 1] = 0xD9;
  status = decode(decoder, ended, length + 2, header, pixels, format, message);
  free(ended);
  if (status) return status;
  header->facts |= cimage_recovered;
  cimage_note(message, "its end marker is missing");
  return cimage_ok;
}

/// Adobe's convention, which every viewer assumes: samples are stored inverted, 255 being no ink.
static void convert_cmyk(const uint8_t *cmyk, uint8_t *rgb, size_t pixel_count) {
  for (size_t i = 0; i < pixel_count; i++)
    for (int c = 0; c < 3; c++) rgb[3 * i + c] = (cmyk[4 * i + c] * cmyk[4 * i + 3] + 127) / 255;
}

static int32_t read_pixels(tjhandle decoder, const uint8_t *bytes, size_t count, struct cimage_header *header,
                           void *pixels, size_t pixel_byte_count, char *message) {
  int32_t status = read_header(decoder, bytes, count, header, message);
  if (status) return status;
  size_t pixel_count = (size_t)header->width * header->height;
  status = cimage_check_buffer(pixel_count * header->channels, pixel_byte_count, message);
  if (status) return status;
  if (!(header->facts & cimage_from_cmyk))
    return decode_ended(decoder, bytes, count, header, pixels, header->channels == 1 ? TJPF_GRAY : TJPF_RGB, message);
  uint8_t *cmyk = malloc(4 * pixel_count);
  if (!cmyk) {
    cimage_note(message, "no memory");
    return cimage_no_memory;
  }
  status = decode_ended(decoder, bytes, count, header, cmyk, TJPF_CMYK, message);
  if (!status) convert_cmyk(cmyk, pixels, pixel_count);
  free(cmyk);
  return status;
}

int32_t cimage_jpeg_header(const uint8_t *bytes, size_t count, struct cimage_header *header, char *message) {
  tjhandle decoder;
  int32_t status = open_decoder(&decoder, message);
  if (status) return status;
  status = read_header(decoder, bytes, count, header, message);
  lib.tjDestroy(decoder);
  return status;
}

int32_t cimage_jpeg_read(const uint8_t *bytes, size_t count, struct cimage_header *header, void *pixels,
                         size_t pixel_byte_count, char *message) {
  tjhandle decoder;
  int32_t status = open_decoder(&decoder, message);
  if (status) return status;
  status = read_pixels(decoder, bytes, count, header, pixels, pixel_byte_count, message);
  lib.tjDestroy(decoder);
  return status;
}

#else
CIMAGE_MISSING(jpeg, "turbojpeg.h")
#endif
