#include "library.h"

#if __has_include(<tiffio.h>)
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#if TIFFLIB_VERSION >= 20221213
#define HAS_OPTIONS 1
#define OPTIONS(X)                       \
  X(TIFFClientOpenExt)                   \
  X(TIFFOpenOptionsAlloc)                \
  X(TIFFOpenOptionsFree)                 \
  X(TIFFOpenOptionsSetErrorHandlerExtR)  \
  X(TIFFOpenOptionsSetWarningHandlerExtR) \
  X(TIFFOpenOptionsSetMaxSingleMemAlloc)
#define SONAME "libtiff.so.6"
#else
#define HAS_OPTIONS 0
#define OPTIONS(X)       \
  X(TIFFClientOpen)      \
  X(TIFFSetErrorHandler) \
  X(TIFFSetWarningHandler)
#define SONAME "libtiff.so.5"
#endif

#define FUNCTIONS(X)           \
  X(TIFFClose)                 \
  X(TIFFGetField)              \
  X(TIFFGetFieldDefaulted)     \
  X(TIFFSetField)              \
  X(TIFFIsTiled)               \
  X(TIFFIsCODECConfigured)     \
  X(TIFFLastDirectory)         \
  X(TIFFStripSize64)           \
  X(TIFFTileSize64)            \
  X(TIFFScanlineSize64)        \
  X(TIFFTileRowSize64)         \
  X(TIFFComputeStrip)          \
  X(TIFFComputeTile)           \
  X(TIFFReadEncodedStrip)      \
  X(TIFFReadEncodedTile)       \
  OPTIONS(X)

CIMAGE_LIBRARY(FUNCTIONS, SONAME, "libtiff.so")

// A file in memory

struct source {
  const uint8_t *bytes;
  uint64_t count, position;
  char *message;
};

static tmsize_t take(thandle_t handle, void *result, tmsize_t count) {
  struct source *source = (struct source *)handle;
  if (count < 0 || source->position >= source->count) return 0;
  uint64_t left = source->count - source->position;
  uint64_t taken = (uint64_t)count < left ? (uint64_t)count : left;
  memcpy(result, source->bytes + source->position, taken);
  source->position += taken;
  return (tmsize_t)taken;
}
static tmsize_t put(thandle_t handle, void *bytes, tmsize_t count) { return (void)handle, (void)bytes, (void)count, 0; }
static toff_t seek(thandle_t handle, toff_t offset, int whence) {
  struct source *source = (struct source *)handle;
  uint64_t base = whence == SEEK_CUR ? source->position : whence == SEEK_END ? source->count : 0;
  return source->position = base + offset;
}
static int shut(thandle_t handle) { return (void)handle, 0; }
static toff_t size(thandle_t handle) { return ((struct source *)handle)->count; }

#if HAS_OPTIONS
static int on_error(TIFF *tiff, void *data, const char *module, const char *format, va_list arguments) {
  struct source *source = data;
  // The first error is the cause.
  if (!source->message[0]) vsnprintf(source->message, cimage_message_size, format, arguments);
  return (void)tiff, (void)module, 1;
}
static int on_warning(TIFF *tiff, void *data, const char *module, const char *format, va_list arguments) {
  return (void)tiff, (void)data, (void)module, (void)format, (void)arguments, 1;
}
#endif

static TIFF *open_source(struct source *source) {
  source->message[0] = 0;
#if HAS_OPTIONS
  TIFFOpenOptions *options = lib.TIFFOpenOptionsAlloc();
  if (!options) return NULL;
  lib.TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, source);
  lib.TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, source);
  uint64_t most = ((uint64_t)64 << 20) + 4096 * source->count, limit = (uint64_t)4 << 30;
  lib.TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)(most < limit ? most : limit));
  TIFF *tiff = lib.TIFFClientOpenExt("image", "rm", (thandle_t)source, take, put, seek, shut, size, NULL, NULL, options);
  lib.TIFFOpenOptionsFree(options);
  return tiff;
#else
  lib.TIFFSetErrorHandler(NULL);
  lib.TIFFSetWarningHandler(NULL);
  return lib.TIFFClientOpen("image", "rm", (thandle_t)source, take, put, seek, shut, size, NULL, NULL);
#endif
}

static int32_t invalid(char *message, const char *text) {
  if (!message[0]) cimage_note(message, text);
  return cimage_invalid;
}

// What the file says of itself

struct layout {
  uint16_t bits, planar, photometric, compression;
  uint32_t piece_width, piece_height;
  int is_tiled;
};

/// What one byte of the file can become: 1 where nothing is compressed.
static uint64_t largest_ratio(uint16_t compression) {
  switch (compression) {
    case COMPRESSION_NONE: return 1;
    case COMPRESSION_PACKBITS: return 64;
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE: return 1032;
    default: return 4096;
  }
}

