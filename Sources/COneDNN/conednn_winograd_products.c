#include "conednn_winograd_internal.h"

#if defined(__x86_64__)

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

TARGET void conednn_multiply_channels(const float *source, const float *gradient, int64_t tiles, float *result,
                                      int64_t row_stride, int is_first) {
  outer_product(source, gradient, gradient + tiles * LANES, LANES, tiles, result, result + LANES, row_stride, is_first);
}

#endif
