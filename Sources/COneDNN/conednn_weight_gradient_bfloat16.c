#include "conednn_weight_gradient_internal.h"
#include "conednn_vectors.h"

#if defined(__x86_64__)
#include <string.h>

#undef TARGET
#define TARGET __attribute__((target(AVX512 ",avx512bf16")))

/// 32 channels of two pixels as 16 + 16 pairs.
TARGET static inline void interleave(__m512i a, __m512i b, __m512i *low, __m512i *high) {
  const __m512i first = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7, 38, 6, 37,
                                         5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
  *low = _mm512_permutex2var_epi16(a, first, b);
  *high = _mm512_permutex2var_epi16(a, _mm512_add_epi16(first, _mm512_set1_epi16(16)), b);
}

TARGET static inline __m512i load_channels(const char *pixel, int64_t channel, __mmask32 mask) {
  return _mm512_maskz_loadu_epi16(pixel ? mask : 0, pixel + (pixel ? channel * 2 : 0));
}

TARGET void conednn_pack_source_bfloat16(const conednn_packed_source *packed, conednn_walk w, int64_t first,
                                         int64_t end, int64_t input, int64_t count) {
  int64_t blocks = (count + BLOCK - 1) / BLOCK;
  char *odd = packed->base + packed->blocks * packed->units * 64;
  const char *next = conednn_walk_next(&w);
  for (int64_t u = first; u < end; u++) {
    const char *even = next, *middle = conednn_walk_next(&w);
    next = conednn_walk_next(&w);
    for (int64_t b = 0; b < blocks; b += 2) {
      int64_t present = count - b * BLOCK < 2 * BLOCK ? count - b * BLOCK : 2 * BLOCK;
      __mmask32 mask = (__mmask32)((1ull << present) - 1);
      __m512i x0 = load_channels(even, input + b * BLOCK, mask);
      __m512i x1 = load_channels(middle, input + b * BLOCK, mask);
      __m512i low, high;
      char *place = packed->base + (b * packed->units + u) * 64;
      interleave(x0, x1, &low, &high);
      _mm512_store_si512((__m512i *)place, low);
      if (b + 1 < blocks) _mm512_store_si512((__m512i *)(place + packed->units * 64), high);
      if (packed->copies == 1) continue;
      __m512i x2 = load_channels(next, input + b * BLOCK, mask);
      interleave(x1, x2, &low, &high);
      place = odd + (b * packed->units + u) * 64;
      _mm512_store_si512((__m512i *)place, low);
      if (b + 1 < blocks) _mm512_store_si512((__m512i *)(place + packed->units * 64), high);
    }
  }
}

TARGET static inline __m512 even_values(__m512i pairs) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
}
TARGET static inline __m512 odd_values(__m512i pairs) {
  return _mm512_castsi512_ps(_mm512_and_epi32(pairs, _mm512_set1_epi32((int)0xFFFF0000)));
}

TARGET void conednn_pack_gradient_bfloat16(conednn_walk w, int64_t units, int64_t panel_units, int64_t output,
                                           int64_t outputs, char *packed) {
  for (int64_t u = 0; u < units; u++) {
    const char *first = conednn_walk_next(&w), *second = conednn_walk_next(&w);
    char *place = packed + u * 128;
    for (int64_t o = output; o < output + outputs; o += PANEL, place += panel_units * 128) {
      __m512i low, high;
      interleave(load_channels(first, o, ~0u), load_channels(second, o, ~0u), &low, &high);
      _mm512_store_si512((__m512i *)place, low);
      _mm512_store_si512((__m512i *)(place + 64), high);
    }
  }
}

TARGET void conednn_sum_panel_bfloat16(const char *panel, int64_t units, float *sums) {
  __m512 sum0 = _mm512_setzero_ps(), sum1 = _mm512_setzero_ps();
  for (int64_t u = 0; u < units; u++, panel += 128) {
    __m512i low = _mm512_load_si512(panel), high = _mm512_load_si512(panel + 64);
    sum0 = _mm512_add_ps(sum0, _mm512_add_ps(even_values(low), odd_values(low)));
    sum1 = _mm512_add_ps(sum1, _mm512_add_ps(even_values(high), odd_values(high)));
  }
  _mm512_storeu_ps(sums, _mm512_add_ps(_mm512_loadu_ps(sums), sum0));
  _mm512_storeu_ps(sums + BLOCK, _mm512_add_ps(_mm512_loadu_ps(sums + BLOCK), sum1));
}

TARGET void conednn_multiply_bfloat16(const char *source, const char *panel, int64_t units, float *low,
                                      float *high, int is_first) {
  __m512 a[SUM_ROWS], b[SUM_ROWS];
#pragma clang loop unroll(full)
  for (int i = 0; i < SUM_ROWS; i++) a[i] = b[i] = _mm512_setzero_ps();
  fetch_sums(low, high, BLOCK);
  for (int64_t u = 0; u < units; u++, source += 64, panel += 128) {
    __m512bh g0 = (__m512bh)_mm512_load_si512(panel), g1 = (__m512bh)_mm512_load_si512(panel + 64);
#pragma clang loop unroll(full)
    for (int i = 0; i < SUM_ROWS; i++) {
      int32_t pair;
      memcpy(&pair, source + 4 * i, 4);
      __m512bh value = (__m512bh)_mm512_set1_epi32(pair);
      a[i] = _mm512_dpbf16_ps(a[i], value, g0);
      b[i] = _mm512_dpbf16_ps(b[i], value, g1);
    }
  }
  put_sums(a, b, low, high, BLOCK, is_first);
}

#endif
