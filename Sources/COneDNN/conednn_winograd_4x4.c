#include "conednn_winograd_internal.h"

#if defined(__x86_64__)
#include "conednn_winograd_tiles.h"

// Everything is float32. The points are 0, A, -A, B, -B and infinity. The matrices follow from them (Toom-Cook), with the divisors on the side
// of weights and gradients. Every step is exact or one rounding: the constants are short binary fractions.

#define A 0.75f
#define B 1.5f
#define A2 (A * A)
#define B2 (B * B)
#define A3 (A * A * A)
#define B3 (B * B * B)
#define DIVISOR_0 (A2 * B2)
#define DIVISOR_A (2 * A2 * (A2 - B2))
#define DIVISOR_B (2 * B2 * (B2 - A2))

enum { POINTS = 6, PRODUCTS = 36, TILE = 4 };

/// x * y + z and z - x * y, in one rounding.
INLINE vector plus(float x, vector y, vector z) { return _mm512_fmadd_ps(all(x), y, z); }
INLINE vector minus(float x, vector y, vector z) { return _mm512_fnmadd_ps(all(x), y, z); }
INLINE vector times(float x, vector y) { return _mm512_mul_ps(all(x), y); }

/// Source: 6 pixels to 6 points.
INLINE void source_points(const vector d[6], vector r[6]) {
  vector even_a = minus(B2, d[2], d[4]), odd_a = minus(B2, d[1], d[3]);
  vector even_b = minus(A2, d[2], d[4]), odd_b = minus(A2, d[1], d[3]);
  r[0] = plus(A2 * B2, d[0], minus(A2 + B2, d[2], d[4]));
  r[1] = plus(A, odd_a, even_a);
  r[2] = minus(A, odd_a, even_a);
  r[3] = plus(B, odd_b, even_b);
  r[4] = minus(B, odd_b, even_b);
  r[5] = plus(A2 * B2, d[1], minus(A2 + B2, d[3], d[5]));
}

/// Weights: 3 taps to 6 points.
INLINE void weight_points(const vector g[3], vector r[6]) {
  vector even_a = plus(A2 / DIVISOR_A, g[2], times(1 / DIVISOR_A, g[0]));
  vector even_b = plus(B2 / DIVISOR_B, g[2], times(1 / DIVISOR_B, g[0]));
  r[0] = times(1 / DIVISOR_0, g[0]);
  r[1] = plus(A / DIVISOR_A, g[1], even_a);
  r[2] = minus(A / DIVISOR_A, g[1], even_a);
  r[3] = plus(B / DIVISOR_B, g[1], even_b);
  r[4] = minus(B / DIVISOR_B, g[1], even_b);
  r[5] = g[2];
}

/// Gradient: 4 pixels to 6 points.
INLINE void gradient_points(const vector g[4], vector r[6]) {
  vector even_a = plus(A2 / DIVISOR_A, g[2], times(1 / DIVISOR_A, g[0]));
  vector even_b = plus(B2 / DIVISOR_B, g[2], times(1 / DIVISOR_B, g[0]));
  vector odd_a = plus(A3 / DIVISOR_A, g[3], times(A / DIVISOR_A, g[1]));
  vector odd_b = plus(B3 / DIVISOR_B, g[3], times(B / DIVISOR_B, g[1]));
  r[0] = times(1 / DIVISOR_0, g[0]);
  r[1] = _mm512_add_ps(even_a, odd_a);
  r[2] = _mm512_sub_ps(even_a, odd_a);
  r[3] = _mm512_add_ps(even_b, odd_b);
  r[4] = _mm512_sub_ps(even_b, odd_b);
  r[5] = g[3];
}

