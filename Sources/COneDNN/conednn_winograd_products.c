#include "conednn_winograd_internal.h"

#if defined(__x86_64__)

TARGET void conednn_multiply_floats(const char *tile_lines, const char *weight_lines, int64_t depth, float *result) {
  const float *tiles = (const float *)tile_lines, *weights = (const float *)weight_lines;
  __m512 low[GROUP], high[GROUP];
#pragma clang loop unroll(full)
  for (int t = 0; t < GROUP; t++) low[t] = high[t] = _mm512_setzero_ps();
  for (int64_t block = 0; block < depth; block += LANES, tiles += (GROUP - 1) * LANES)
    for (int k = 0; k < LANES; k++, tiles++, weights += PANEL) {
      __m512 w0 = _mm512_load_ps(weights), w1 = _mm512_load_ps(weights + LANES);
#pragma clang loop unroll(full)
      for (int t = 0; t < GROUP; t++) {
        __m512 value = _mm512_set1_ps(tiles[t * LANES]);
        low[t] = _mm512_fmadd_ps(value, w0, low[t]);
        high[t] = _mm512_fmadd_ps(value, w1, high[t]);
      }
    }
#pragma clang loop unroll(full)
  for (int t = 0; t < GROUP; t++) {
    _mm512_store_ps(result + t * LANES, low[t]);
    _mm512_store_ps(result + (GROUP + t) * LANES, high[t]);
  }
}

TARGET void conednn_multiply_float_channels(const char *source, const char *gradient, int64_t tiles, float *result,
                                            int64_t row_stride, int is_first) {
  const float *columns = (const float *)gradient;
  outer_product((const float *)source, columns, columns + tiles * LANES, LANES, tiles, result, result + LANES,
                row_stride, is_first);
}

// Two neighbouring bfloat16 values are multiplied and added to a float32 sum at once (VDPBF16PS).

#undef TARGET
#define TARGET __attribute__((target(AVX512 ",avx512bf16")))

INLINE __m512bh two_of_all(const char *pair) {
  int32_t value;
  __builtin_memcpy(&value, pair, sizeof value);
  return (__m512bh)_mm512_set1_epi32(value);
}
INLINE __m512bh load_pairs(const char *line) {
  return (__m512bh)_mm512_load_si512(line);
}

TARGET void conednn_multiply_pairs(const char *tiles, const char *weights, int64_t depth, float *result) {
  __m512 low[GROUP], high[GROUP];
#pragma clang loop unroll(full)
  for (int t = 0; t < GROUP; t++) low[t] = high[t] = _mm512_setzero_ps();
  for (int64_t block = 0; block < depth; block += 2 * LANES, tiles += (GROUP - 1) * LINE)
    for (int k = 0; k < LANES; k++, tiles += 4, weights += 2 * LINE) {
      __m512bh w0 = load_pairs(weights), w1 = load_pairs(weights + LINE);
#pragma clang loop unroll(full)
      for (int t = 0; t < GROUP; t++) {
        __m512bh value = two_of_all(tiles + t * LINE);
        low[t] = _mm512_dpbf16_ps(low[t], value, w0);
        high[t] = _mm512_dpbf16_ps(high[t], value, w1);
      }
    }
#pragma clang loop unroll(full)
  for (int t = 0; t < GROUP; t++) {
    _mm512_store_ps(result + t * LANES, low[t]);
    _mm512_store_ps(result + (GROUP + t) * LANES, high[t]);
  }
}

TARGET void conednn_multiply_pair_channels(const char *source, const char *gradient, int64_t tiles, float *result,
                                          int64_t row_stride, int is_first) {
  __m512 low[SUM_ROWS], high[SUM_ROWS];
#pragma clang loop unroll(full)
  for (int i = 0; i < SUM_ROWS; i++) low[i] = high[i] = _mm512_setzero_ps();
  const char *second = gradient + tiles / 2 * LINE;
  for (int64_t t = 0; t < tiles; t += 2, source += LINE, gradient += LINE, second += LINE) {
    __m512bh g0 = load_pairs(gradient), g1 = load_pairs(second);
#pragma clang loop unroll(full)
    for (int i = 0; i < SUM_ROWS; i++) {
      __m512bh value = two_of_all(source + 4 * i);
      low[i] = _mm512_dpbf16_ps(low[i], value, g0);
      high[i] = _mm512_dpbf16_ps(high[i], value, g1);
    }
  }
  put_sums(low, high, result, result + LANES, row_stride, is_first);
}

#endif
