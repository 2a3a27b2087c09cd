#include "conednn_reorder.h"

#include <string.h>

#include "conednn_vectors.h"

enum { TILE = 16 };

static int is_run(const int64_t *offsets, int64_t count, int64_t step) {
  for (int64_t i = 0; i < count; i++)
    if (offsets[i] != offsets[0] + i * step) return 0;
  return 1;
}

/// Whether every whole group of 16 advances by `step`.
static int has_runs(const int64_t *offsets, int64_t count, int64_t step) {
  for (int64_t i = 0; i + TILE <= count; i += TILE)
    if (!is_run(offsets + i, TILE, step)) return 0;
  return 1;
}

static int has_pairs(const int64_t *offsets, int64_t count) {
  for (int64_t i = 0; i + 2 <= count; i += 2)
    if (offsets[i + 1] != offsets[i] + 1) return 0;
  return 1;
}

/// Vectors are written whole with aligned stores, so every tile must begin at a multiple of a vector.
static int is_aligned(const int64_t *offsets, int64_t count, int64_t stride, int64_t elements) {
  for (int64_t i = 0; i < count; i += stride)
    if (offsets[i] % elements) return 0;
  return 1;
}

int32_t conednn_order_of(conednn_offsets o, int64_t outs, int64_t ins, int32_t bfloat16) {
  if (bfloat16) {
    if (has_pairs(o.in, ins) && has_runs(o.out, outs, 2) && is_aligned(o.in, ins, 2, 32) &&
        is_aligned(o.out, outs, TILE, 32))
      return CONEDNN_IN_PAIRS;
    if (has_pairs(o.out, outs) && has_runs(o.in, ins, 2) && is_aligned(o.out, outs, 2, 32) &&
        is_aligned(o.in, ins, TILE, 32))
      return CONEDNN_OUT_PAIRS;
    return CONEDNN_ANY_ORDER;
  }
  if (has_runs(o.out, outs, 1) && is_aligned(o.in, ins, 1, 16) && is_aligned(o.out, outs, TILE, 16))
    return CONEDNN_OUT_ROWS;
  if (has_runs(o.in, ins, 1) && is_aligned(o.out, outs, 1, 16) && is_aligned(o.in, ins, TILE, 16))
    return CONEDNN_IN_ROWS;
  return CONEDNN_ANY_ORDER;
}

static uint16_t to_bfloat16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)((bits >> 16) | 0x40);
  return (uint16_t)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

typedef struct {
  int64_t out, out_count, in, in_count, spatial;
} tile;

static void copy_elements(const float *master, conednn_offsets from, tile t, const conednn_copy *copy) {
  const float *source = master + from.spatial[t.spatial];
  int64_t base = copy->offsets.spatial[t.spatial];
  for (int64_t i = t.in; i < t.in + t.in_count; i++)
    for (int64_t o = t.out; o < t.out + t.out_count; o++) {
      float value = source[from.out[o] + from.in[i]];
      int64_t place = base + copy->offsets.out[o] + copy->offsets.in[i];
      if (copy->bfloat16)
        ((uint16_t *)copy->base)[place] = to_bfloat16(value);
      else
        ((float *)copy->base)[place] = value;
    }
}

#if defined(__x86_64__)

TARGET static inline void transpose(__m512 r[TILE]) {
  __m512 t[TILE];
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 4; i++) {
    r[4 * i] = _mm512_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
    r[4 * i + 1] = _mm512_shuffle_ps(t[4 * i], t[4 * i + 2], 0xEE);
    r[4 * i + 2] = _mm512_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
    r[4 * i + 3] = _mm512_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xEE);
  }
  for (int half = 0; half < 2; half++)
    for (int i = 0; i < 4; i++) {
      t[8 * half + i] = _mm512_shuffle_f32x4(r[8 * half + i], r[8 * half + 4 + i], 0x88);
      t[8 * half + 4 + i] = _mm512_shuffle_f32x4(r[8 * half + i], r[8 * half + 4 + i], 0xDD);
    }
  for (int i = 0; i < 4; i++) {
    r[i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0x88);
    r[8 + i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0xDD);
    r[4 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0x88);
    r[12 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0xDD);
  }
}