/// Products: 6 points to `count` pixels (4) or taps (3).
INLINE void from_points(const vector m[6], vector r[4], int count) {
  vector sum_a = _mm512_add_ps(m[1], m[2]), difference_a = _mm512_sub_ps(m[1], m[2]);
  vector sum_b = _mm512_add_ps(m[3], m[4]), difference_b = _mm512_sub_ps(m[3], m[4]);
  r[0] = _mm512_add_ps(_mm512_add_ps(m[0], sum_a), sum_b);
  r[1] = plus(A, difference_a, times(B, difference_b));
  r[2] = plus(A2, sum_a, count == 3 ? plus(B2, sum_b, m[5]) : times(B2, sum_b));
  if (count == 4) r[3] = plus(A3, difference_a, plus(B3, difference_b, m[5]));
}

INLINE void product_pixels(const vector m[POINTS], vector r[TILE]) { from_points(m, r, TILE); }
INLINE void product_taps(const vector m[POINTS], vector r[TILE]) { from_points(m, r, 3); }

/// From a tile's rows of points, 6 of a source's or 4 of a gradient's, to its 36 values.
INLINE void store_points(const vector points[][POINTS], int size, char *result, int64_t stride) {
#pragma clang loop unroll(full)
  for (int column = 0; column < POINTS; column++) {
    vector d[POINTS], r[POINTS];
#pragma clang loop unroll(full)
    for (int row = 0; row < size; row++) d[row] = points[row][column];
    if (size == POINTS)
      source_points(d, r);
    else
      gradient_points(d, r);
#pragma clang loop unroll(full)
    for (int row = 0; row < POINTS; row++) _mm512_store_ps(result + (row * POINTS + column) * stride, r[row]);
  }
}

INLINE void transform_source_block(const place *p, int64_t channel, int inner, int bfloat16, char *result,
                                   int64_t stride) {
  vector points[POINTS][POINTS];
#pragma clang loop unroll(full)
  for (int row = 0; row < POINTS; row++) {
    vector d[POINTS];
    load_row(p, row, channel, POINTS, inner, bfloat16, d);
    source_points(d, points[row]);
  }
  store_points(points, POINTS, result, stride);
}

INLINE void transform_gradient_block(const place *p, int64_t channel, int inner, int bfloat16, char *result,
                                     int64_t stride, float *sums) {
  vector points[TILE][POINTS], sum = all(0);
#pragma clang loop unroll(full)
  for (int row = 0; row < TILE; row++) {
    vector d[TILE];
    load_row(p, row, channel, TILE, inner, bfloat16, d);
    sum = _mm512_add_ps(sum, _mm512_add_ps(_mm512_add_ps(d[0], d[1]), _mm512_add_ps(d[2], d[3])));
    gradient_points(d, points[row]);
  }
  if (sums) _mm512_storeu_ps(sums + channel, _mm512_add_ps(_mm512_loadu_ps(sums + channel), sum));
  store_points(points, TILE, result, stride);
}

/// The last group's tiles that do not exist.
TARGET static void clear_rest(conednn_points result, int64_t used, int64_t blocks) {
  for (int64_t tile = used; tile % GROUP != 0; tile++)
    for (int64_t block = 0; block < blocks; block++)
      for (int product = 0; product < PRODUCTS; product++)
        _mm512_store_ps(tile_line(result, tile) + block * result.block + product * result.plane, all(0));
}

TARGET static void transform_source(const conednn_tiling *t, const void *source, int64_t first, int64_t count,
                                     int64_t base, int64_t channel, int64_t channels, conednn_points result) {
  int64_t blocks = channels / LANES;
  for (int64_t tile = first; tile < first + count; tile++) {
    place p = place_of(t, source, tile, POINTS);
    int inner = is_inner(&p, POINTS);
    char *lanes = tile_line(result, tile - base);
    for (int64_t block = 0; block < blocks; block++, lanes += result.block) {
      int64_t from = channel + block * LANES;
      if (inner && t->bfloat16)
        transform_source_block(&p, from, 1, 1, lanes, result.plane);
      else if (inner)
        transform_source_block(&p, from, 1, 0, lanes, result.plane);
      else
        transform_source_block(&p, from, 0, t->bfloat16, lanes, result.plane);
    }
  }
  clear_rest(result, first + count - base, blocks);
}

