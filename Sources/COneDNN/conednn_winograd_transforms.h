// The two-dimensional transformations of weights and products (Lavin and Gray 2016, sections 4.1 and 4.2), each twice the
// one-dimensional one that is defined before this is included: `weight_points`, `product_pixels`, `product_taps`, and
// `store_pixel`; with TILE, POINTS and PRODUCTS. No guard: both kinds of tile include it.

enum { TAPS = 9, ROOM = TILE > 3 ? TILE : 3 };  // ROOM for a row of pixels or of taps

/// All products of 16 channels to a tile's pixels.
INLINE void write_tile(const conednn_tiling *t, const place *p, const char *lanes, int64_t plane, int64_t channel,
                       vector offset, int rectified) {
  vector rows[TILE][POINTS];
#pragma clang loop unroll(full)
  for (int column = 0; column < POINTS; column++) {
    vector m[POINTS], r[TILE];
#pragma clang loop unroll(full)
    for (int row = 0; row < POINTS; row++) m[row] = _mm512_load_ps(lanes + (row * POINTS + column) * plane);
    product_pixels(m, r);
#pragma clang loop unroll(full)
    for (int row = 0; row < TILE; row++) rows[row][column] = r[row];
  }
#pragma clang loop unroll(full)
  for (int row = 0; row < TILE; row++) {
    vector r[TILE];
    product_pixels(rows[row], r);
    if (row >= p->bottom) continue;
    for (int column = 0; column < p->right; column++) {
      vector x = _mm512_add_ps(r[column], offset);
      if (rectified) x = _mm512_max_ps(all(0), x);
      store_pixel(t, (char *)p->first + row * p->row_bytes + column * p->pixel_bytes, channel, x);
    }
  }
}

TARGET static void transform_product(const conednn_tiling *t, conednn_points products, int64_t first, int64_t count,
                                     int64_t base, const float *bias, int rectified, void *destination) {
  for (int64_t tile = first; tile < first + count; tile++) {
    place p = place_of(t, destination, tile, TILE);
    const char *lanes = tile_line(products, tile - base);
    for (int64_t channel = 0; channel < t->channels; channel += LANES, lanes += products.block)
      write_tile(t, &p, lanes, products.plane, channel, bias ? _mm512_loadu_ps(bias + channel) : all(0), rectified);
  }
  // Pixels may have been written past the cache.
  _mm_sfence();
}

TARGET static void transform_weight_gradient(const float *products, int64_t parts, int64_t part_stride, int64_t inputs,
                                             int64_t outputs, int64_t first, int64_t count, float *weights,
                                             int64_t input_stride, int64_t output_stride) {
  for (int64_t input = first; input < first + count; input++)
    for (int64_t output = 0; output < outputs; output += LANES) {
      vector taps[3][POINTS];
#pragma clang loop unroll(full)
      for (int column = 0; column < POINTS; column++) {
        vector m[POINTS], r[ROOM];
#pragma clang loop unroll(full)
        for (int row = 0; row < POINTS; row++) {
          const float *from = products + ((row * POINTS + column) * inputs + input) * outputs + output;
          m[row] = _mm512_loadu_ps(from);
          for (int64_t part = 1; part < parts; part++)
            m[row] = _mm512_add_ps(m[row], _mm512_loadu_ps(from + part * part_stride));
        }
        product_taps(m, r);
#pragma clang loop unroll(full)
        for (int row = 0; row < 3; row++) taps[row][column] = r[row];
      }
      float *to = weights + output / LANES * output_stride + input / LANES * input_stride + input % LANES * LANES;
      for (int row = 0; row < 3; row++) {
        vector r[ROOM];
        product_taps(taps[row], r);
        for (int column = 0; column < 3; column++)
          _mm512_storeu_ps(to + (row * 3 + column) * LANES * LANES, r[column]);
      }
    }
}

/// All products' weights for 16 outputs of one input; `rotated` turns the taps by half a turn.
INLINE void transform_taps(const float *taps, int rotated, vector r[PRODUCTS]) {
  vector rows[3][POINTS];
#pragma clang loop unroll(full)
  for (int row = 0; row < 3; row++) {
    vector g[3];
#pragma clang loop unroll(full)
    for (int column = 0; column < 3; column++) {
      int tap = row * 3 + column;
      g[column] = _mm512_loadu_ps(taps + (rotated ? TAPS - 1 - tap : tap) * LANES * LANES);
    }
    weight_points(g, rows[row]);
  }
#pragma clang loop unroll(full)
  for (int column = 0; column < POINTS; column++) {
    vector g[3] = {rows[0][column], rows[1][column], rows[2][column]}, points[POINTS];
    weight_points(g, points);
#pragma clang loop unroll(full)
    for (int row = 0; row < POINTS; row++) r[row * POINTS + column] = points[row];
  }
}
