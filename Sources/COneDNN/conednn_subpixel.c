#include <string.h>

#include "conednn_arithmetic.h"
#include "conednn_internal.h"
#include "conednn_vectors.h"

#if defined(__x86_64__)

enum {
  PIXELS = 8,  // of one phase, in registers at a time
  INPUTS = 12,  // of the weight gradient, in registers at a time
};

typedef struct {
  const conednn_subpixel *shape;
  const void *given, *weights, *gradient;
  float *weight_gradient;
  char *destination;
  /// What is given, in float32, each row with zeros on both sides for the taps beyond the edges.
  float *source;
  int64_t margin, row, blocks;
} job;

static int64_t margin_of(const conednn_subpixel *s) { return quotient_up(s->kernel, s->stride); }
static int64_t row_of(const conednn_subpixel *s) {
  // With room for what the last pixels' neighbours in registers read and nobody stores.
  return (s->source_width + 2 * margin_of(s) + PIXELS) * s->inputs + INPUTS;
}

int32_t conednn_subpixel_supported(void) { return has_avx512(); }

int64_t conednn_subpixel_scratch_size(const conednn_subpixel *s) {
  return s->images * s->source_height * row_of(s) * (int64_t)sizeof(float);
}

TARGET static void widen_rows(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const conednn_subpixel *s = j->shape;
  int64_t count = s->source_width * s->inputs, before = j->margin * s->inputs;
  for (int64_t r = begin; r < end; r++) {
    float *to = j->source + r * j->row;
    memset(to, 0, (size_t)before * sizeof(float));
    memset(to + before + count, 0, (size_t)(j->row - before - count) * sizeof(float));
    to += before;
    if (s->bfloat16) {
      const uint16_t *from = (const uint16_t *)j->given + r * count;
      for (int64_t i = 0; i < count; i += LANES) {
        __mmask16 mask = (__mmask16)((1u << at_most(LANES, count - i)) - 1);
        _mm512_mask_storeu_ps(to + i, mask, widened(_mm256_maskz_loadu_epi16(mask, from + i)));
      }
    } else {
      memcpy(to, (const float *)j->given + r * count, (size_t)count * sizeof(float));
    }
  }
}

static job prepared(const conednn_subpixel *s, const void *source, void *scratch) {
  job j = {.shape = s, .given = source, .source = scratch, .margin = margin_of(s), .row = row_of(s),
           .blocks = quotient_up(s->outputs, LANES)};
  conednn_parallel(s->threads, s->images * s->source_height, 4, &j, widen_rows);
  return j;
}

INLINE __m512 load(const void *values, int64_t index, __mmask16 mask, int is_bfloat16) {
  return is_bfloat16 ? widened(_mm256_maskz_loadu_epi16(mask, (const uint16_t *)values + index))
                     : _mm512_maskz_loadu_ps(mask, (const float *)values + index);
}

/// One row of one phase: `count` pixels, `stride` apart from column `first` on, of 16 outputs.
INLINE void run_phase(const job *j, int64_t image, int64_t y, int64_t first, int64_t block, int is_bfloat16) {
  const conednn_subpixel *s = j->shape;
  int64_t whole_y = y + s->offset, whole_x = first + s->offset, taps = s->kernel * s->kernel;
  int64_t count = quotient_up(s->width - first, s->stride);
  __mmask16 mask = (__mmask16)((1u << at_most(LANES, s->outputs - block * LANES)) - 1);
  int64_t place = ((image * s->height + y) * s->width + first) * s->outputs + block * LANES;
  int is_float = !is_bfloat16 || s->float_destination;
  for (int64_t p = 0; p < count; p += PIXELS) {
    __m512 sums[PIXELS];
#pragma clang loop unroll(full)
    for (int g = 0; g < PIXELS; g++) sums[g] = _mm512_setzero_ps();
    for (int64_t ky = whole_y % s->stride; ky < s->kernel; ky += s->stride) {
      int64_t row = whole_y - ky;
      if (row < 0 || row / s->stride >= s->source_height) continue;
      const float *line = j->source + (image * s->source_height + row / s->stride) * j->row;
      for (int64_t kx = whole_x % s->stride; kx < s->kernel; kx += s->stride) {
        // The margin keeps this in the line: a tap reaches at most kernel / stride columns beyond either edge.
        const float *x = line + ((whole_x - kx) / s->stride + j->margin + p) * s->inputs;
        int64_t weight = (block * taps + ky * s->kernel + kx) * s->inputs * LANES;
        for (int64_t i = 0; i < s->inputs; i++) {
          __m512 w = load(j->weights, weight + i * LANES, 0xFFFF, is_bfloat16);
#pragma clang loop unroll(full)
          for (int g = 0; g < PIXELS; g++) {
            sums[g] = _mm512_fmadd_ps(_mm512_set1_ps(x[g * s->inputs + i]), w, sums[g]);
          }
        }
      }
    }
#pragma clang loop unroll(full)
    for (int g = 0; g < PIXELS; g++) {
      if (p + g >= count) break;
      int64_t index = place + (p + g) * s->stride * s->outputs;
      if (is_float) {
        _mm512_mask_storeu_ps((float *)j->destination + index, mask, sums[g]);
      } else {
        _mm256_mask_storeu_epi16((uint16_t *)j->destination + index, mask, narrowed(sums[g]));
      }
    }
  }
}

