#include "conednn_kn2row.h"

#include <string.h>

#include "conednn_arithmetic.h"
#include "conednn_internal.h"
#include "conednn_kn2row_products.h"
#include "conednn_vectors.h"

#if defined(__x86_64__)

// The source is first packed as [rows][units][pixels of a row]. Then for each panel of outputs, channels after channels
// and tap after tap, the weights of both (16 KiB, in the first-level cache) meet all rows that the tap reaches.

enum {
  UNITS = 128,  // of weights that are used together
  PANEL = KN2ROW_PANEL,
};

typedef struct {
  const conednn_kn2row *shape;
  const char *source, *weights;
  const float *bias;
  char *destination;
  char *packed, *sums;
  int64_t rows, columns;  // of the destination
  int64_t units, row_units;
  int64_t panels, parts, part_rows;  // of the rows of all images
  int64_t sum_bytes;
} job;

static job plan(const conednn_kn2row *s) {
  job j = {.shape = s};
  j.rows = s->height + 2 * s->padding - s->kernel + 1;
  j.columns = s->width + 2 * s->padding - s->kernel + 1;
  j.units = s->bfloat16 ? s->inputs / 2 : s->inputs;
  j.row_units = j.units * s->width;
  j.panels = s->outputs / PANEL;
  // Parts of the rows read the weights once each.
  int64_t all_rows = s->images * j.rows, wanted = s->threads > 1 ? quotient_up(3 * s->threads, j.panels) : 1;
  j.part_rows = quotient_up(all_rows, at_most(wanted, all_rows));
  j.parts = quotient_up(all_rows, j.part_rows);
  j.sum_bytes = j.part_rows * j.columns * PANEL * 4;
  return j;
}

int32_t conednn_kn2row_supported(const conednn_kn2row *s) {
  return has_avx512_products(s->bfloat16) && s->inputs % PANEL == 0 && s->outputs % PANEL == 0 && s->padding >= 0 &&
         s->padding < s->kernel;
}

static int64_t packed_bytes(const job *j) {
  return whole_lines(j->shape->images * j->shape->height * j->row_units * 4);
}

int64_t conednn_kn2row_scratch_size(const conednn_kn2row *s) {
  job j = plan(s);
  return packed_bytes(&j) + s->threads * j.sum_bytes;
}

static void pack(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  int64_t width = j->shape->width;
  for (int64_t row = begin; row < end; row++) {
    const char *from = j->source + row * j->row_units * 4;
    char *to = j->packed + row * j->row_units * 4;
    // A line of each pixel at a time.
    for (int64_t first = 0; first < j->units; first += 16)
      for (int64_t u = first; u < at_most(first + 16, j->units); u++)
        for (int64_t x = 0; x < width; x++) memcpy(to + (u * width + x) * 4, from + (x * j->units + u) * 4, 4);
  }
}

/// One tap's products for one row of the destination.
static void multiply_row(const job *j, float *sums, int64_t row, int64_t tap_column, const char *weights,
                         int64_t first, int64_t units) {
  const conednn_kn2row *s = j->shape;
  int64_t shift = tap_column - s->padding;
  int64_t begin = at_least(0, -shift), end = at_most(j->columns, s->width - shift);
  int64_t count = end - begin, pieces = quotient_up(count, KN2ROW_MOST_PIXELS);
  const char *source = j->packed + (row * j->row_units + first * s->width + shift) * 4;
  for (int64_t piece = 0; piece < pieces; piece++) {
    int64_t from = begin + count * piece / pieces, to = begin + count * (piece + 1) / pieces;
    conednn_kn2row_multiply(sums + from * PANEL, source + from * 4, s->width, weights, units, to - from, s->bfloat16);
  }
}

/// The weights of one panel, tap and run of units.
static const char *weights_of(const job *j, int64_t panel, int64_t tap, int64_t first) {
  int64_t taps = j->shape->kernel * j->shape->kernel, stored = j->shape->rotated ? taps - 1 - tap : tap;
  return j->weights + ((panel * taps + stored) * j->units + first) * PANEL * 4;
}

