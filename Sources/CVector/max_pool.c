#include <stddef.h>
#include <string.h>

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

/// The nine pixels one after another, each over all channels, so that the loops become vectors.
#define DEFINE_MAX_POOL_3X3(NAME, TYPE)                                                                          \
  CLONES void cvector_max_pool_3x3_##NAME(const TYPE *above, const TYPE *middle, const TYPE *below, size_t width, \
                                          size_t channels, TYPE *restrict destination, uint8_t *restrict places) { \
    const TYPE *rows[3] = {above, middle, below};                                                                \
    for (size_t x = 0; x < width; x += 2) {                                                                      \
      TYPE *restrict d = destination + x / 2 * channels;                                                         \
      uint8_t *restrict p = places + x / 2 * channels;                                                           \
      int is_first = 1;                                                                                          \
      for (uint8_t place = 0; place < 9; place++) {                                                              \
        const TYPE *row = rows[place / 3];                                                                       \
        size_t column = x + place % 3;                                                                           \
        if (!row || column < 1 || column > width) continue;                                                      \
        const TYPE *restrict s = row + (column - 1) * channels;                                                  \
        if (is_first) {                                                                                          \
          memcpy(d, s, channels * sizeof(TYPE));                                                                 \
          memset(p, place, channels);                                                                            \
        } else {                                                                                                 \
          for (size_t c = 0; c < channels; c++) {                                                                \
            float value = from_##NAME(s[c]);                                                                     \
            int taken = value > from_##NAME(d[c]) || value != value;                                             \
            d[c] = taken ? s[c] : d[c];                                                                          \
            p[c] = taken ? place : p[c];                                                                         \
          }                                                                                                      \
        }                                                                                                        \
        is_first = 0;                                                                                            \
      }                                                                                                          \
    }                                                                                                            \
  }
FOR_EACH_TYPE(DEFINE_MAX_POOL_3X3)

/// No pixel of a window.
enum { NOWHERE = 9 };

#define DEFINE_MAX_POOL_3X3_BACKWARD(NAME, TYPE)                                                                    \
  CLONES void cvector_max_pool_3x3_backward_##NAME(                                                                 \
      const TYPE *first, const uint8_t *first_places, int32_t first_row, const TYPE *second,                        \
      const uint8_t *second_places, int32_t second_row, size_t width, size_t channels, TYPE *restrict source) {     \
    size_t outputs = (width + 1) / 2;                                                                               \
    for (size_t x = 0; x < width; x++) {                                                                            \
      /* An even column is the middle one of one window, an odd one the last of one and the first of the next. */   \
      size_t left = x / 2, right = x % 2 && left + 1 < outputs ? left + 1 : left;                                   \
      uint8_t left_column = x % 2 ? 2 : 1;                                                                          \
      const TYPE *g[4];                                                                                             \
      const uint8_t *p[4];                                                                                          \
      uint8_t wanted[4];                                                                                            \
      for (int i = 0; i < 4; i++) {                                                                                 \
        int is_second = i / 2, is_right = i % 2;                                                                    \
        size_t offset = (is_right ? right : left) * channels;                                                       \
        int exists = (!is_second || second) && (!is_right || right != left);                                        \
        g[i] = (is_second && second ? second : first) + offset;                                                     \
        p[i] = (is_second && second ? second_places : first_places) + offset;                                       \
        wanted[i] = exists ? (uint8_t)(3 * (is_second ? second_row : first_row) + (is_right ? 0 : left_column))     \
                           : NOWHERE;                                                                               \
      }                                                                                                             \
      TYPE *restrict t = source + x * channels;                                                                     \
      for (size_t c = 0; c < channels; c++)                                                                         \
        t[c] = to_##NAME((from_##NAME(kept_##NAME(g[0][c], p[0][c] == wanted[0])) +                                 \
                          from_##NAME(kept_##NAME(g[1][c], p[1][c] == wanted[1]))) +                                \
                         (from_##NAME(kept_##NAME(g[2][c], p[2][c] == wanted[2])) +                                 \
                          from_##NAME(kept_##NAME(g[3][c], p[3][c] == wanted[3]))));                                \
    }                                                                                                               \
  }
FOR_EACH_TYPE(DEFINE_MAX_POOL_3X3_BACKWARD)
