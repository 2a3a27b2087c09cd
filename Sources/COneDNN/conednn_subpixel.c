#include <string.h>

#include "conednn_arithmetic.h"
#include "conednn_internal.h"
#include "conednn_vectors.h"

#if defined(__x86_64__)

enum {
  // In registers at a time, at most: pixels of one phase, and inputs of the weight gradient.
  MOST_PIXELS = 8,
  MOST_INPUTS = 12,
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
  return (s->source_width + 2 * margin_of(s) + MOST_PIXELS) * s->inputs + MOST_INPUTS;
}

int32_t conednn_subpixel_supported(int32_t bfloat16) { return bfloat16 ? conednn_has_avx512() : conednn_has_avx2(); }
const char *conednn_subpixel_instructions(int32_t bfloat16) {
  return bfloat16 ? "avx512_bf16" : conednn_has_avx512() ? "avx512" : "avx2";
}

int64_t conednn_subpixel_scratch_size(const conednn_subpixel *s) {
  return s->images * s->source_height * row_of(s) * (int64_t)sizeof(float);
}

/// 16 outputs: one register with AVX-512, two with AVX2.
typedef float lanes __attribute__((ext_vector_type(16)));

// One source for both instruction sets, whose sums have the same order and so the same bits. What passes 16 values on is
// always inlined: no calling convention is concerned.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"
#define WITH_AVX512 1
#define NAME(name) name##_avx512
#define LOOPS __attribute__((target(AVX512)))
#define PIXELS 8
#define INPUTS 12
#include "conednn_subpixel_loops.h"
#undef WITH_AVX512
#undef NAME
#undef LOOPS
#undef PIXELS
#undef INPUTS

#define WITH_AVX512 0
#define NAME(name) name##_avx2
#define LOOPS __attribute__((target("avx2,fma")))
#define PIXELS 6
#define INPUTS 6
#include "conednn_subpixel_loops.h"
#pragma clang diagnostic pop

typedef void (*loop)(void *context, int64_t begin, int64_t end);

static job prepared(const conednn_subpixel *s, const void *source, void *scratch) {
  job j = {.shape = s, .given = source, .source = scratch, .margin = margin_of(s), .row = row_of(s),
           .blocks = quotient_up(s->outputs, LANES)};
  loop widen = conednn_has_avx512() ? widen_rows_avx512 : widen_rows_avx2;
  conednn_parallel(s->threads, s->images * s->source_height, 4, &j, widen);
  return j;
}

void conednn_subpixel_run(const conednn_subpixel *s, const void *source, const void *weights, void *destination,
                            void *scratch) {
  job j = prepared(s, source, scratch);
  j.weights = weights;
  j.destination = destination;
  loop run = conednn_has_avx512() ? run_rows_avx512 : run_rows_avx2;
  conednn_parallel(s->threads, s->images * s->height, 4, &j, run);
}

void conednn_subpixel_gradient_run(const conednn_subpixel *s, const void *source, const void *gradient,
                                     float *weights, void *scratch) {
  job j = prepared(s, source, scratch);
  j.gradient = gradient;
  j.weight_gradient = weights;
  loop sum = conednn_has_avx512() ? sum_taps_avx512 : sum_taps_avx2;
  conednn_parallel(s->threads, s->kernel * s->kernel, 1, &j, sum);
}

#else

int32_t conednn_subpixel_supported(int32_t bfloat16) { return (void)bfloat16, 0; }
const char *conednn_subpixel_instructions(int32_t bfloat16) { return (void)bfloat16, ""; }
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
