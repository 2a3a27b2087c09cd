#pragma once
#include <stddef.h>
#include <stdint.h>

// The inner loops of conednn_weight_gradient.c, for processors with AVX-512.

enum {
  BLOCK = 16,  // channels in a block of the layout
  PANEL = 32,  // outputs in registers at a time
};

/// Walks over an image whose rows are laid end to end, `pitch` places from row to row, one place at a time. Places
/// outside the image have no pixel.
typedef struct {
  const char *row_start;  // of the current row's first pixel
  int64_t column;         // first_column ..< first_column + pitch
  int64_t row, rows, columns, pitch, first_column, pixel_bytes, row_bytes;
} conednn_walk;

static inline conednn_walk conednn_walk_from(const char *image, int64_t row, int64_t rows, int64_t columns,
                                             int64_t pitch, int64_t first_column, int64_t pixel_bytes, int64_t place) {
  conednn_walk w = {
      .rows = rows, .columns = columns, .pitch = pitch, .first_column = first_column, .pixel_bytes = pixel_bytes};
  w.row = row + place / pitch;
  w.column = first_column + place % pitch;
  w.row_bytes = columns * pixel_bytes;
  w.row_start = image + w.row * w.row_bytes;
  return w;
}

/// The pixel at the current place, nil where there is none.
static inline const char *conednn_walk_next(conednn_walk *w) {
  const char *pixel = w->column >= 0 && w->column < w->columns && w->row >= 0 && w->row < w->rows
                          ? w->row_start + w->column * w->pixel_bytes
                          : NULL;
  if (++w->column == w->first_column + w->pitch) {
    w->column = w->first_column;
    w->row++;
    w->row_start += w->row_bytes;
  }
  return pixel;
}

/// The packed source: `blocks` of 16 channels, each `units` x 64 bytes; in bfloat16 a second copy after the first.
typedef struct {
  char *base;
  int64_t units, blocks, copies;
} conednn_packed_source;

/// A unit is a pixel in float32, a pair of pixels in bfloat16 (channel by channel). For each type:
/// - pack_source: units `first` ..< `end` of channels `input` ..< `input + count`; the walk begins at `first`.
/// - pack_gradient: `units` units of outputs, in panels of 32, `panel_units` x 128 bytes from panel to panel.
/// - sum_panel: adds a panel's pixels to 32 sums.
/// - multiply: 8 inputs x 32 outputs over `units` units, added to rows of 16 floats at `low` and `high` (or replacing
///   them). Two blocks' rows, because an output block has 16. The products are summed by themselves first, so that
///   the error of a sum over a large image stays that of a few hundred additions.
#define CONEDNN_OUTER_PRODUCT(TYPE)                                                                                \
  void conednn_pack_source_##TYPE(const conednn_packed_source *packed, conednn_walk w, int64_t first, int64_t end, \
                                  int64_t input, int64_t count);                                                   \
  void conednn_pack_gradient_##TYPE(conednn_walk w, int64_t units, int64_t panel_units, int64_t output,            \
                                    int64_t outputs, char *packed);                                                \
  void conednn_sum_panel_##TYPE(const char *panel, int64_t units, float *sums);                                    \
  void conednn_multiply_##TYPE(const char *source, const char *panel, int64_t units, float *low, float *high,      \
                               int is_first);
CONEDNN_OUTER_PRODUCT(float32)
CONEDNN_OUTER_PRODUCT(bfloat16)
