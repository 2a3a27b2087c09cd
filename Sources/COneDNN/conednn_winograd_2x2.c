#include "conednn_winograd_internal.h"

#if defined(__x86_64__)
#include "conednn_winograd_tiles.h"

#undef TARGET
#define TARGET __attribute__((target(AVX512 ",avx512bf16")))

// Transformed values are bfloat16: the points are 0, 1, -1 and infinity, whose transformations only add and subtract (and
// halve, on the side of the weights), so that a value is rounded once, after its sum in float32. Activations are
// bfloat16, too.

enum { POINTS = 4, PRODUCTS = 16, TILE = 2 };

INLINE vector sum(vector a, vector b) { return _mm512_add_ps(a, b); }
INLINE vector difference(vector a, vector b) { return _mm512_sub_ps(a, b); }
INLINE vector half(vector a) { return _mm512_mul_ps(all(0.5f), a); }

/// Source: 4 pixels to 4 points.
INLINE void source_points(const vector d[POINTS], vector r[POINTS]) {
  r[0] = difference(d[0], d[2]);
  r[1] = sum(d[1], d[2]);
  r[2] = difference(d[2], d[1]);
  r[3] = difference(d[1], d[3]);
}

/// Weights: 3 taps to 4 points.
INLINE void weight_points(const vector g[3], vector r[POINTS]) {
  vector ends = sum(g[0], g[2]);
  r[0] = g[0];
  r[1] = half(sum(ends, g[1]));
  r[2] = half(difference(ends, g[1]));
  r[3] = g[2];
}

/// Gradient: 2 pixels to 4 points; the other way round than `product_pixels`.
INLINE void gradient_points(const vector g[TILE], vector r[POINTS]) {
  r[0] = g[0];
  r[1] = sum(g[0], g[1]);
  r[2] = difference(g[0], g[1]);
  r[3] = difference(all(0), g[1]);
}

/// Products: 4 points to 2 pixels.
INLINE void product_pixels(const vector m[POINTS], vector r[TILE]) {
  r[0] = sum(m[0], sum(m[1], m[2]));
  r[1] = difference(difference(m[1], m[2]), m[3]);
}

/// Products: 4 points to 3 taps; the other way round than `weight_points`.
INLINE void product_taps(const vector m[POINTS], vector r[3]) {
  vector ends = half(sum(m[1], m[2]));
  r[0] = sum(m[0], ends);
  r[1] = half(difference(m[1], m[2]));
  r[2] = sum(ends, m[3]);
}

/// 16 values with the 16 of a second tile or channel after each.
INLINE __m512i interleaved(vector first, vector second) {
  __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(first));
  __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(second));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

INLINE void transformed_source(const place *p, int64_t channel, int inner, vector r[PRODUCTS]) {
  vector rows[POINTS][POINTS];
#pragma clang loop unroll(full)
  for (int row = 0; row < POINTS; row++) {
    vector d[POINTS];
    load_row(p, row, channel, POINTS, inner, 1, d);
    source_points(d, rows[row]);
  }
#pragma clang loop unroll(full)
  for (int column = 0; column < POINTS; column++) {
    vector d[POINTS] = {rows[0][column], rows[1][column], rows[2][column], rows[3][column]}, points[POINTS];
    source_points(d, points);
#pragma clang loop unroll(full)
    for (int row = 0; row < POINTS; row++) r[row * POINTS + column] = points[row];
  }
}

/// A line is 32 channels of a tile.
INLINE void source_line(const place *p, int64_t channel, int inner, conednn_points result, char *line) {
  vector low[PRODUCTS], high[PRODUCTS];
  transformed_source(p, channel, inner, low);
  transformed_source(p, channel + LANES, inner, high);
#pragma clang loop unroll(full)
  for (int product = 0; product < PRODUCTS; product++)
    _mm512_store_si512(line + product * result.plane, (__m512i)_mm512_cvtne2ps_pbh(high[product], low[product]));
}

