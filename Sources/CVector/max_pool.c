#include <stddef.h>

#include "cvector_activation.h"
#include "cvector_internal.h"

/// A value replaces the maximum so far when it is larger, or not a number (so that one is noticed further on).
#define CONSIDER(NAME, POINTER, PLACE)                  \
  {                                                     \
    float value = from_##NAME((POINTER)[c]);            \
    int taken = value > maximum || value != value;      \
    maximum = taken ? value : maximum;                  \
    place = taken ? PLACE : place;                      \
  }

#define DEFINE_MAX_POOL(NAME, TYPE)                                                                             \
  CLONES void cvector_max_pool_##NAME(const TYPE *restrict above, const TYPE *restrict below, size_t width,     \
                                      size_t channels, TYPE *restrict destination, uint8_t *restrict places) {  \
    for (size_t x = 0; x < width; x += 2) {                                                                     \
      const TYPE *restrict a = above + x * channels;                                                            \
      const TYPE *restrict b = below ? below + x * channels : a;                                                \
      const TYPE *restrict a1 = x + 1 < width ? a + channels : a;                                               \
      const TYPE *restrict b1 = x + 1 < width ? b + channels : b;                                               \
      TYPE *restrict d = destination + x / 2 * channels;                                                        \
      uint8_t *restrict p = places + x / 2 * channels;                                                          \
      for (size_t c = 0; c < channels; c++) {                                                                   \
        float maximum = from_##NAME(a[c]);                                                                      \
        int32_t place = 0;                                                                                      \
        CONSIDER(NAME, a1, 1)                                                                                   \
        CONSIDER(NAME, b, 2)                                                                                    \
        CONSIDER(NAME, b1, 3)                                                                                   \
        d[c] = to_##NAME(maximum);                                                                              \
        p[c] = (uint8_t)place;                                                                                  \
      }                                                                                                         \
    }                                                                                                           \
  }
FOR_EACH_TYPE(DEFINE_MAX_POOL)

static inline __attribute__((always_inline)) float kept_float32(float gradient, int is_kept) {
  return masked_float32(gradient, is_kept ? 0xFFFFFFFFu : 0);
}

static inline __attribute__((always_inline)) uint16_t kept_bfloat16(uint16_t gradient, int is_kept) {
  return gradient & (is_kept ? 0xFFFF : 0);
}

#define DEFINE_MAX_POOL_BACKWARD(NAME, TYPE)                                                                       \
  CLONES void cvector_max_pool_backward_##NAME(const TYPE *restrict gradient, const uint8_t *restrict places,      \
                                               size_t width, size_t channels, TYPE *restrict above,                \
                                               TYPE *restrict below) {                                             \
    for (int row = 0; row < 2; row++) {                                                                            \
      TYPE *restrict target = row ? below : above;                                                                 \
      if (!target) continue;                                                                                       \
      for (size_t x = 0; x < width; x++) {                                                                         \
        const TYPE *restrict g = gradient + x / 2 * channels;                                                      \
        const uint8_t *restrict p = places + x / 2 * channels;                                                     \
        uint8_t wanted = (uint8_t)(2 * row + (int)(x & 1));                                                        \
        TYPE *restrict t = target + x * channels;                                                                  \
        for (size_t c = 0; c < channels; c++) t[c] = kept_##NAME(g[c], p[c] == wanted);                            \
      }                                                                                                            \
    }                                                                                                              \
  }
FOR_EACH_TYPE(DEFINE_MAX_POOL_BACKWARD)
