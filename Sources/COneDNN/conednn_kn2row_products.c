#include "conednn_kn2row_products.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define INLINE(instructions) __attribute__((target(instructions), always_inline)) static inline

#define FLOAT32 "avx512f"
#define BFLOAT16 "avx512f,avx512bf16"

INLINE(FLOAT32) __m512 add_float32(__m512 sum, const void *unit, __m512 weights) {
  return _mm512_fmadd_ps(_mm512_set1_ps(*(const float *)unit), weights, sum);
}

INLINE(BFLOAT16) __m512 add_bfloat16(__m512 sum, const void *unit, __m512 weights) {
  __m512i pair = _mm512_set1_epi32(*(const int32_t *)unit);
  return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_castps_si512(weights), (__m512bh)pair);
}

// `pixels` is a constant wherever these are used, so that all sums stay in registers.
#define MULTIPLY(name, add, instructions)                                                                       \
  INLINE(instructions) void name(float *sums, const char *source, int64_t row, const float *weights,            \
                                 int64_t units, const int pixels) {                                             \
    __m512 low[KN2ROW_MOST_PIXELS], high[KN2ROW_MOST_PIXELS];                                                       \
    _Pragma("clang loop unroll(full)") for (int p = 0; p < pixels; p++) {                                       \
      low[p] = _mm512_load_ps(sums + p * KN2ROW_PANEL);                                                           \
      high[p] = _mm512_load_ps(sums + p * KN2ROW_PANEL + 16);                                                     \
    }                                                                                                           \
    for (int64_t u = 0; u < units; u++, source += row * 4, weights += KN2ROW_PANEL) {                             \
      __m512 w0 = _mm512_load_ps(weights), w1 = _mm512_load_ps(weights + 16);                                   \
      _Pragma("clang loop unroll(full)") for (int p = 0; p < pixels; p++) {                                     \
        low[p] = add(low[p], source + p * 4, w0);                                                               \
        high[p] = add(high[p], source + p * 4, w1);                                                             \
      }                                                                                                         \
    }                                                                                                           \
    _Pragma("clang loop unroll(full)") for (int p = 0; p < pixels; p++) {                                       \
      _mm512_store_ps(sums + p * KN2ROW_PANEL, low[p]);                                                           \
      _mm512_store_ps(sums + p * KN2ROW_PANEL + 16, high[p]);                                                     \
    }                                                                                                           \
  }

MULTIPLY(multiply_float32, add_float32, FLOAT32)
MULTIPLY(multiply_bfloat16, add_bfloat16, BFLOAT16)

#define CASE(name, n) \
  case n: name(sums, source, row, weights, units, n); return;
#define CASES(name)                                                                                             \
  switch (pixels) {                                                                                             \
    CASE(name, 1) CASE(name, 2) CASE(name, 3) CASE(name, 4) CASE(name, 5) CASE(name, 6) CASE(name, 7)           \
    CASE(name, 8) CASE(name, 9) CASE(name, 10) CASE(name, 11) CASE(name, 12) CASE(name, 13) CASE(name, 14)      \
  }

__attribute__((target(FLOAT32))) static void all_float32(float *sums, const char *source, int64_t row,
                                                         const float *weights, int64_t units, int64_t pixels) {
  CASES(multiply_float32)
}

__attribute__((target(BFLOAT16))) static void all_bfloat16(float *sums, const char *source, int64_t row,
                                                           const float *weights, int64_t units, int64_t pixels) {
  CASES(multiply_bfloat16)
}

void conednn_kn2row_multiply(float *sums, const void *source, int64_t row, const void *weights, int64_t units,
                           int64_t pixels, int32_t bfloat16) {
  if (bfloat16)
    all_bfloat16(sums, source, row, weights, units, pixels);
  else
    all_float32(sums, source, row, weights, units, pixels);
}

#endif