TARGET static void transform_source_by_group(const conednn_tiling *t, const void *source, int64_t first, int64_t count,
                                             int64_t base, conednn_points result) {
  int64_t lines = t->channels / (2 * LANES);
  for (int64_t tile = first; tile < first + count; tile++) {
    place p = place_of(t, source, tile, POINTS);
    char *line = tile_line(result, tile - base);
    if (is_inner(&p, POINTS))
      for (int64_t i = 0; i < lines; i++, line += result.block) source_line(&p, i * 2 * LANES, 1, result, line);
    else
      for (int64_t i = 0; i < lines; i++, line += result.block) source_line(&p, i * 2 * LANES, 0, result, line);
  }
  for (int64_t tile = first + count - base; tile % GROUP != 0; tile++)
    for (int64_t i = 0; i < lines; i++)
      for (int product = 0; product < PRODUCTS; product++)
        _mm512_store_si512(tile_line(result, tile) + i * result.block + product * result.plane, _mm512_setzero_si512());
}

/// Where product 0 of a pair of tiles' first line is.
INLINE char *pair_line(conednn_points points, int64_t tile) {
  return points.base + tile / GROUP * points.group + tile % GROUP / 2 * LINE;
}

/// The lines of pairs past the last tile.
TARGET static void clear_pairs(conednn_points result, int64_t used, int64_t blocks) {
  for (int64_t tile = (used + 1) / 2 * 2; tile % GROUP != 0; tile += 2)
    for (int64_t block = 0; block < blocks; block++)
      for (int product = 0; product < PRODUCTS; product++)
        _mm512_store_si512(pair_line(result, tile) + block * result.block + product * result.plane,
                           _mm512_setzero_si512());
}

/// Two neighbouring tiles; of a second one that does not exist nothing is inside the image.
typedef struct {
  place first, second;
  int inner;
} pair;

INLINE pair pair_of(const conednn_tiling *t, const void *activation, int64_t tile, int64_t end, int64_t size) {
  place first = place_of(t, activation, tile, size);
  pair two = {first, first, 0};
  if (tile + 1 < end) {
    two.second = place_of(t, activation, tile + 1, size);
    two.inner = is_inner(&two.first, size) && is_inner(&two.second, size);
  } else {
    two.second.bottom = two.second.top;
  }
  return two;
}

TARGET static void transform_source_by_channel(const conednn_tiling *t, const void *source, int64_t first,
                                               int64_t count, int64_t base, int64_t channel, int64_t channels,
                                               conednn_points result) {
  for (int64_t tile = first; tile < first + count; tile += 2) {
    pair two = pair_of(t, source, tile, first + count, POINTS);
    char *line = pair_line(result, tile - base);
    for (int64_t from = channel; from < channel + channels; from += LANES, line += result.block) {
      vector a[PRODUCTS], b[PRODUCTS];
      if (two.inner) {
        transformed_source(&two.first, from, 1, a);
        transformed_source(&two.second, from, 1, b);
      } else {
        transformed_source(&two.first, from, 0, a);
        transformed_source(&two.second, from, 0, b);
      }
      for (int product = 0; product < PRODUCTS; product++)
        _mm512_store_si512(line + product * result.plane, interleaved(a[product], b[product]));
    }
  }
  clear_pairs(result, first + count - base, channels / LANES);
}

/// - Returns: the sum of the pixels.
INLINE vector transformed_gradient(const place *p, int64_t channel, int inner, vector r[PRODUCTS]) {
  vector rows[TILE][POINTS], pixels[TILE];
#pragma clang loop unroll(full)
  for (int row = 0; row < TILE; row++) {
    vector g[TILE];
    load_row(p, row, channel, TILE, inner, 1, g);
    pixels[row] = sum(g[0], g[1]);
    gradient_points(g, rows[row]);
  }
#pragma clang loop unroll(full)
  for (int column = 0; column < POINTS; column++) {
    vector g[TILE] = {rows[0][column], rows[1][column]}, points[POINTS];
    gradient_points(g, points);
#pragma clang loop unroll(full)
    for (int row = 0; row < POINTS; row++) r[row * POINTS + column] = points[row];
  }
  return sum(pixels[0], pixels[1]);
}