TARGET static void run_rows(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const conednn_subpixel *s = j->shape;
  for (int64_t r = begin; r < end; r++) {
    for (int64_t block = 0; block < j->blocks; block++) {
      for (int64_t first = 0; first < at_most(s->stride, s->width); first++) {
        if (s->bfloat16) {
          run_phase(j, r / s->height, r % s->height, first, block, 1);
        } else {
          run_phase(j, r / s->height, r % s->height, first, block, 0);
        }
      }
    }
  }
}

void conednn_subpixel_run(const conednn_subpixel *s, const void *source, const void *weights, void *destination,
                            void *scratch) {
  job j = prepared(s, source, scratch);
  j.weights = weights;
  j.destination = destination;
  conednn_parallel(s->threads, s->images * s->height, 4, &j, run_rows);
}

/// The gradient of one tap's weights from up to 12 inputs to 16 outputs: a sum over all pixels of the source.
INLINE void sum_tap(const job *j, int64_t block, int64_t tap, int64_t input, int64_t inputs, int is_bfloat16) {
  const conednn_subpixel *s = j->shape;
  int64_t ky = tap / s->kernel, kx = tap % s->kernel;
  // Destination column of source column c: c * stride + kx - offset, where that is one.
  int64_t begin = quotient_up(at_least(0, s->offset - kx), s->stride);
  int64_t end = at_most(s->source_width, quotient_up(at_least(0, s->width + s->offset - kx), s->stride));
  __mmask16 mask = (__mmask16)((1u << at_most(LANES, s->outputs - block * LANES)) - 1);
  __m512 sums[INPUTS];
  for (int i = 0; i < INPUTS; i++) sums[i] = _mm512_setzero_ps();
  for (int64_t r = 0; r < s->images * s->source_height; r++) {
    int64_t image = r / s->source_height, y = r % s->source_height * s->stride + ky - s->offset;
    if (y < 0 || y >= s->height) continue;
    const float *x = j->source + r * j->row + (begin + j->margin) * s->inputs + input;
    int64_t index = ((image * s->height + y) * s->width + begin * s->stride + kx - s->offset) * s->outputs;
    index += block * LANES;
    for (int64_t c = begin; c < end; c++, x += s->inputs, index += s->stride * s->outputs) {
      __m512 g = load(j->gradient, index, mask, is_bfloat16);
      // Beyond `inputs` these are the next pixel's values or the margin's: sums that nobody stores.
#pragma clang loop unroll(full)
      for (int i = 0; i < INPUTS; i++) sums[i] = _mm512_fmadd_ps(_mm512_set1_ps(x[i]), g, sums[i]);
    }
  }
  float *to = j->weight_gradient + ((block * s->kernel * s->kernel + tap) * s->inputs + input) * LANES;
  for (int i = 0; i < inputs; i++) _mm512_storeu_ps(to + i * LANES, sums[i]);
}

TARGET static void sum_taps(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  int64_t inputs = j->shape->inputs;
  for (int64_t tap = begin; tap < end; tap++) {
    for (int64_t block = 0; block < j->blocks; block++) {
      for (int64_t input = 0; input < inputs; input += INPUTS) {
        int64_t count = at_most(INPUTS, inputs - input);
        if (j->shape->bfloat16) {
          sum_tap(j, block, tap, input, count, 1);
        } else {
          sum_tap(j, block, tap, input, count, 0);
        }
      }
    }
  }
}

void conednn_subpixel_gradient_run(const conednn_subpixel *s, const void *source, const void *gradient,
                                     float *weights, void *scratch) {
  job j = prepared(s, source, scratch);
  j.gradient = gradient;
  j.weight_gradient = weights;
  conednn_parallel(s->threads, s->kernel * s->kernel, 1, &j, sum_taps);
}

#else

int32_t conednn_subpixel_supported(void) { return 0; }
int64_t conednn_subpixel_scratch_size(const conednn_subpixel *s) { return (void)s, 0; }
void conednn_subpixel_run(const conednn_subpixel *s, const void *source, const void *weights, void *destination,
                            void *scratch) {
  (void)s, (void)source, (void)weights, (void)destination, (void)scratch;
}
void conednn_subpixel_gradient_run(const conednn_subpixel *s, const void *source, const void *gradient,
                                     float *weights, void *scratch) {
  (void)s, (void)source, (void)gradient, (void)weights, (void)scratch;
}

#endif