static int32_t read_kind(TIFF *tiff, struct cimage_header *header, struct layout *layout, char *message) {
  uint16_t samples = 1, format = SAMPLEFORMAT_UINT, orientation = 0;
  lib.TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
  lib.TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout->bits);
  lib.TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
  lib.TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &layout->planar);
  lib.TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &layout->compression);
  if (!lib.TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout->photometric)) layout->photometric = PHOTOMETRIC_MINISBLACK;
  if (lib.TIFFGetField(tiff, TIFFTAG_ORIENTATION, &orientation)) header->orientation = orientation;
  if (!lib.TIFFIsCODECConfigured(layout->compression)) return invalid(message, "its compression is not known here");
  if (samples < 1 || samples > cimage_most_channels) return invalid(message, "it has more than 4096 bands");
  int is_float = format == SAMPLEFORMAT_IEEEFP && layout->bits == 32;
  int is_whole = (format == SAMPLEFORMAT_UINT || format == SAMPLEFORMAT_VOID) &&
                 (layout->bits == 1 || layout->bits == 2 || layout->bits == 4 || layout->bits == 8 || layout->bits == 16);
  if (!is_float && !is_whole) {
    static const char *const formats[] = {"", "unsigned", "signed", "float", "untyped", "complex", "complex"};
    snprintf(message, cimage_message_size, "its samples are %s numbers of %d bits: store them as uint8, uint16 or float32",
             format <= 6 ? formats[format] : "unknown", layout->bits);
    return cimage_invalid;
  }
  if (layout->bits < 8 && samples > 1) return invalid(message, "it has several bands of less than 8 bits");
  if (layout->photometric == PHOTOMETRIC_YCBCR) {
    if (layout->compression != COMPRESSION_JPEG) return invalid(message, "its colours are YCbCr: store it as RGB");
    lib.TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  if (layout->photometric == PHOTOMETRIC_SEPARATED || layout->photometric == PHOTOMETRIC_CIELAB)
    return invalid(message, "its colours are CMYK or L*a*b*: store it as RGB");
  header->channels = samples;
  header->bit_depth = layout->bits;
  return cimage_ok;
}

static void read_palette(TIFF *tiff, struct cimage_header *header, const struct layout *layout) {
  uint16_t *colors[3];
  if (layout->photometric != PHOTOMETRIC_PALETTE || layout->bits > 8 || header->channels != 1) return;
  if (!lib.TIFFGetField(tiff, TIFFTAG_COLORMAP, &colors[0], &colors[1], &colors[2])) return;
  header->palette_count = 1 << layout->bits;
  int is_deep = 0;
  for (int i = 0; i < header->palette_count; i++) is_deep |= (colors[0][i] | colors[1][i] | colors[2][i]) > 255;
  // Some writers leave values of 8 bits.
  for (int i = 0; i < header->palette_count; i++)
    for (int c = 0; c < 3; c++) header->palette[3 * i + c] = is_deep ? colors[c][i] >> 8 : colors[c][i];
}

static int32_t read_header(TIFF *tiff, struct source *source, struct cimage_header *header, struct layout *layout) {
  char *message = source->message;
  memset(header, 0, sizeof *header);
  memset(layout, 0, sizeof *layout);
  if (!lib.TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &header->width) ||
      !lib.TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &header->height))
    return invalid(message, "it does not state its size");
  int32_t status = cimage_check_size(header->width, header->height, message);
  if (!status) status = read_kind(tiff, header, layout, message);
  if (status) return status;
  read_palette(tiff, header, layout);
  if (!lib.TIFFLastDirectory(tiff)) header->facts |= cimage_first_page;
  layout->is_tiled = lib.TIFFIsTiled(tiff);
  if (layout->is_tiled) {
    lib.TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &layout->piece_width);
    lib.TIFFGetField(tiff, TIFFTAG_TILELENGTH, &layout->piece_height);
  } else {
    layout->piece_width = header->width;
    layout->piece_height = header->height;
    lib.TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &layout->piece_height);
    if (layout->piece_height > header->height) layout->piece_height = header->height;
  }
  status = cimage_check_size(layout->piece_width, layout->piece_height, message);
  if (status) return status;
  uint64_t ratio = largest_ratio(layout->compression);
  uint64_t bits = (uint64_t)layout->bits * header->channels;
  status = cimage_check_promise((uint64_t)header->width * header->height * bits / 8, ratio, source->count, message);
  if (status) return status;
  return cimage_check_promise((uint64_t)layout->piece_width * layout->piece_height * bits / 8, ratio,
                              source->count + (layout->is_tiled ? 1 << 20 : 0), message);
}

// Pixels