TARGET static void transform_gradient(const conednn_tiling *t, const void *gradient, int64_t first, int64_t count,
                                      int64_t base, conednn_points result, float *sums) {
  for (int64_t tile = first; tile < first + count; tile += 2) {
    pair two = pair_of(t, gradient, tile, first + count, TILE);
    const place *p = &two.first, *q = &two.second;
    char *line = pair_line(result, tile - base);
    for (int64_t channel = 0; channel < t->channels; channel += LANES, line += result.block) {
      vector a[PRODUCTS], b[PRODUCTS];
      vector pixels = two.inner ? sum(transformed_gradient(p, channel, 1, a), transformed_gradient(q, channel, 1, b))
                                : sum(transformed_gradient(p, channel, 0, a), transformed_gradient(q, channel, 0, b));
      if (sums) _mm512_storeu_ps(sums + channel, sum(_mm512_loadu_ps(sums + channel), pixels));
      for (int product = 0; product < PRODUCTS; product++)
        _mm512_store_si512(line + product * result.plane, interleaved(a[product], b[product]));
    }
  }
  clear_pairs(result, first + count - base, t->channels / LANES);
}

INLINE void store_pixel(const conednn_tiling *t, char *pixel, int64_t channel, vector x) {
  (void)t;
  _mm256_storeu_si256((__m256i *)((uint16_t *)pixel + channel), (__m256i)_mm512_cvtneps_pbh(x));
}

#include "conednn_winograd_transforms.h"

/// Bytes from a product's weights to the next one's, and where columns `column` ... of rows `row` and `row + 1` are:
/// [16][columns / 32][rows / 2][32][2].
INLINE int64_t weight_place(int64_t rows, int64_t row, int64_t column) {
  return ((column / PANEL * rows + row) * PANEL + column % PANEL * 2) * 2;
}

TARGET static void transform_forward(const float *tile, int64_t inputs, int64_t outputs, int64_t in, int64_t out,
                                     void *weights) {
  char *result = weights;
  for (int i = 0; i < LANES; i += 2) {
    vector first[PRODUCTS], second[PRODUCTS];
    transform_taps(tile + i * LANES, 0, first);
    transform_taps(tile + (i + 1) * LANES, 0, second);
    char *to = result + weight_place(inputs, in + i, out);
    for (int product = 0; product < PRODUCTS; product++)
      _mm512_stream_si512((__m512i *)(to + product * inputs * outputs * 2),
                          interleaved(first[product], second[product]));
  }
}

/// The same for the other direction, where 16 inputs are to be neighbours and outputs come in pairs.
TARGET static void transform_backward(const float *tile, int64_t inputs, int64_t outputs, int64_t in, int64_t out,
                                      void *weights) {
  char *result = weights;
  enum { WORDS = LANES / 2 };
  int32_t turned[PRODUCTS][LANES][WORDS] __attribute__((aligned(64)));
  for (int i = 0; i < LANES; i++) {
    vector r[PRODUCTS];
    transform_taps(tile + i * LANES, 1, r);
    for (int product = 0; product < PRODUCTS; product++)
      _mm256_store_si256((__m256i *)turned[product][i], (__m256i)_mm512_cvtneps_pbh(r[product]));
  }
  const __m512i column = _mm512_mullo_epi32(
      _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), _mm512_set1_epi32(WORDS));
  for (int product = 0; product < PRODUCTS; product++)
    for (int word = 0; word < WORDS; word++) {
      __m512i x = _mm512_i32gather_epi32(column, &turned[product][0][word], 4);
      char *to = result + product * inputs * outputs * 2 + weight_place(outputs, out + 2 * word, in);
      _mm512_stream_si512((__m512i *)to, x);
    }
}

const conednn_filtering conednn_filtering_2x2 = {
    .tile = TILE,
    .points = POINTS,
    .products = PRODUCTS,
    .value_bytes = 2,
    .source_by_group = transform_source_by_group,
    .source_by_channel = transform_source_by_channel,
    .gradient = transform_gradient,
    .product = transform_product,
    .forward_weights = transform_forward,
    .backward_weights = transform_backward,
    .weight_gradient = transform_weight_gradient,
    .multiply_tiles = conednn_multiply_pairs,
    .multiply_channels = conednn_multiply_pair_channels,
};

#endif
