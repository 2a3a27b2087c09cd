#include "library.h"

#if __has_include(<png.h>)
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(X)                                                                                                \
  X(png_create_read_struct)                                                                                         \
  X(png_create_write_struct)                                                                                        \
  X(png_create_info_struct)                                                                                         \
  X(png_destroy_read_struct)                                                                                        \
  X(png_destroy_write_struct)                                                                                       \
  X(png_set_longjmp_fn)                                                                                             \
  X(png_longjmp)                                                                                                    \
  X(png_error)                                                                                                      \
  X(png_get_error_ptr)                                                                                              \
  X(png_get_io_ptr)                                                                                                 \
  X(png_set_read_fn)                                                                                                \
  X(png_set_write_fn)                                                                                               \
  X(png_set_user_limits)                                                                                            \
  X(png_set_chunk_cache_max)                                                                                        \
  X(png_set_chunk_malloc_max)                                                                                       \
  X(png_read_info)                                                                                                  \
  X(png_get_IHDR)                                                                                                   \
  X(png_get_PLTE)                                                                                                   \
  X(png_get_channels)                                                                                               \
  X(png_get_rowbytes)                                                                                               \
  X(png_set_packing)                                                                                                \
  X(png_set_swap)                                                                                                   \
  X(png_set_interlace_handling)                                                                                     \
  X(png_read_update_info)                                                                                           \
  X(png_read_row)                                                                                                   \
  X(png_read_end)                                                                                                   \
  X(png_set_IHDR)                                                                                                   \
  X(png_set_PLTE)                                                                                                   \
  X(png_write_info)                                                                                                 \
  X(png_write_row)                                                                                                  \
  X(png_write_end)

CIMAGE_LIBRARY(FUNCTIONS, "libpng16.so.16", "libpng16.so")

static void on_error(png_structp png, png_const_charp text) {
  cimage_note(lib.png_get_error_ptr(png), text);
  lib.png_longjmp(png, 1);
}
static void on_warning(png_structp png, png_const_charp text) { (void)png, (void)text; }

// Reading. All state lives behind one pointer, so that no local variable is lost when libpng jumps.

struct source {
  const uint8_t *bytes;
  size_t count, position;
  png_structp png;
  png_infop info;
};

static void take(png_structp png, png_bytep result, size_t count) {
  struct source *source = lib.png_get_io_ptr(png);
  if (count > source->count - source->position) lib.png_error(png, "the file ends too early");
  memcpy(result, source->bytes + source->position, count);
  source->position += count;
}

static int32_t open_source(struct source *source, char *message) {
  source->png = lib.png_create_read_struct(PNG_LIBPNG_VER_STRING, message, on_error, on_warning);
  source->info = source->png ? lib.png_create_info_struct(source->png) : NULL;
  if (source->info) return cimage_ok;
  if (source->png) lib.png_destroy_read_struct(&source->png, NULL, NULL);
  cimage_note(message, "libpng cannot be started (no memory, or another version than this program was built with)");
  return cimage_no_memory;
}

/// Reads everything before the pixels. Jumps on an error.
static int32_t read_header(struct source *source, struct cimage_header *header, char *message) {
  png_structp png = source->png;
  png_infop info = source->info;
  lib.png_set_read_fn(png, source, take);
  lib.png_set_user_limits(png, cimage_largest_side, cimage_largest_side);
  lib.png_set_chunk_cache_max(png, 64);
  lib.png_set_chunk_malloc_max(png, 8 << 20);
  lib.png_read_info(png, info);
  int depth, color, interlace;
  lib.png_get_IHDR(png, info, &header->width, &header->height, &depth, &color, &interlace, NULL, NULL);
  header->bit_depth = depth;
  header->channels = lib.png_get_channels(png, info);
  png_colorp colors;
  int color_count = 0;
  if (color == PNG_COLOR_TYPE_PALETTE && lib.png_get_PLTE(png, info, &colors, &color_count))
    for (int i = 0; i < color_count && i < 256; i++) {
      header->palette[3 * i] = colors[i].red;
      header->palette[3 * i + 1] = colors[i].green;
      header->palette[3 * i + 2] = colors[i].blue;
    }
  header->palette_count = color_count;
  int32_t status = cimage_check_size(header->width, header->height, message);
  if (status) return status;
  // Deflate makes at most 1,032 bytes of one.
  uint64_t row = ((uint64_t)header->width * header->channels * depth + 7) / 8 + 1;
  return cimage_check_promise(row * header->height, 1032, source->count, message);
}

static int32_t guarded_header(struct source *source, struct cimage_header *header, char *message) {
  if (setjmp(*lib.png_set_longjmp_fn(source->png, longjmp, sizeof(jmp_buf)))) return cimage_invalid;
  return read_header(source, header, message);
}