/// Copies the part of a piece (a strip or a tile, of one plane or of all) that lies in the image.
static void unpack(const uint8_t *piece, size_t row, const struct cimage_header *header, const struct layout *layout,
                   uint8_t *pixels, uint32_t x0, uint32_t y0, int plane) {
  int is_separate = layout->planar == PLANARCONFIG_SEPARATE;
  uint32_t width = header->width - x0 < layout->piece_width ? header->width - x0 : layout->piece_width;
  uint32_t height = header->height - y0 < layout->piece_height ? header->height - y0 : layout->piece_height;
  size_t size = layout->bits <= 8 ? 1 : layout->bits / 8, pixel = size * header->channels;
  int inverts = layout->photometric == PHOTOMETRIC_MINISWHITE && layout->bits <= 8;
  uint8_t largest = (uint8_t)((1 << (layout->bits < 8 ? layout->bits : 8)) - 1);
  for (uint32_t y = 0; y < height; y++) {
    const uint8_t *from = piece + y * row;
    uint8_t *to = pixels + ((size_t)(y0 + y) * header->width + x0) * pixel;
    if (layout->bits < 8) {
      int each = 8 / layout->bits;
      for (uint32_t x = 0; x < width; x++)
        to[x] = from[x / each] >> (8 - layout->bits * (x % each + 1)) & largest;
    } else if (is_separate) {
      for (uint32_t x = 0; x < width; x++) memcpy(to + x * pixel + plane * size, from + x * size, size);
    } else {
      memcpy(to, from, width * pixel);
    }
    if (inverts)
      for (uint32_t i = 0; i < width * header->channels; i++) to[i] = largest - to[i];
  }
}

static int32_t read_piece(TIFF *tiff, const struct cimage_header *header, const struct layout *layout, uint8_t *piece,
                          uint64_t size, uint32_t x, uint32_t y, int plane, char *message) {
  memset(message, 0, cimage_message_size);
  tmsize_t got;
  uint64_t needed = size;
  if (layout->is_tiled) {
    got = lib.TIFFReadEncodedTile(tiff, lib.TIFFComputeTile(tiff, x, y, 0, plane), piece, (tmsize_t)size);
  } else {
    uint32_t left = header->height - y;
    uint32_t rows = left < layout->piece_height ? left : layout->piece_height;
    needed = lib.TIFFScanlineSize64(tiff) * rows;
    got = lib.TIFFReadEncodedStrip(tiff, lib.TIFFComputeStrip(tiff, y, plane), piece, (tmsize_t)size);
  }
  return got >= 0 && (uint64_t)got >= needed ? cimage_ok : invalid(message, "its pixels are damaged or cut");
}

static int32_t read_pieces(TIFF *tiff, const struct cimage_header *header, const struct layout *layout,
                           uint8_t *pixels, char *message) {
  int is_separate = layout->planar == PLANARCONFIG_SEPARATE;
  uint64_t samples = is_separate ? 1 : header->channels;
  uint64_t row = (layout->piece_width * samples * layout->bits + 7) / 8;
  uint64_t size = layout->is_tiled ? lib.TIFFTileSize64(tiff) : lib.TIFFStripSize64(tiff);
  uint64_t stated = layout->is_tiled ? lib.TIFFTileRowSize64(tiff) : lib.TIFFScanlineSize64(tiff);
  if (stated != row || size != row * layout->piece_height) return invalid(message, "its pieces are of an unknown form");
  uint8_t *piece = malloc(size);
  if (!piece) {
    cimage_note(message, "no memory");
    return cimage_no_memory;
  }
  int32_t status = cimage_ok;
  for (int plane = 0; !status && plane < (is_separate ? header->channels : 1); plane++)
    for (uint32_t y = 0; !status && y < header->height; y += layout->piece_height)
      for (uint32_t x = 0; !status && x < header->width; x += layout->piece_width) {
        status = read_piece(tiff, header, layout, piece, size, x, y, plane, message);
        if (!status) unpack(piece, row, header, layout, pixels, x, y, plane);
      }
  free(piece);
  return status;
}

int32_t cimage_tiff_header(const uint8_t *bytes, size_t count, struct cimage_header *header, char *message) {
  int32_t status = ready(message);
  if (status) return status;
  struct source source = {.bytes = bytes, .count = count, .message = message};
  struct layout layout;
  TIFF *tiff = open_source(&source);
  if (!tiff) return invalid(message, "it is damaged or cut");
  status = read_header(tiff, &source, header, &layout);
  lib.TIFFClose(tiff);
  return status;
}

int32_t cimage_tiff_read(const uint8_t *bytes, size_t count, struct cimage_header *header, void *pixels,
                         size_t pixel_byte_count, char *message) {
  int32_t status = ready(message);
  if (status) return status;
  struct source source = {.bytes = bytes, .count = count, .message = message};
  struct layout layout;
  TIFF *tiff = open_source(&source);
  if (!tiff) return invalid(message, "it is damaged or cut");
  status = read_header(tiff, &source, header, &layout);
  size_t size = layout.bits <= 8 ? 1 : layout.bits / 8;
  if (!status)
    status = cimage_check_buffer((uint64_t)header->width * header->height * header->channels * size, pixel_byte_count,
                                 message);
  if (!status) status = read_pieces(tiff, header, &layout, pixels, message);
  lib.TIFFClose(tiff);
  return status;
}

#else
CIMAGE_MISSING(tiff, "tiffio.h")
#endif
