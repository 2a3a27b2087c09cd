#pragma once
#include <stdint.h>

// What our own loops for processors with AVX-512 have in common.

/// Whether our own loops may use AVX2, AVX-512, or AVX-512's products of bfloat16: where the library does too, so that
/// ONEDNN_MAX_CPU_ISA makes the processors of a mixed cluster compute the same bits.
int conednn_has_avx2(void);
int conednn_has_avx512(void);
int conednn_has_avx512_bfloat16(void);

enum {
  LANES = 16,
  SUM_ROWS = 8,  // of an outer product, in registers at a time: 8 rows x 32 columns of sums
};

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 "avx512f,avx512bw,avx512vl,avx512dq"
#define TARGET __attribute__((target(AVX512)))
#define INLINE TARGET static inline __attribute__((always_inline))

/// Also products of bfloat16 where `bfloat16`.
static inline int has_avx512_products(int bfloat16) {
  return bfloat16 ? conednn_has_avx512_bfloat16() : conednn_has_avx512();
}

/// bfloat16 to float32.
INLINE __m512 widened(__m256i halves) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

/// float32 to bfloat16 in the low halves of 32-bit lanes: to the nearest, ties to even; a NaN stays one.
INLINE __m512i narrowed_in_place(__m512 values) {
  __m512i bits = _mm512_castps_si512(values);
  __m512i odd = _mm512_and_epi32(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
  __mmask16 is_nan = _mm512_cmp_ps_mask(values, values, _CMP_UNORD_Q);
  rounded = _mm512_mask_or_epi32(rounded, is_nan, bits, _mm512_set1_epi32(0x400000));
  return _mm512_srli_epi32(rounded, 16);
}
INLINE __m256i narrowed(__m512 values) { return _mm512_cvtepi32_epi16(narrowed_in_place(values)); }

/// Adds sums, of 16 columns each, to the rows at `low` and `high`, `stride` floats apart, or replaces these.
INLINE void put_sums(const __m512 a[SUM_ROWS], const __m512 b[SUM_ROWS], float *low, float *high, int64_t stride,
                     int is_first) {
#pragma clang loop unroll(full)
  for (int i = 0; i < SUM_ROWS; i++, low += stride, high += stride) {
    _mm512_storeu_ps(low, is_first ? a[i] : _mm512_add_ps(_mm512_loadu_ps(low), a[i]));
    _mm512_storeu_ps(high, is_first ? b[i] : _mm512_add_ps(_mm512_loadu_ps(high), b[i]));
  }
}

/// Fetches the rows that `put_sums` will change.
INLINE void fetch_sums(const float *low, const float *high, int64_t stride) {
#pragma clang loop unroll(full)
  for (int i = 0; i < SUM_ROWS; i++, low += stride, high += stride) {
    _mm_prefetch((const char *)low, _MM_HINT_T0);
    _mm_prefetch((const char *)high, _MM_HINT_T0);
  }
}

/// The sum over `count` places of rows [places][16], the first 8 of them, x columns, whose halves are at `left` and
/// `right`, `step` floats from place to place.
INLINE void outer_product(const float *rows, const float *left, const float *right, int64_t step, int64_t count,
                          float *low, float *high, int64_t stride, int is_first) {
  __m512 a[SUM_ROWS], b[SUM_ROWS];
#pragma clang loop unroll(full)
  for (int i = 0; i < SUM_ROWS; i++) a[i] = b[i] = _mm512_setzero_ps();
  for (int64_t n = 0; n < count; n++, rows += LANES, left += step, right += step) {
    __m512 left_columns = _mm512_load_ps(left), right_columns = _mm512_load_ps(right);
#pragma clang loop unroll(full)
    for (int i = 0; i < SUM_ROWS; i++) {
      __m512 row = _mm512_set1_ps(rows[i]);
      a[i] = _mm512_fmadd_ps(row, left_columns, a[i]);
      b[i] = _mm512_fmadd_ps(row, right_columns, b[i]);
    }
  }
  put_sums(a, b, low, high, stride, is_first);
}

#endif
