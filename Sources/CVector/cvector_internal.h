#pragma once
#include <stdint.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

// ThreadSanitizer has not begun yet when the loader asks which clone to take.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif

static inline __attribute__((always_inline)) float from_float32(float x) { return x; }
static inline __attribute__((always_inline)) float to_float32(float x) { return x; }

static inline __attribute__((always_inline)) float from_bfloat16(uint16_t x) {
  uint32_t bits = (uint32_t)x << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

/// Rounded to nearest even; not-a-numbers stay so.
static inline __attribute__((always_inline)) uint16_t to_bfloat16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  uint32_t quiet = (bits >> 16) | 0x40;
  return (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? quiet : rounded);
}

/// Bits of a value, without a branch, so that it becomes vectors.
static inline __attribute__((always_inline)) float masked_float32(float x, uint32_t mask) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  bits &= mask;
  memcpy(&x, &bits, 4);
  return x;
}

/// Defines a function for both element types from one body.
#define FOR_EACH_TYPE(DEFINE)  \
  DEFINE(float32, float)       \
  DEFINE(bfloat16, uint16_t)
