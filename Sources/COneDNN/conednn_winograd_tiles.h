#pragma once
#include "conednn_winograd_internal.h"

// What both kinds of tile need of an activation's pixels.

typedef __m512 vector;

INLINE vector all(float x) { return _mm512_set1_ps(x); }

INLINE vector load(const char *pixel, int64_t channel, int bfloat16) {
  if (!bfloat16) return _mm512_loadu_ps((const float *)pixel + channel);
  return widened(_mm256_loadu_si256((const __m256i *)((const uint16_t *)pixel + channel)));
}

INLINE void store(char *pixel, int64_t channel, vector x, int bfloat16, int past_cache) {
  if (bfloat16)
    _mm256_storeu_si256((__m256i *)((uint16_t *)pixel + channel), narrowed(x));
  else if (past_cache)
    _mm512_stream_ps((float *)pixel + channel, x);
  else
    _mm512_storeu_ps((float *)pixel + channel, x);
}

/// One tile's place: its first pixel (maybe outside the image) and which of its rows and columns are inside.
typedef struct {
  const char *first;
  int64_t row_bytes, pixel_bytes;
  int64_t top, bottom, left, right;
} place;

INLINE place place_of(const conednn_tiling *t, const void *activation, int64_t tile, int64_t size) {
  int64_t line = tile / t->columns, image = line / t->rows;
  int64_t y = line % t->rows * t->tile - t->margin, x = tile % t->columns * t->tile - t->margin;
  place p = {.pixel_bytes = t->channels * (t->bfloat16 ? 2 : 4)};
  p.row_bytes = p.pixel_bytes * t->width;
  p.first = (const char *)activation + (image * t->height + y) * p.row_bytes + x * p.pixel_bytes;
  p.top = y < 0 ? -y : 0;
  p.left = x < 0 ? -x : 0;
  p.bottom = at_most(size, t->height - y);
  p.right = at_most(size, t->width - x);
  return p;
}

/// Whether all pixels of a tile are inside the image.
INLINE int is_inner(const place *p, int64_t size) {
  return p->top == 0 && p->left == 0 && p->bottom == size && p->right == size;
}

/// One row's pixels of a tile; `inner`: all of them are inside the image, which needs no test for each.
INLINE void load_row(const place *p, int64_t row, int64_t channel, int size, int inner, int bfloat16, vector *d) {
#pragma clang loop unroll(full)
  for (int column = 0; column < size; column++) {
    int inside = inner || (row >= p->top && row < p->bottom && column >= p->left && column < p->right);
    d[column] = inside ? load(p->first + row * p->row_bytes + column * p->pixel_bytes, channel, bfloat16) : all(0);
  }
}

/// Where product 0 of a tile's first line is.
static inline char *tile_line(conednn_points points, int64_t tile) {
  return points.base + tile / GROUP * points.group + tile % GROUP * LINE;
}
