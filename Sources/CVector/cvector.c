#include "cvector.h"

#include "cvector_internal.h"

CLONES void cvector_add(const float *a, const float *b, float *result, size_t count) {
  for (size_t i = 0; i < count; i++) result[i] = a[i] + b[i];
}

CLONES void cvector_scale(float *x, float factor, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] *= factor;
}

CLONES double cvector_sum_of_squares(const float *x, size_t count) {
  double lane[16] = {0};
  size_t i = 0;
  for (; i + 16 <= count; i += 16)
    for (int j = 0; j < 16; j++) {
      double v = x[i + j];
      lane[j] += v * v;
    }
  for (int j = 0; i < count; i++, j++) {
    double v = x[i];
    lane[j] += v * v;
  }
  for (int width = 8; width > 0; width /= 2)
    for (int j = 0; j < width; j++) lane[j] += lane[j + width];
  return lane[0];
}

CLONES void cvector_move_towards(float *restrict a, const float *restrict p, size_t count, float share) {
  for (size_t i = 0; i < count; i++) a[i] += share * (p[i] - a[i]);
}

CLONES void cvector_sgd(float *restrict p, float *restrict v, const float *restrict g, size_t count, float scale,
                        float momentum, float decay, float rate) {
  for (size_t i = 0; i < count; i++) {
    float step = momentum * v[i] + (g[i] * scale + decay * p[i]);
    v[i] = step;
    p[i] -= rate * step;
  }
}

CLONES void cvector_adamw(float *restrict p, float *restrict m, float *restrict s, const float *restrict g,
                          size_t count, float scale, float beta1, float beta2, float c1, float c2, float epsilon,
                          float decay, float rate) {
  for (size_t i = 0; i < count; i++) {
    float gradient = g[i] * scale;
    float first = beta1 * m[i] + (1 - beta1) * gradient;
    float second = beta2 * s[i] + (1 - beta2) * gradient * gradient;
    m[i] = first;
    s[i] = second;
    p[i] -= rate * ((first / c1) / (__builtin_sqrtf(second / c2) + epsilon) + decay * p[i]);
  }
}

CLONES void cvector_to_bfloat16(const float *x, uint16_t *result, size_t count) {
  for (size_t i = 0; i < count; i++) result[i] = to_bfloat16(x[i]);
}

CLONES void cvector_from_bfloat16(const uint16_t *x, float *result, size_t count) {
  for (size_t i = 0; i < count; i++) result[i] = from_bfloat16(x[i]);
}

CLONES void cvector_round_to_bfloat16(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] = from_bfloat16(to_bfloat16(x[i]));
}

CLONES uint64_t cvector_digest(const float *x, size_t count) {
  uint32_t lane[16];
  for (uint32_t j = 0; j < 16; j++) lane[j] = 0x9E3779B9u * (j + 1);
  size_t i = 0;
  for (; i + 16 <= count; i += 16)
    for (int j = 0; j < 16; j++) {
      uint32_t bits;
      memcpy(&bits, &x[i + j], 4);
      uint32_t mixed = (lane[j] ^ bits) * 0x85EBCA6Bu;
      lane[j] = mixed ^ (mixed >> 15);
    }
  for (int j = 0; i < count; i++, j++) {
    uint32_t bits;
    memcpy(&bits, &x[i], 4);
    uint32_t mixed = (lane[j] ^ bits) * 0x85EBCA6Bu;
    lane[j] = mixed ^ (mixed >> 15);
  }
  uint64_t digest = count;
  for (int j = 0; j < 16; j++) digest = (digest ^ lane[j]) * 0x9E3779B97F4A7C15u ^ (digest >> 29);
  return digest;
}