/// One tap's products for all rows, while the weights of the next are fetched.
static void multiply_tap(const job *j, float *sums, int64_t begin, int64_t end, int64_t tap, const char *weights,
                         int64_t first, int64_t units, const char *next) {
  const conednn_kn2row *s = j->shape;
  int64_t lines = UNITS * PANEL * 4 / 64, fetched = 0;
  for (int64_t row = begin; row < end; row++) {
    for (int64_t until = (row + 1 - begin) * lines / (end - begin); fetched < until; fetched++)
      __builtin_prefetch(next + fetched * 64, 0, 2);
    int64_t y = row % j->rows + tap / s->kernel - s->padding;
    if (y >= 0 && y < s->height)
      multiply_row(j, sums + (row - begin) * j->columns * PANEL, row / j->rows * s->height + y, tap % s->kernel,
                   weights, first, units);
  }
}

static void multiply_part(const job *j, float *sums, int64_t panel, int64_t begin, int64_t end) {
  int64_t taps = j->shape->kernel * j->shape->kernel;
  for (int64_t first = 0; first < j->units; first += UNITS)
    for (int64_t tap = 0; tap < taps; tap++) {
      int is_last = tap + 1 == taps;
      const char *next = weights_of(j, panel, is_last ? 0 : tap + 1, is_last ? first + UNITS : first);
      multiply_tap(j, sums, begin, end, tap, weights_of(j, panel, tap, first), first, at_most(UNITS, j->units - first),
                   next);
    }
}

TARGET static void write_part(const job *j, const float *sums, int64_t panel, int64_t begin, int64_t end) {
  const conednn_kn2row *s = j->shape;
  for (int64_t half = 0; half < PANEL; half += LANES) {
    int64_t channel = panel * PANEL + half;
    __m512 offset = j->bias ? _mm512_loadu_ps(j->bias + channel) : _mm512_setzero_ps();
    for (int64_t pixel = begin * j->columns; pixel < end * j->columns; pixel++) {
      __m512 x = _mm512_add_ps(_mm512_load_ps(sums + (pixel - begin * j->columns) * PANEL + half), offset);
      if (s->rectified) x = _mm512_max_ps(_mm512_setzero_ps(), x);
      if (s->bfloat16)
        _mm256_storeu_si256((__m256i *)(j->destination + (pixel * s->outputs + channel) * 2), narrowed(x));
      else
        _mm512_storeu_ps((float *)j->destination + pixel * s->outputs + channel, x);
    }
  }
}

static void run_part(void *context, int32_t worker, int64_t index) {
  const job *j = context;
  // Panel after panel: with few threads each of them reads its panels' weights once.
  int64_t panel = index / j->parts, part = index % j->parts;
  int64_t begin = part * j->part_rows, end = at_most(begin + j->part_rows, j->shape->images * j->rows);
  float *sums = (float *)(j->sums + worker * j->sum_bytes);
  memset(sums, 0, (size_t)j->sum_bytes);
  multiply_part(j, sums, panel, begin, end);
  write_part(j, sums, panel, begin, end);
}

void conednn_kn2row_run(const conednn_kn2row *s, const void *source, const void *weights, const float *bias,
                      void *destination, void *scratch) {
  job j = plan(s);
  j.source = source;
  j.weights = weights;
  j.bias = bias;
  j.destination = destination;
  j.packed = scratch;
  j.sums = j.packed + packed_bytes(&j);
  conednn_parallel(s->threads, s->images * s->height, 1, &j, pack);
  conednn_parallel_workers(s->threads, j.panels * j.parts, &j, run_part);
}

#else

int32_t conednn_kn2row_supported(const conednn_kn2row *s) { return (void)s, 0; }
int64_t conednn_kn2row_scratch_size(const conednn_kn2row *s) { return (void)s, 0; }
void conednn_kn2row_run(const conednn_kn2row *s, const void *source, const void *weights, const float *bias,
                      void *destination, void *scratch) {
  (void)s, (void)source, (void)weights, (void)bias, (void)destination, (void)scratch;
}

#endif
