#include <math.h>
#include <stddef.h>

#include "cvector_activation.h"
#include "cvector_internal.h"

enum { LANES = 16, MOST_CLASSES_IN_TILE = 256 };
#define INLINE static inline __attribute__((always_inline))

/// e^x for x <= 0: range reduction by ln 2 and Cephes' polynomial, relative error below 2e-7; x below -87 counts as
/// -87, not-a-number stays. No branch, no contraction: the same bits in every clone.
INLINE float exponential(float x) {
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it leaves the rounded integer in the low bits
  x = x < -87.0f ? -87.0f : x;
  float shifted = x * 1.44269504f + magic;
  float n = shifted - magic;
  float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.98756915e-4f;
  p = p * r + 1.39819995e-3f;
  p = p * r + 8.33345190e-3f;
  p = p * r + 4.16657960e-2f;
  p = p * r + 1.66666655e-1f;
  p = p * r + 5.00000010e-1f;
  float mantissa = (p * r) * r + r + 1.0f;
  uint32_t bits;
  float power;
  memcpy(&bits, &shifted, 4);
  bits = (bits + 127u) << 23;
  memcpy(&power, &bits, 4);
  return mantissa * power;
}

/// ln x for x >= 1 (Cephes' logf): relative error below 2e-7.
INLINE float logarithm(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  // The mantissa into [sqrt(1/2), sqrt(2)), the exponent to match.
  uint32_t offset = bits - 0x3F3504F3u;
  float e = (float)(int32_t)(offset >> 23);
  uint32_t reduced = (offset & 0x007FFFFFu) + 0x3F3504F3u;
  float m;
  memcpy(&m, &reduced, 4);
  m -= 1.0f;
  float z = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float y = (p * m) * z;
  y = y + e * -2.12194440e-4f;
  y = y - 0.5f * z;
  float result = m + y + e * 0.693359375f;
  return x == x ? result : x;
}

/// Up to 16 pixels side by side: logit c of pixel l is at scores[c * class_step + l * lane_step].
typedef struct {
  float maximum[LANES], sum[LANES], loss[LANES];
} softmax_lanes;

INLINE void reduce_lanes(const float *scores, size_t lanes, size_t lane_step, size_t class_step, size_t classes,
                         softmax_lanes *result) {
  for (size_t l = 0; l < lanes; l++) result->maximum[l] = scores[l * lane_step];
  for (size_t c = 1; c < classes; c++)
    for (size_t l = 0; l < lanes; l++) {
      float value = scores[c * class_step + l * lane_step];
      result->maximum[l] = value > result->maximum[l] ? value : result->maximum[l];
    }
  for (size_t l = 0; l < lanes; l++) result->sum[l] = 0;
  for (size_t c = 0; c < classes; c++)
    for (size_t l = 0; l < lanes; l++)
      result->sum[l] += exponential(scores[c * class_step + l * lane_step] - result->maximum[l]);
  for (size_t l = 0; l < lanes; l++) result->loss[l] = logarithm(result->sum[l]);
}

/// Turns the tile of logits into factor * probability.
INLINE void scale_lanes(float *scores, size_t lanes, size_t lane_step, size_t class_step, size_t classes,
                        const softmax_lanes *reduced, const float *factors) {
  float quotients[LANES];
  for (size_t l = 0; l < lanes; l++) quotients[l] = factors[l] / reduced->sum[l];
  for (size_t c = 0; c < classes; c++)
    for (size_t l = 0; l < lanes; l++) {
      float *score = &scores[c * class_step + l * lane_step];
      *score = exponential(*score - reduced->maximum[l]) * quotients[l];
    }
}

/// The loss of the lanes in order, and what each lane's gradient is multiplied by (0 for ignored pixels). With label
/// smoothing a share of the target is spread over all classes.
INLINE void sum_lanes(const float *logits, const uint16_t *labels, size_t lanes, size_t classes, const float *weights,
                      uint16_t ignore, float scale, float smoothing, const softmax_lanes *reduced, float *factors,
                      double *sums) {
  for (size_t l = 0; l < lanes; l++) {
    uint16_t label = labels[l];
    factors[l] = 0;
    if (label == ignore) continue;
    if (label >= classes) {
      sums[0] = sums[1] = NAN;
      continue;
    }
    double weight = weights[label];
    factors[l] = weights[label] * scale;
    sums[0] += weight * ((double)reduced->loss[l] + (double)reduced->maximum[l] - (double)logits[l * classes + label]);
    if (smoothing > 0) {
      double mean = 0;
      for (size_t c = 0; c < classes; c++) mean += (double)logits[l * classes + c];
      sums[0] += weight * (double)smoothing * ((double)logits[l * classes + label] - mean / (double)classes);
    }
    sums[1] += weight;
  }
}

#define DEFINE_WRITE_GRADIENT(NAME, TYPE)                                                                          \
  INLINE void write_gradient_##NAME(const float *products, size_t lanes, size_t lane_step, size_t class_step,      \
                                    size_t classes, const uint16_t *labels, uint16_t ignore, const float *factors, \
                                    float smoothing, TYPE *gradient) {                                             \
    const float rest = smoothing / (float)classes;                                                                 \
    for (size_t l = 0; l < lanes; l++) {                                                                           \
      int counted = labels[l] != ignore && labels[l] < classes;                                                    \
      const float others = factors[l] * rest, own = factors[l] * (1 - smoothing + rest);                           \
      for (size_t c = 0; c < classes; c++) {                                                                       \
        float value = products[c * class_step + l * lane_step];                                                    \
        value = value - (c == labels[l] ? own : others);                                                           \
        gradient[l * classes + c] = to_##NAME(counted ? value : 0);                                                \
      }                                                                                                            \
    }                                                                                                              \
  }
