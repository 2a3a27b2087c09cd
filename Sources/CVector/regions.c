#include "cvector_regions.h"

#include "cvector_internal.h"

CLONES void cvector_slic_window(const float *restrict l, const float *restrict a, const float *restrict b,
                                size_t stride, size_t height, size_t width, const float centre[3], float dx, float dy,
                                float weight, int32_t cluster, float *restrict distance, int32_t *restrict labels) {
  float l0 = centre[0], a0 = centre[1], b0 = centre[2];
  for (size_t y = 0; y < height; y++) {
    float below = (dy + (float)(int32_t)y) * (dy + (float)(int32_t)y);
    for (int32_t x = 0; x < (int32_t)width; x++) {
      size_t i = y * stride + (size_t)x;
      float dl = l[i] - l0, da = a[i] - a0, db = b[i] - b0, beside = dx + (float)x;
      float d = dl * dl + da * da + db * db + weight * (beside * beside + below);
      int closer = d < distance[i];
      distance[i] = closer ? d : distance[i];
      labels[i] = closer ? cluster : labels[i];
    }
  }
}

/// The cube root of x > 0.008: a guess from the exponent, and Halley's rule twice. Not libm's, whose bits depend on the
/// processor.
static inline __attribute__((always_inline)) float cube_root(float x) {
  int32_t bits;
  memcpy(&bits, &x, 4);
  bits = bits / 3 + 709921077;
  float y;
  memcpy(&y, &bits, 4);
  for (int i = 0; i < 2; i++) {
    float cube = y * y * y;
    y = y * (cube + 2 * x) / (2 * cube + x);
  }
  return y;
}

static inline __attribute__((always_inline)) float lab_root(float x) {
  float root = cube_root(x > 0.008f ? x : 0.008f);
  return x > 0.008856452f ? root : 7.787037f * x + 16.0f / 116;
}

CLONES void cvector_lab(float *restrict red, float *restrict green, float *restrict blue, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float r = red[i], g = green[i], b = blue[i];
    float x = lab_root((0.412453f * r + 0.357580f * g + 0.180423f * b) / 0.95047f);
    float y = lab_root(0.212671f * r + 0.715160f * g + 0.072169f * b);
    float z = lab_root((0.019334f * r + 0.119193f * g + 0.950227f * b) / 1.08883f);
    red[i] = 116 * y - 16;
    green[i] = 500 * (x - y);
    blue[i] = 200 * (y - z);
  }
}

CLONES void cvector_add_squared_difference(const float *restrict column, float value, float *restrict result,
                                           size_t count) {
  for (size_t i = 0; i < count; i++) {
    float difference = column[i] - value;
    result[i] += difference * difference;
  }
}
