#include "cvector_image.h"

#include "cvector_internal.h"

CLONES void cvector_mix_u8(const uint8_t *a, const uint8_t *b, float weight, float *restrict result, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float x = a[i], y = b[i];
    result[i] = x + (y - x) * weight;
  }
}

CLONES void cvector_mix_u16(const uint16_t *a, const uint16_t *b, float weight, float *restrict result,
                            size_t count) {
  for (size_t i = 0; i < count; i++) {
    float x = a[i], y = b[i];
    result[i] = x + (y - x) * weight;
  }
}

CLONES void cvector_mix_f32(const float *a, const float *b, float weight, float *restrict result, size_t count) {
  for (size_t i = 0; i < count; i++) result[i] = a[i] + (b[i] - a[i]) * weight;
}

CLONES void cvector_mix_gathered(const float *restrict row, const int32_t *restrict left,
                                 const int32_t *restrict right, const float *restrict weight, float *restrict result,
                                 size_t count) {
  for (size_t i = 0; i < count; i++) {
    float x = row[left[i]], y = row[right[i]];
    result[i] = x + (y - x) * weight[i];
  }
}

CLONES void cvector_gather_u16(const uint16_t *restrict row, const int32_t *restrict index,
                               uint16_t *restrict result, size_t count) {
  for (size_t i = 0; i < count; i++) result[i] = row[index[i]];
}

static inline float clamped(float x, float maximum) {
  x = x < 0 ? 0 : x;
  return x > maximum ? maximum : x;
}

static inline __attribute__((always_inline)) void recolor(float *row, size_t pixel_count, size_t channels,
                                                          const float *m, const float *o, float maximum) {
  for (size_t i = 0; i < pixel_count; i++) {
    float *p = row + i * channels;
    float r = p[0], g = p[1], b = p[2];
    p[0] = clamped(m[0] * r + m[1] * g + m[2] * b + o[0], maximum);
    p[1] = clamped(m[3] * r + m[4] * g + m[5] * b + o[1], maximum);
    p[2] = clamped(m[6] * r + m[7] * g + m[8] * b + o[2], maximum);
  }
}

CLONES void cvector_recolor(float *row, size_t pixel_count, size_t channels, const float *matrix, const float *offset,
                            float maximum) {
  float m[9], o[3];
  memcpy(m, matrix, sizeof m);
  memcpy(o, offset, sizeof o);
  // A constant stride is what lets the compiler use whole registers.
  if (channels == 3)
    recolor(row, pixel_count, 3, m, o, maximum);
  else
    recolor(row, pixel_count, channels, m, o, maximum);
}

CLONES void cvector_brighten(float *x, float factor, float maximum, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float value = x[i] * factor;
    x[i] = value > maximum ? maximum : value;
  }
}

CLONES void cvector_normalise(const float *restrict x, const float *restrict mean, const float *restrict deviation,
                              float *restrict result, size_t count) {
  for (size_t i = 0; i < count; i++) result[i] = (x[i] - mean[i]) / deviation[i];
}

CLONES void cvector_widen_u8(const uint8_t *restrict x, uint16_t *restrict result, size_t count) {
  for (size_t i = 0; i < count; i++) result[i] = x[i];
}

CLONES static int has_invalid_label(const uint16_t *labels, size_t count, uint16_t last, uint16_t ignored) {
  uint16_t found = 0;
  for (size_t i = 0; i < count; i++) found |= (labels[i] > last) & (labels[i] != ignored);
  return found;
}

size_t cvector_first_invalid_label(const uint16_t *labels, size_t count, uint32_t classes, uint32_t ignored) {
  if (classes > 0 && classes <= 65536 && ignored <= 65535)
    if (!has_invalid_label(labels, count, (uint16_t)(classes - 1), (uint16_t)ignored)) return count;
  for (size_t i = 0; i < count; i++)
    if (labels[i] >= classes && labels[i] != ignored) return i;
  return count;
}

CLONES static int has_not_finite(const float *x, size_t count) {
  uint32_t found = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, &x[i], 4);
    found |= (bits & 0x7F800000u) == 0x7F800000u;
  }
  return (int)found;
}

size_t cvector_first_not_finite(const float *x, size_t count) {
  if (!has_not_finite(x, count)) return count;
  for (size_t i = 0; i < count; i++)
    if (!__builtin_isfinite(x[i])) return i;
  return count;
}
