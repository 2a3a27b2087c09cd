#include "conednn_winograd_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))

TARGET void conednn_multiply_tiles(const float *tiles, const float *weights, int64_t depth, float *result) {
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

enum { ROWS = 8 };

TARGET void conednn_multiply_channels(const float *source, const float *gradient, int64_t tiles, float *result,
                                      int64_t row_stride, int is_first) {
  __m512 low[ROWS], high[ROWS];
#pragma clang loop unroll(full)
  for (int i = 0; i < ROWS; i++) low[i] = high[i] = _mm512_setzero_ps();
  const float *second = gradient + tiles * LANES;
  for (int64_t t = 0; t < tiles; t++, source += LANES, gradient += LANES, second += LANES) {
    __m512 g0 = _mm512_load_ps(gradient), g1 = _mm512_load_ps(second);
#pragma clang loop unroll(full)
    for (int i = 0; i < ROWS; i++) {
      __m512 value = _mm512_set1_ps(source[i]);
      low[i] = _mm512_fmadd_ps(value, g0, low[i]);
      high[i] = _mm512_fmadd_ps(value, g1, high[i]);
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < ROWS; i++) {
    float *to = result + i * row_stride;
    _mm512_storeu_ps(to, is_first ? low[i] : _mm512_add_ps(_mm512_loadu_ps(to), low[i]));
    _mm512_storeu_ps(to + LANES, is_first ? high[i] : _mm512_add_ps(_mm512_loadu_ps(to + LANES), high[i]));
  }
}

#endif