FOR_EACH_TYPE(DEFINE_WRITE_GRADIENT)

#define DEFINE_SOFTMAX(NAME, TYPE)                                                                                 \
  /* Few classes: 16 pixels at a time, transposed so that the loops over lanes are vectors. */                     \
  INLINE void softmax_tile_##NAME(const float *logits, const uint16_t *labels, size_t lanes, size_t classes,       \
                                  const float *weights, uint16_t ignore, float scale, float smoothing,             \
                                  TYPE *gradient, double *sums, float *tile) {                                     \
    softmax_lanes reduced;                                                                                         \
    float factors[LANES] = {0};                                                                                    \
    for (size_t c = 0; c < classes; c++)                                                                           \
      for (size_t l = 0; l < LANES; l++) tile[c * LANES + l] = logits[(l < lanes ? l : 0) * classes + c];          \
    reduce_lanes(tile, LANES, 1, LANES, classes, &reduced);                                                        \
    sum_lanes(logits, labels, lanes, classes, weights, ignore, scale, smoothing, &reduced, factors, sums);         \
    if (!gradient) return;                                                                                         \
    scale_lanes(tile, LANES, 1, LANES, classes, &reduced, factors);                                                \
    write_gradient_##NAME(tile, lanes, 1, LANES, classes, labels, ignore, factors, smoothing, gradient);           \
  }                                                                                                                \
  /* Many classes: one pixel at a time, 256 classes' products on the stack. The same operations per element. */    \
  INLINE void softmax_pixel_##NAME(const float *logits, uint16_t label, size_t classes, const float *weights,      \
                                   uint16_t ignore, float scale, float smoothing, TYPE *gradient, double *sums) {  \
    softmax_lanes reduced;                                                                                         \
    float factor;                                                                                                  \
    reduce_lanes(logits, 1, 1, 1, classes, &reduced);                                                              \
    sum_lanes(logits, &label, 1, classes, weights, ignore, scale, smoothing, &reduced, &factor, sums);             \
    if (!gradient) return;                                                                                         \
    float quotient = factor / reduced.sum[0], rest = smoothing / (float)classes;                                   \
    float others = factor * rest, own = factor * (1 - smoothing + rest);                                           \
    int counted = label != ignore && label < classes;                                                              \
    for (size_t c = 0; c < classes; c++) {                                                                         \
      float value = exponential(logits[c] - reduced.maximum[0]) * quotient;                                        \
      value = value - (c == label ? own : others);                                                                 \
      gradient[c] = to_##NAME(counted ? value : 0);                                                                \
    }                                                                                                              \
  }                                                                                                                \
  CLONES void cvector_softmax_##NAME(const float *logits, const uint16_t *labels, size_t pixels, size_t classes,   \
                                     const float *weights, uint16_t ignore, float scale, float smoothing,          \
                                     TYPE *gradient, double *sums) {                                               \
    float tile[LANES * MOST_CLASSES_IN_TILE];                                                                      \
    if (classes > MOST_CLASSES_IN_TILE) {                                                                          \
      for (size_t p = 0; p < pixels; p++)                                                                          \
        softmax_pixel_##NAME(logits + p * classes, labels[p], classes, weights, ignore, scale, smoothing,          \
                             gradient ? gradient + p * classes : NULL, sums);                                      \
      return;                                                                                                      \
    }                                                                                                              \
    for (size_t p = 0; p < pixels; p += LANES)                                                                     \
      softmax_tile_##NAME(logits + p * classes, labels + p, pixels - p < LANES ? pixels - p : LANES, classes,      \
                          weights, ignore, scale, smoothing, gradient ? gradient + p * classes : NULL, sums,       \
                          tile);                                                                                   \
  }
FOR_EACH_TYPE(DEFINE_SOFTMAX)

CLONES void cvector_probabilities(const float *logits, size_t pixels, size_t classes, float *probabilities) {
  float tile[LANES * MOST_CLASSES_IN_TILE], ones[LANES];
  softmax_lanes reduced;
  for (size_t l = 0; l < LANES; l++) ones[l] = 1;
  size_t lanes = classes > MOST_CLASSES_IN_TILE ? 1 : LANES;
  for (size_t p = 0; p < pixels; p += lanes) {
    const float *source = logits + p * classes;
    float *destination = probabilities + p * classes;
    if (lanes == 1) {
      reduce_lanes(source, 1, 1, 1, classes, &reduced);
      for (size_t c = 0; c < classes; c++) destination[c] = source[c];
      scale_lanes(destination, 1, 1, 1, classes, &reduced, ones);
      continue;
    }
    size_t count = pixels - p < LANES ? pixels - p : LANES;
    for (size_t c = 0; c < classes; c++)
      for (size_t l = 0; l < LANES; l++) tile[c * LANES + l] = source[(l < count ? l : 0) * classes + c];
    reduce_lanes(tile, LANES, 1, LANES, classes, &reduced);
    scale_lanes(tile, LANES, 1, LANES, classes, &reduced, ones);
    for (size_t l = 0; l < count; l++)
      for (size_t c = 0; c < classes; c++) destination[l * classes + c] = tile[c * LANES + l];
  }
}

void cvector_argmax(const float *logits, size_t pixels, size_t classes, uint16_t *result) {
  for (size_t p = 0; p < pixels; p++) {
    const float *scores = logits + p * classes;
    size_t best = 0;
    for (size_t c = 1; c < classes; c++) best = scores[c] > scores[best] ? c : best;
    result[p] = (uint16_t)best;
  }
}