static int32_t guarded_read(struct source *source, struct cimage_header *header, uint8_t *pixels,
                            size_t pixel_byte_count, char *message) {
  png_structp png = source->png;
  if (setjmp(*lib.png_set_longjmp_fn(png, longjmp, sizeof(jmp_buf)))) return cimage_invalid;
  int32_t status = read_header(source, header, message);
  if (status) return status;
  if (header->bit_depth < 8) lib.png_set_packing(png);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (header->bit_depth == 16) lib.png_set_swap(png);
#endif
  int passes = lib.png_set_interlace_handling(png);
  lib.png_read_update_info(png, source->info);
  size_t row = lib.png_get_rowbytes(png, source->info);
  status = cimage_check_buffer(row * header->height, pixel_byte_count, message);
  if (status) return status;
  for (int pass = 0; pass < passes; pass++)
    for (size_t y = 0; y < header->height; y++) lib.png_read_row(png, pixels + y * row, NULL);
  lib.png_read_end(png, NULL);
  return cimage_ok;
}

int32_t cimage_png_header(const uint8_t *bytes, size_t count, struct cimage_header *header, char *message) {
  struct source source = {.bytes = bytes, .count = count};
  int32_t status = ready(message);
  if (!status) status = open_source(&source, message);
  if (status) return status;
  memset(header, 0, sizeof *header);
  status = guarded_header(&source, header, message);
  lib.png_destroy_read_struct(&source.png, &source.info, NULL);
  return status;
}

int32_t cimage_png_read(const uint8_t *bytes, size_t count, struct cimage_header *header, void *pixels,
                        size_t pixel_byte_count, char *message) {
  struct source source = {.bytes = bytes, .count = count};
  int32_t status = ready(message);
  if (!status) status = open_source(&source, message);
  if (status) return status;
  memset(header, 0, sizeof *header);
  status = guarded_read(&source, header, pixels, pixel_byte_count, message);
  lib.png_destroy_read_struct(&source.png, &source.info, NULL);
  return status;
}

// Writing

struct sink {
  uint8_t *bytes;
  size_t count, capacity;
  png_structp png;
  png_infop info;
};

static void put(png_structp png, png_bytep bytes, size_t count) {
  struct sink *sink = lib.png_get_io_ptr(png);
  if (sink->count + count > sink->capacity) {
    size_t capacity = 2 * (sink->count + count) + 65536;
    uint8_t *larger = realloc(sink->bytes, capacity);
    if (!larger) lib.png_error(png, "no memory");
    sink->bytes = larger;
    sink->capacity = capacity;
  }
  memcpy(sink->bytes + sink->count, bytes, count);
  sink->count += count;
}

static void flush(png_structp png) { (void)png; }

static int32_t guarded_write(struct sink *sink, const struct cimage_header *header, const uint8_t *pixels) {
  static const int colors[5] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                PNG_COLOR_TYPE_RGB_ALPHA};
  png_structp png = sink->png;
  if (setjmp(*lib.png_set_longjmp_fn(png, longjmp, sizeof(jmp_buf)))) return cimage_invalid;
  lib.png_set_write_fn(png, sink, put, flush);
  int color = header->palette_count > 0 ? PNG_COLOR_TYPE_PALETTE : colors[header->channels];
  lib.png_set_IHDR(png, sink->info, header->width, header->height, header->bit_depth, color, PNG_INTERLACE_NONE,
                   PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (header->palette_count > 0)
    lib.png_set_PLTE(png, sink->info, (const png_color *)header->palette, header->palette_count);
  lib.png_write_info(png, sink->info);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (header->bit_depth == 16) lib.png_set_swap(png);
#endif
  size_t row = (size_t)header->width * header->channels * (header->bit_depth / 8);
  for (size_t y = 0; y < header->height; y++) lib.png_write_row(png, pixels + y * row);
  lib.png_write_end(png, sink->info);
  return cimage_ok;
}

int32_t cimage_png_write(const struct cimage_header *header, const void *pixels, uint8_t **bytes, size_t *count,
                         char *message) {
  int32_t status = ready(message);
  if (!status) status = cimage_check_size(header->width, header->height, message);
  if (status) return status;
  struct sink sink = {0};
  sink.png = lib.png_create_write_struct(PNG_LIBPNG_VER_STRING, message, on_error, on_warning);
  sink.info = sink.png ? lib.png_create_info_struct(sink.png) : NULL;
  if (!sink.info) {
    if (sink.png) lib.png_destroy_write_struct(&sink.png, NULL);
    cimage_note(message, "libpng cannot be started (no memory, or another version than this program was built with)");
    return cimage_no_memory;
  }
  status = guarded_write(&sink, header, pixels);
  lib.png_destroy_write_struct(&sink.png, &sink.info);
  if (status) {
    free(sink.bytes);
    return status;
  }
  *bytes = sink.bytes;
  *count = sink.count;
  return cimage_ok;
}

#else
CIMAGE_MISSING(png, "png.h")
int32_t cimage_png_write(const struct cimage_header *header, const void *pixels, uint8_t **bytes, size_t *count,
                         char *message) {
  return cimage_without(message, "png.h");
}
#endif
