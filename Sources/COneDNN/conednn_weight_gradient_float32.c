#include "conednn_weight_gradient_internal.h"
#include "conednn_vectors.h"

#if defined(__x86_64__)

static const char zero_pixel[PANEL * 4];

TARGET void conednn_pack_source_float32(const conednn_packed_source *packed, conednn_walk w, int64_t first,
                                        int64_t end, int64_t input, int64_t count) {
  int64_t blocks = (count + BLOCK - 1) / BLOCK;
  for (int64_t u = first; u < end; u++) {
    const float *pixel = (const float *)conednn_walk_next(&w);
    for (int64_t b = 0; b < blocks; b++) {
      int64_t present = count - b * BLOCK < BLOCK ? count - b * BLOCK : BLOCK;
      __mmask16 mask = pixel ? (__mmask16)((1u << present) - 1) : 0;
      __m512 x = _mm512_maskz_loadu_ps(mask, pixel + (pixel ? input + b * BLOCK : 0));
      _mm512_store_ps((float *)packed->base + (b * packed->units + u) * BLOCK, x);
    }
  }
}

TARGET void conednn_pack_gradient_float32(conednn_walk w, int64_t units, int64_t panel_units, int64_t output,
                                          int64_t outputs, char *packed) {
  for (int64_t u = 0; u < units; u++) {
    const float *pixel = (const float *)conednn_walk_next(&w);
    float *place = (float *)packed + u * PANEL;
    for (int64_t o = output; o < output + outputs; o += PANEL, place += panel_units * PANEL) {
      const float *from = pixel ? pixel + o : (const float *)zero_pixel;
      _mm512_store_ps(place, _mm512_loadu_ps(from));
      _mm512_store_ps(place + BLOCK, _mm512_loadu_ps(from + BLOCK));
    }
  }
}

TARGET void conednn_sum_panel_float32(const char *panel, int64_t units, float *sums) {
  __m512 low = _mm512_setzero_ps(), high = _mm512_setzero_ps();
  for (int64_t u = 0; u < units; u++, panel += 128) {
    low = _mm512_add_ps(low, _mm512_load_ps(panel));
    high = _mm512_add_ps(high, _mm512_load_ps(panel + 64));
  }
  _mm512_storeu_ps(sums, _mm512_add_ps(_mm512_loadu_ps(sums), low));
  _mm512_storeu_ps(sums + BLOCK, _mm512_add_ps(_mm512_loadu_ps(sums + BLOCK), high));
}

TARGET void conednn_multiply_float32(const char *source, const char *panel, int64_t units, float *low,
                                     float *high, int is_first) {
  const float *columns = (const float *)panel;
  fetch_sums(low, high, BLOCK);
  outer_product((const float *)source, columns, columns + BLOCK, PANEL, units, low, high, BLOCK, is_first);
}

#endif
