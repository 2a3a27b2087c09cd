#pragma once
#include <stddef.h>
#include <stdint.h>

// Loops over channels-last activations, in float32 and in bfloat16 (kept as its upper 16 bits; computed in float32 and
// rounded to nearest even once). The promises of cvector.h hold: equal bits whatever the instruction set.

/// gradient[i] = output[i] > 0 ? gradient[i] * scale : 0
void cvector_relu_backward_float32(const float *_Nonnull output, float *_Nonnull gradient, size_t count, float scale);
void cvector_relu_backward_bfloat16(const uint16_t *_Nonnull output, uint16_t *_Nonnull gradient, size_t count,
                                    float scale);

/// Inverted dropout of elements `first` ..< `first + count` of an image (`x` points at element `first`, a multiple of
/// 4): number i % 4 of Philox4x32-10's block i / 4 under the key; dropped where (number >> 8) * 2^-24 < rate.
void cvector_dropout_float32(float *_Nonnull x, size_t first, size_t count, float rate, float scale, uint32_t key_low,
                             uint32_t key_high);
void cvector_dropout_bfloat16(uint16_t *_Nonnull x, size_t first, size_t count, float rate, float scale,
                              uint32_t key_low, uint32_t key_high);

/// destination[i] = source[i] * factor; destination may be source.
void cvector_multiply_float32(const float *_Nonnull source, float factor, float *_Nonnull destination, size_t count);
void cvector_multiply_bfloat16(const uint16_t *_Nonnull source, float factor, uint16_t *_Nonnull destination,
                               size_t count);
/// destination[i] += source[i]
void cvector_accumulate_float32(const float *_Nonnull source, float *_Nonnull destination, size_t count);
void cvector_accumulate_bfloat16(const uint16_t *_Nonnull source, uint16_t *_Nonnull destination, size_t count);

/// destination[i] = destination[i] + source[i], 0 where that is negative; not-a-numbers stay.
void cvector_add_rectified_float32(const float *_Nonnull source, float *_Nonnull destination, size_t count);
void cvector_add_rectified_bfloat16(const uint16_t *_Nonnull source, uint16_t *_Nonnull destination, size_t count);

/// x[p, c] += bias[c] for `pixels` pixels of `channels` channels, and 0 where that is not positive if `rectified`.
void cvector_add_bias_float32(float *_Nonnull x, const float *_Nonnull bias, size_t pixels, size_t channels,
                              int32_t rectified);
void cvector_add_bias_bfloat16(uint16_t *_Nonnull x, const float *_Nonnull bias, size_t pixels, size_t channels,
                               int32_t rectified);

/// sums[c] = sum over the rows of x[row * stride + c], for c in 0 ..< count, in the order of the rows.
void cvector_column_sums_float32(const float *_Nonnull x, size_t rows, size_t stride, size_t count,
                                 float *_Nonnull sums);
void cvector_column_sums_bfloat16(const uint16_t *_Nonnull x, size_t rows, size_t stride, size_t count,
                                  float *_Nonnull sums);

/// One row of 2 x 2, stride 2 max-pooling with output width (width + 1) / 2. `below` is nil for the last row of an odd
/// height. `places` says for each output which of the four (0, 1 above, 2, 3 below) it came from, the first of equals.
void cvector_max_pool_float32(const float *_Nonnull above, const float *_Nullable below, size_t width, size_t channels,
                              float *_Nonnull destination, uint8_t *_Nonnull places);
void cvector_max_pool_bfloat16(const uint16_t *_Nonnull above, const uint16_t *_Nullable below, size_t width,
                               size_t channels, uint16_t *_Nonnull destination, uint8_t *_Nonnull places);
/// The adjoint: writes both rows of the source's gradient.
void cvector_max_pool_backward_float32(const float *_Nonnull gradient, const uint8_t *_Nonnull places, size_t width,
                                       size_t channels, float *_Nonnull above, float *_Nullable below);
void cvector_max_pool_backward_bfloat16(const uint16_t *_Nonnull gradient, const uint8_t *_Nonnull places,
                                        size_t width, size_t channels, uint16_t *_Nonnull above,
                                        uint16_t *_Nullable below);

/// One row of 3 x 3, stride 2 max-pooling with padding 1 and output width (width + 1) / 2: of output x, the columns
/// 2x - 1 ... 2x + 1 of three rows; nil for a row outside. `places` says for each output which of the nine (3 * row +
/// column) it came from, the first of equals.
void cvector_max_pool_3x3_float32(const float *_Nullable above, const float *_Nonnull middle,
                                  const float *_Nullable below, size_t width, size_t channels,
                                  float *_Nonnull destination, uint8_t *_Nonnull places);
void cvector_max_pool_3x3_bfloat16(const uint16_t *_Nullable above, const uint16_t *_Nonnull middle,
                                   const uint16_t *_Nullable below, size_t width, size_t channels,
                                   uint16_t *_Nonnull destination, uint8_t *_Nonnull places);
/// The adjoint for one row of the source's gradient: of the one or two rows of outputs that look at it, in which row of
/// their windows it is. The second row may be nil.
void cvector_max_pool_3x3_backward_float32(const float *_Nonnull first, const uint8_t *_Nonnull first_places,
                                           int32_t first_row, const float *_Nullable second,
                                           const uint8_t *_Nullable second_places, int32_t second_row, size_t width,
                                           size_t channels, float *_Nonnull source);
void cvector_max_pool_3x3_backward_bfloat16(const uint16_t *_Nonnull first, const uint8_t *_Nonnull first_places,
                                            int32_t first_row, const uint16_t *_Nullable second,
                                            const uint8_t *_Nullable second_places, int32_t second_row, size_t width,
                                            size_t channels, uint16_t *_Nonnull source);

/// Softmax of `pixels` pixels with `classes` logits each, which may be where the probabilities go.
void cvector_probabilities(const float *_Nonnull logits, size_t pixels, size_t classes, float *_Nonnull probabilities);

/// Softmax cross-entropy of `pixels` pixels with `classes` logits each. Adds w[label] * cross-entropy and w[label]
/// over the counted pixels, in order, to sums[0] and sums[1]. The gradient is (probability - target) * w * scale, zero
/// for pixels with `ignore`. The target is 1 - smoothing at the label, and smoothing / classes more everywhere. A label that is neither a class nor `ignore` makes the sums not a number.
void cvector_softmax_float32(const float *_Nonnull logits, const uint16_t *_Nonnull labels, size_t pixels,
                             size_t classes, const float *_Nonnull weights, uint16_t ignore, float scale,
                             float smoothing, float *_Nullable gradient, double *_Nonnull sums);
void cvector_softmax_bfloat16(const float *_Nonnull logits, const uint16_t *_Nonnull labels, size_t pixels,
                              size_t classes, const float *_Nonnull weights, uint16_t ignore, float scale,
                              float smoothing, uint16_t *_Nullable gradient, double *_Nonnull sums);
/// The first of the largest logits of each pixel.
void cvector_argmax(const float *_Nonnull logits, size_t pixels, size_t classes, uint16_t *_Nonnull result);
