#pragma once
#include <stddef.h>
#include <stdint.h>

// Loops of feature pyramids: RoIAlign (He et al. 2017, section 3; bounds as in torchvision's kernels) and the adjoint of
// nearest neighbour upsampling. Maps are channels-last. Sums have one order, whatever shares the work.

/// result[x, c] = (a[2x, c] + a[2x+1, c]) + (b[2x, c] + b[2x+1, c]): two rows of the finer map become one of the coarser.
void cvector_sum_squares_float32(const float *_Nonnull a, const float *_Nonnull b, float *_Nonnull result,
                                 size_t columns, size_t channels);
void cvector_sum_squares_bfloat16(const uint16_t *_Nonnull a, const uint16_t *_Nonnull b, uint16_t *_Nonnull result,
                                  size_t columns, size_t channels);

/// A map and how regions of it are sampled.
struct cvector_align {
  /// Of the map.
  int32_t height, width, channels;
  /// Cells along each side of the result.
  int32_t size;
  /// Samples a cell along each axis; 0 for one a pixel, rounded up.
  int32_t samples;
  /// Pixels of the map per pixel of the image.
  float scale;
  /// Coordinates are shifted by half a pixel; otherwise a region has at least one pixel of the map.
  int32_t aligned;
};

/// Writes the region of `box` (x1, y1, x2, y2 in pixels of the image): [size, size, channels].
void cvector_align_float32(const struct cvector_align *_Nonnull align, const float *_Nonnull map,
                           const float *_Nonnull box, float *_Nonnull result);
void cvector_align_bfloat16(const struct cvector_align *_Nonnull align, const uint16_t *_Nonnull map,
                            const float *_Nonnull box, uint16_t *_Nonnull result);

/// Adds what the region's gradient [size, size, channels] gives to channels first ..< last of the map's gradient `sum`
/// [height, width, channels]; corners that coincide are added one after the other.
void cvector_align_backward_float32(const struct cvector_align *_Nonnull align, const float *_Nonnull gradient,
                                    const float *_Nonnull box, int32_t first, int32_t last, float *_Nonnull sum);
void cvector_align_backward_bfloat16(const struct cvector_align *_Nonnull align, const uint16_t *_Nonnull gradient,
                                     const float *_Nonnull box, int32_t first, int32_t last, float *_Nonnull sum);
