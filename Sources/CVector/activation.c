#include "cvector_activation.h"

#include "cvector_internal.h"

#define DEFINE_RELU_BACKWARD(NAME, TYPE)                                                              \
  CLONES void cvector_relu_backward_##NAME(const TYPE *restrict output, TYPE *restrict gradient, size_t count, \
                                           float scale) {                                             \
    for (size_t i = 0; i < count; i++)                                                                \
      gradient[i] = to_##NAME(from_##NAME(output[i]) > 0 ? from_##NAME(gradient[i]) * scale : 0);      \
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

enum { LANES = 16 };

/// Philox4x32-10's blocks `first` ..< `first + LANES` in stream 0, as in Philox.swift: number j of block b is
/// result[j][b].
static inline __attribute__((always_inline)) void philox(uint64_t first, uint32_t key_low, uint32_t key_high,
                                                         uint32_t result[4][LANES]) {
  for (int b = 0; b < LANES; b++) {
    result[0][b] = (uint32_t)(first + (uint64_t)b);
    result[1][b] = (uint32_t)((first + (uint64_t)b) >> 32);
    result[2][b] = result[3][b] = 0;
  }
  for (int round = 0; round < 10; round++) {
    for (int b = 0; b < LANES; b++) {
      uint64_t x = (uint64_t)result[0][b] * 0xD2511F53u;
      uint64_t y = (uint64_t)result[2][b] * 0xCD9E8D57u;
      result[0][b] = (uint32_t)(y >> 32) ^ result[1][b] ^ key_low;
      result[1][b] = (uint32_t)y;
      result[2][b] = (uint32_t)(x >> 32) ^ result[3][b] ^ key_high;
      result[3][b] = (uint32_t)x;
    }
    key_low += 0x9E3779B9u;
    key_high += 0xBB67AE85u;
  }
}

#define DEFINE_DROPOUT(NAME, TYPE)                                                                         \
  CLONES void cvector_dropout_##NAME(TYPE *x, size_t first, size_t count, float rate, float scale,         \
                                     uint32_t key_low, uint32_t key_high) {                                \
    uint32_t numbers[4][LANES];                                                                            \
    for (size_t i = 0; i < count; i += 4 * LANES) {                                                        \
      philox((first + i) / 4, key_low, key_high, numbers);                                                 \
      size_t end = count - i < 4 * LANES ? count - i : 4 * LANES;                                          \
      for (size_t j = 0; j < end; j++) {                                                                   \
        float uniform = (float)(int32_t)(numbers[j % 4][j / 4] >> 8) * 0x1p-24f;                           \
        x[i + j] = to_##NAME(uniform < rate ? 0 : from_##NAME(x[i + j]) * scale);                          \
      }                                                                                                    \
    }                                                                                                      \
  }
FOR_EACH_TYPE(DEFINE_DROPOUT)