TARGET static void copy_tile(const float *master, conednn_offsets from, int32_t master_order, tile t,
                             const conednn_copy *copy) {
  const int64_t *out = copy->offsets.out + t.out, *in = copy->offsets.in + t.in;
  const int64_t *lines_read = master_order == CONEDNN_OUT_ROWS ? from.in + t.in : from.out + t.out;
  const float *source = master + from.spatial[t.spatial] +
                        (master_order == CONEDNN_OUT_ROWS ? from.out[t.out] : from.in[t.in]);
  __m512 rows[TILE];
  for (int i = 0; i < TILE; i++) rows[i] = _mm512_loadu_ps(source + lines_read[i]);
  int64_t base = copy->offsets.spatial[t.spatial];
  // Whether the copy's vectors run along the inputs, and whether the master's do.
  int transposed = copy->order == CONEDNN_OUT_PAIRS || copy->order == CONEDNN_IN_ROWS;
  if (transposed != (master_order == CONEDNN_IN_ROWS)) transpose(rows);
  if (copy->bfloat16) {
    uint16_t *result = (uint16_t *)copy->base + base + (transposed ? in[0] : out[0]);
    const int64_t *pairs = transposed ? out : in;
    for (int p = 0; p < TILE; p += 2) {
      __m512i pair = _mm512_or_epi32(narrowed_in_place(rows[p]), _mm512_slli_epi32(narrowed_in_place(rows[p + 1]), 16));
      _mm512_stream_si512((__m512i *)(result + pairs[p]), pair);
    }
  } else {
    float *result = (float *)copy->base + base + (transposed ? in[0] : out[0]);
    const int64_t *lines = transposed ? out : in;
    for (int p = 0; p < TILE; p++) _mm512_stream_ps(result + lines[p], rows[p]);
  }
}

static int fast_path_available(void) { return conednn_has_avx512(); }
static void fence(void) { _mm_sfence(); }

#else

static int fast_path_available(void) { return 0; }
static void copy_tile(const float *master, conednn_offsets from, int32_t master_order, tile t,
                      const conednn_copy *copy) {
  (void)master, (void)from, (void)master_order, (void)t, (void)copy;
}
static void fence(void) {}

#endif

void conednn_reorder_weights(const float *master, conednn_offsets from, int32_t master_order, int64_t out_begin,
                      int64_t out_end, int64_t ins, int64_t spatials, const conednn_copy *copies, int32_t copy_count) {
  int fast = master_order != CONEDNN_ANY_ORDER && fast_path_available();
  for (int64_t o = out_begin; o < out_end; o += TILE)
    for (int64_t i = 0; i < ins; i += TILE)
      for (int64_t s = 0; s < spatials; s++) {
        tile t = {o, out_end - o < TILE ? out_end - o : TILE, i, ins - i < TILE ? ins - i : TILE, s};
        int whole = t.out_count == TILE && t.in_count == TILE;
        for (int32_t c = 0; c < copy_count; c++)
          if (fast && whole && copies[c].order != CONEDNN_ANY_ORDER)
            copy_tile(master, from, master_order, t, &copies[c]);
          else
            copy_elements(master, from, t, &copies[c]);
      }
  fence();
}

void conednn_move_weights(const float *source, conednn_offsets from, float *destination, conednn_offsets to,
                          int64_t outs, int64_t ins, int64_t spatials) {
  // 16 x 16 tiles over all taps stay in the cache, whichever of the two arrangements is the scattered one.
  for (int64_t out = 0; out < outs; out += TILE)
    for (int64_t in = 0; in < ins; in += TILE)
      for (int64_t o = out; o < outs && o < out + TILE; o++)
        for (int64_t i = in; i < ins && i < in + TILE; i++) {
          const float *read = source + from.out[o] + from.in[i];
          float *write = destination + to.out[o] + to.in[i];
          for (int64_t s = 0; s < spatials; s++) write[to.spatial[s]] = read[from.spatial[s]];
        }
}

void conednn_scale_weights(const float *weights, conednn_offsets o, const float *factors, int64_t out_begin,
                           int64_t out_end, int64_t ins, int64_t spatials, float *result) {
  for (int64_t first = out_begin; first < out_end; first += TILE) {
    int64_t count = out_end - first < TILE ? out_end - first : TILE;
    if (count == TILE && is_run(o.out + first, TILE, 1)) {
      for (int64_t i = 0; i < ins; i++)
        for (int64_t s = 0; s < spatials; s++) {
          int64_t at = o.out[first] + o.in[i] + o.spatial[s];
          for (int64_t j = 0; j < TILE; j++) result[at + j] = weights[at + j] * factors[first + j];
        }
      continue;
    }
    for (int64_t out = first; out < first + count; out++)
      for (int64_t i = 0; i < ins; i++)
        for (int64_t s = 0; s < spatials; s++) {
          int64_t at = o.out[out] + o.in[i] + o.spatial[s];
          result[at] = weights[at] * factors[out];
        }
  }
}
