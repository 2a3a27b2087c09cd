#pragma once
#include <stddef.h>
#include <stdint.h>

// Loops over rows of images and labels, under the same rules as in cvector.h: equal bits for every instruction set.

/// result[i] = a[i] + (b[i] - a[i]) * weight, in float32.
void cvector_mix_u8(const uint8_t *_Nonnull a, const uint8_t *_Nonnull b, float weight, float *_Nonnull result,
                    size_t count);
void cvector_mix_u16(const uint16_t *_Nonnull a, const uint16_t *_Nonnull b, float weight, float *_Nonnull result,
                     size_t count);
void cvector_mix_f32(const float *_Nonnull a, const float *_Nonnull b, float weight, float *_Nonnull result,
                     size_t count);
/// result[i] = row[left[i]] + (row[right[i]] - row[left[i]]) * weight[i]
void cvector_mix_gathered(const float *_Nonnull row, const int32_t *_Nonnull left, const int32_t *_Nonnull right,
                          const float *_Nonnull weight, float *_Nonnull result, size_t count);
/// result[i] = row[index[i]]
void cvector_gather_u16(const uint16_t *_Nonnull row, const int32_t *_Nonnull index, uint16_t *_Nonnull result,
                        size_t count);

/// For each pixel's first three values v: v = clamp(matrix (3 x 3, row by row) · v + offset (3), 0, maximum).
void cvector_recolor(float *_Nonnull row, size_t pixel_count, size_t channels, const float *_Nonnull matrix,
                     const float *_Nonnull offset, float maximum);
/// x[i] = min(x[i] * factor, maximum)
void cvector_brighten(float *_Nonnull x, float factor, float maximum, size_t count);
/// result[i] = (x[i] - mean[i]) / deviation[i]
void cvector_normalise(const float *_Nonnull x, const float *_Nonnull mean, const float *_Nonnull deviation,
                       float *_Nonnull result, size_t count);

void cvector_widen_u8(const uint8_t *_Nonnull x, uint16_t *_Nonnull result, size_t count);
/// Place of the first label that is neither below `classes` nor `ignored`; `count` where there is none.
size_t cvector_first_invalid_label(const uint16_t *_Nonnull labels, size_t count, uint32_t classes, uint32_t ignored);
/// Place of the first value that is infinite or not a number; `count` where there is none.
size_t cvector_first_not_finite(const float *_Nonnull x, size_t count);