TARGET static void transform_gradient(const conednn_tiling *t, const void *gradient, int64_t first, int64_t count,
                                       int64_t base, conednn_points result, float *sums) {
  int64_t blocks = t->channels / LANES;
  for (int64_t tile = first; tile < first + count; tile++) {
    place p = place_of(t, gradient, tile, TILE);
    int inner = is_inner(&p, TILE);
    char *lanes = tile_line(result, tile - base);
    for (int64_t block = 0; block < blocks; block++, lanes += result.block)
      if (inner && t->bfloat16)
        transform_gradient_block(&p, block * LANES, 1, 1, lanes, result.plane, sums);
      else if (inner)
        transform_gradient_block(&p, block * LANES, 1, 0, lanes, result.plane, sums);
      else
        transform_gradient_block(&p, block * LANES, 0, t->bfloat16, lanes, result.plane, sums);
  }
  clear_rest(result, first + count - base, blocks);
}

INLINE void store_pixel(const conednn_tiling *t, char *pixel, int64_t channel, vector x) {
  store(pixel, channel, x, t->bfloat16, t->past_cache);
}

#include "conednn_winograd_transforms.h"

/// [36][out / 32][in][32]: 16 outputs at a time are half a row.
TARGET static void transform_forward(const float *tile, int64_t inputs, int64_t outputs, int64_t in, int64_t out,
                                     void *weights) {
  float *result = weights;
  for (int i = 0; i < LANES; i++) {
    vector r[PRODUCTS];
    transform_taps(tile + i * LANES, 0, r);
    float *to = result + (out / PANEL * inputs + in + i) * PANEL + out % PANEL;
    for (int product = 0; product < PRODUCTS; product++)
      _mm512_stream_ps(to + product * inputs * outputs, r[product]);
  }
}

/// [36][in / 32][out][32]: the same for the other direction, where 16 inputs are to be neighbours.
TARGET static void transform_backward(const float *tile, int64_t inputs, int64_t outputs, int64_t in, int64_t out,
                                      void *weights) {
  float *result = weights;
  float turned[PRODUCTS][LANES][LANES] __attribute__((aligned(64)));
  for (int i = 0; i < LANES; i++) {
    vector r[PRODUCTS];
    transform_taps(tile + i * LANES, 1, r);
    for (int product = 0; product < PRODUCTS; product++)
      _mm512_store_ps(turned[product][i], r[product]);
  }
  const __m512i column = _mm512_mullo_epi32(
      _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), _mm512_set1_epi32(LANES));
  for (int product = 0; product < PRODUCTS; product++)
    for (int o = 0; o < LANES; o++) {
      vector x = _mm512_i32gather_ps(column, &turned[product][0][o], 4);
      _mm512_stream_ps(result + product * inputs * outputs + (in / PANEL * outputs + out + o) * PANEL + in % PANEL, x);
    }
}

TARGET static void transform_source_by_group(const conednn_tiling *t, const void *source, int64_t first, int64_t count,
                                             int64_t base, conednn_points result) {
  transform_source(t, source, first, count, base, 0, t->channels, result);
}

const conednn_filtering conednn_filtering_4x4 = {
    .tile = TILE,
    .points = POINTS,
    .products = PRODUCTS,
    .value_bytes = 4,
    .source_by_group = transform_source_by_group,
    .source_by_channel = transform_source,
    .gradient = transform_gradient,
    .product = transform_product,
    .forward_weights = transform_forward,
    .backward_weights = transform_backward,
    .weight_gradient = transform_weight_gradient,
    .multiply_tiles = conednn_multiply_floats,
    .multiply_channels = conednn_multiply_float_channels,
};

#endif
