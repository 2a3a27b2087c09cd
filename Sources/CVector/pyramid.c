#include "cvector_pyramid.h"

#include "cvector_internal.h"

#define DEFINE_SUM_SQUARES(NAME, TYPE)                                                                               \
  CLONES void cvector_sum_squares_##NAME(const TYPE *restrict a, const TYPE *restrict b, TYPE *restrict result,      \
                                         size_t columns, size_t channels) {                                          \
    for (size_t x = 0; x < columns; x++) {                                                                           \
      const TYPE *restrict p = a + 2 * x * channels, *restrict q = b + 2 * x * channels;                             \
      for (size_t c = 0; c < channels; c++)                                                                          \
        result[x * channels + c] = to_##NAME((from_##NAME(p[c]) + from_##NAME(p[channels + c])) +                    \
                                             (from_##NAME(q[c]) + from_##NAME(q[channels + c])));                    \
    }                                                                                                                \
  }
FOR_EACH_TYPE(DEFINE_SUM_SQUARES)

/// Where samples lie along one axis.
struct axis {
  float start, cell;
  int32_t per_cell, length;
};

struct place {
  int32_t low, high;
  /// Of the higher place.
  float weight;
  /// Samples further than a pixel outside give nothing.
  int32_t inside;
};

/// A region wider than any image is a fault of the net, and must not take all time.
static const float LARGEST_CELL = 16384;

static struct axis axis_of(const struct cvector_align *align, float first, float last, int32_t length) {
  float offset = align->aligned ? 0.5f : 0;
  float start = first * align->scale - offset;
  float extent = last * align->scale - offset - start;
  if (!align->aligned && !(extent > 1)) extent = 1;
  float cell = extent / (float)align->size;
  int32_t adaptive = cell > 0 ? (int32_t)(cell < LARGEST_CELL ? cell : LARGEST_CELL) : 0;
  if (cell > (float)adaptive && cell < LARGEST_CELL) adaptive++;
  return (struct axis){start, cell, align->samples > 0 ? align->samples : adaptive, length};
}

static struct place place_of(const struct axis *axis, int32_t cell, int32_t sample) {
  float at = axis->start + (float)cell * axis->cell + ((float)sample + 0.5f) * axis->cell / (float)axis->per_cell;
  if (!(at >= -1 && at <= (float)axis->length)) return (struct place){0, 0, 0, 0};
  if (at < 0) at = 0;
  int32_t low = (int32_t)at;
  if (low >= axis->length - 1) return (struct place){axis->length - 1, axis->length - 1, 0, 1};
  return (struct place){low, low + 1, at - (float)low, 1};
}

struct corners {
  size_t offset[4];
  float weight[4];
};

static struct corners corners_of(const struct cvector_align *align, struct place y, struct place x, float factor) {
  size_t width = (size_t)align->width, channels = (size_t)align->channels;
  size_t low = (size_t)y.low * width, high = (size_t)y.high * width;
  return (struct corners){
      {(low + (size_t)x.low) * channels, (low + (size_t)x.high) * channels, (high + (size_t)x.low) * channels,
       (high + (size_t)x.high) * channels},
      {(1 - y.weight) * (1 - x.weight) * factor, (1 - y.weight) * x.weight * factor, y.weight * (1 - x.weight) * factor,
       y.weight * x.weight * factor}};
}

static float factor_of(const struct axis *rows, const struct axis *columns) {
  int64_t count = (int64_t)rows->per_cell * columns->per_cell;
  return 1 / (float)(count > 1 ? count : 1);
}

enum { BLOCK = 64 };

/// A block of channels at a time, so that its sums stay in registers; a region's samples in the order of rows and columns.
#define DEFINE_ALIGN(NAME, TYPE)                                                                                      \
  static inline __attribute__((always_inline)) void add_sample_##NAME(float *restrict sums, const TYPE *restrict map, \
                                                                      struct corners at, size_t count) {              \
    const TYPE *restrict a = map + at.offset[0], *restrict b = map + at.offset[1];                                    \
    const TYPE *restrict c = map + at.offset[2], *restrict d = map + at.offset[3];                                    \
    float p = at.weight[0], q = at.weight[1], r = at.weight[2], s = at.weight[3];                                     \
    for (size_t i = 0; i < count; i++)                                                                                \
      sums[i] += p * from_##NAME(a[i]) + q * from_##NAME(b[i]) + r * from_##NAME(c[i]) + s * from_##NAME(d[i]);       \
  }                                                                                                                   \
  CLONES void cvector_align_##NAME(const struct cvector_align *align, const TYPE *map, const float *box,              \
                                   TYPE *result) {                                                                    \
    struct axis rows = axis_of(align, box[1], box[3], align->height);                                                 \
    struct axis columns = axis_of(align, box[0], box[2], align->width);                                               \
    float factor = factor_of(&rows, &columns);                                                                        \
    size_t channels = (size_t)align->channels;                                                                        \
    for (int32_t cell = 0; cell < align->size * align->size; cell++) {                                                \
      TYPE *target = result + (size_t)cell * channels;                                                                \
      for (size_t first = 0; first < channels; first += BLOCK) {                                                      \
        size_t count = channels - first < BLOCK ? channels - first : BLOCK;                                           \
        float sums[BLOCK] = {0};                                                                                      \
        for (int32_t i = 0; i < rows.per_cell; i++) {                                                                 \
          struct place y = place_of(&rows, cell / align->size, i);                                                    \
          for (int32_t j = 0; j < columns.per_cell && y.inside; j++) {                                                \
            struct place x = place_of(&columns, cell % align->size, j);                                               \
            if (x.inside) add_sample_##NAME(sums, map + first, corners_of(align, y, x, factor), count);               \
          }                                                                                                           \
        }                                                                                                             \
        for (size_t i = 0; i < count; i++) target[first + i] = to_##NAME(sums[i]);                                    \
      }                                                                                                               \
    }                                                                                                                 \
  }
FOR_EACH_TYPE(DEFINE_ALIGN)

#define DEFINE_ALIGN_BACKWARD(NAME, TYPE)                                                                          \
  CLONES void cvector_align_backward_##NAME(const struct cvector_align *align, const TYPE *gradient,               \
                                            const float *box, int32_t first, int32_t last, float *sum) {           \
    struct axis rows = axis_of(align, box[1], box[3], align->height);                                              \
    struct axis columns = axis_of(align, box[0], box[2], align->width);                                            \
    float factor = factor_of(&rows, &columns);                                                                     \
    for (int32_t cell = 0; cell < align->size * align->size; cell++) {                                             \
      const TYPE *restrict source = gradient + (size_t)cell * (size_t)align->channels;                             \
      for (int32_t i = 0; i < rows.per_cell; i++) {                                                                \
        struct place y = place_of(&rows, cell / align->size, i);                                                   \
        for (int32_t j = 0; j < columns.per_cell && y.inside; j++) {                                               \
          struct place x = place_of(&columns, cell % align->size, j);                                              \
          if (!x.inside) continue;                                                                                 \
          struct corners at = corners_of(align, y, x, factor);                                                     \
          for (int corner = 0; corner < 4; corner++) {                                                             \
            float *restrict target = sum + at.offset[corner];                                                      \
            float weight = at.weight[corner];                                                                      \
            for (int32_t c = first; c < last; c++) target[c] += from_##NAME(source[c]) * weight;                   \
          }                                                                                                        \
        }                                                                                                          \
      }                                                                                                            \
    }                                                                                                              \
  }
FOR_EACH_TYPE(DEFINE_ALIGN_BACKWARD)
