#include "cvector_activation.h"

#include "cvector_internal.h"

/// All bits of the gradient where the output is positive, none elsewhere.
static inline __attribute__((always_inline)) float kept_float32(float gradient, float output) {
  return masked_float32(gradient, output > 0 ? 0xFFFFFFFFu : 0);
}

static inline __attribute__((always_inline)) uint16_t kept_bfloat16(uint16_t gradient, uint16_t output) {
  // As an integer a positive value is 1 ... infinity's 0x7F80; above are the not-a-numbers, which are not larger than
  // 0.
  return gradient & ((uint16_t)(output - 1) < 0x7F80 ? 0xFFFF : 0);
}

#define DEFINE_RELU_BACKWARD(NAME, TYPE)                                                                       \
  CLONES void cvector_relu_backward_##NAME(const TYPE *restrict output, TYPE *restrict gradient, size_t count, \
                                           float scale) {                                                      \
    if (scale == 1) {                                                                                          \
      for (size_t i = 0; i < count; i++) gradient[i] = kept_##NAME(gradient[i], output[i]);                    \
      return;                                                                                                  \
    }                                                                                                          \
    for (size_t i = 0; i < count; i++)                                                                         \
      gradient[i] = kept_##NAME(to_##NAME(from_##NAME(gradient[i]) * scale), output[i]);                       \
  }
FOR_EACH_TYPE(DEFINE_RELU_BACKWARD)

#define DEFINE_MULTIPLY(NAME, TYPE)                                                                          \
  CLONES void cvector_multiply_##NAME(const TYPE *source, float factor, TYPE *destination, size_t count) {   \
    for (size_t i = 0; i < count; i++) destination[i] = to_##NAME(from_##NAME(source[i]) * factor);          \
  }
FOR_EACH_TYPE(DEFINE_MULTIPLY)

#define DEFINE_ACCUMULATE(NAME, TYPE)                                                                        \
  CLONES void cvector_accumulate_##NAME(const TYPE *restrict source, TYPE *restrict destination, size_t count) { \
    for (size_t i = 0; i < count; i++)                                                                       \
      destination[i] = to_##NAME(from_##NAME(destination[i]) + from_##NAME(source[i]));                      \
  }
FOR_EACH_TYPE(DEFINE_ACCUMULATE)

#define DEFINE_ADD_RECTIFIED(NAME, TYPE)                                                                       \
  CLONES void cvector_add_rectified_##NAME(const TYPE *restrict source, TYPE *restrict destination,            \
                                           size_t count) {                                                     \
    for (size_t i = 0; i < count; i++) {                                                                       \
      float sum = from_##NAME(destination[i]) + from_##NAME(source[i]);                                        \
      destination[i] = to_##NAME(masked_float32(sum, sum < 0 ? 0 : 0xFFFFFFFFu));                              \
    }                                                                                                          \
  }
FOR_EACH_TYPE(DEFINE_ADD_RECTIFIED)

#define DEFINE_ADD_BIAS(NAME, TYPE)                                                                              \
  CLONES void cvector_add_bias_##NAME(TYPE *restrict x, const float *restrict bias, size_t pixels, size_t channels, \
                                      int32_t rectified) {                                                       \
    for (size_t pixel = 0; pixel < pixels; pixel++)                                                              \
      for (size_t c = 0; c < channels; c++) {                                                                    \
        float sum = from_##NAME(x[pixel * channels + c]) + bias[c];                                              \
        x[pixel * channels + c] = to_##NAME(masked_float32(sum, rectified && !(sum > 0) ? 0 : 0xFFFFFFFFu));     \
      }                                                                                                          \
  }
FOR_EACH_TYPE(DEFINE_ADD_BIAS)

#define DEFINE_COLUMN_SUMS(NAME, TYPE)                                                                          \
  CLONES void cvector_column_sums_##NAME(const TYPE *restrict x, size_t rows, size_t stride, size_t count,      \
                                         float *restrict sums) {                                                \
    for (size_t c = 0; c < count; c++) sums[c] = 0;                                                             \
    for (size_t row = 0; row < rows; row++)                                                                     \
      for (size_t c = 0; c < count; c++) sums[c] += from_##NAME(x[row * stride + c]);                           \
  }
FOR_EACH_TYPE(DEFINE_COLUMN_SUMS)

enum { LANES = 16 };

/// Philox4x32-10's blocks `first` ..< `first + LANES` in stream 0, as in Philox.swift: kept[4 * b + j] has all bits set
/// where number j of block `first + b` is not below the rate, else none.
static inline __attribute__((always_inline)) void draw(uint64_t first, uint32_t key_low, uint32_t key_high, float rate,
                                                       uint32_t kept[4 * LANES]) {
  uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];
  for (uint32_t b = 0; b < LANES; b++) {
    c0[b] = (uint32_t)first + b;
    c1[b] = (uint32_t)(first >> 32) + (c0[b] < b);
    c2[b] = c3[b] = 0;
  }
  for (int round = 0; round < 10; round++) {
    for (int b = 0; b < LANES; b++) {
      uint64_t x = (uint64_t)c0[b] * 0xD2511F53u;
      uint64_t y = (uint64_t)c2[b] * 0xCD9E8D57u;
      c0[b] = (uint32_t)(y >> 32) ^ c1[b] ^ key_low;
      c1[b] = (uint32_t)y;
      c2[b] = (uint32_t)(x >> 32) ^ c3[b] ^ key_high;
      c3[b] = (uint32_t)x;
    }
    key_low += 0x9E3779B9u;
    key_high += 0xBB67AE85u;
  }
  for (int b = 0; b < LANES; b++) {
    kept[4 * b] = (float)(int32_t)(c0[b] >> 8) * 0x1p-24f < rate ? 0 : 0xFFFFFFFFu;
    kept[4 * b + 1] = (float)(int32_t)(c1[b] >> 8) * 0x1p-24f < rate ? 0 : 0xFFFFFFFFu;
    kept[4 * b + 2] = (float)(int32_t)(c2[b] >> 8) * 0x1p-24f < rate ? 0 : 0xFFFFFFFFu;
    kept[4 * b + 3] = (float)(int32_t)(c3[b] >> 8) * 0x1p-24f < rate ? 0 : 0xFFFFFFFFu;
  }
}

#define DEFINE_DROPOUT(NAME, TYPE)                                                                        \
  CLONES void cvector_dropout_##NAME(TYPE *x, size_t first, size_t count, float rate, float scale,        \
                                     uint32_t key_low, uint32_t key_high) {                               \
    uint32_t kept[4 * LANES];                                                                             \
    size_t i = 0;                                                                                         \
    for (; i + 4 * LANES <= count; i += 4 * LANES) {                                                      \
      draw((first + i) / 4, key_low, key_high, rate, kept);                                               \
      for (size_t j = 0; j < 4 * LANES; j++)                                                              \
        x[i + j] = to_##NAME(masked_float32(from_##NAME(x[i + j]) * scale, kept[j]));                             \
    }                                                                                                     \
    if (i == count) return;                                                                               \
    draw((first + i) / 4, key_low, key_high, rate, kept);                                                 \
    for (size_t j = 0; j < count - i; j++)                                                                \
      x[i + j] = to_##NAME(masked_float32(from_##NAME(x[i + j]) * scale, kept[j]));                               \
  }
FOR_EACH_TYPE(DEFINE_DROPOUT)
