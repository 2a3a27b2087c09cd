#pragma once
#include <stddef.h>
#include <stdint.h>

// Loops of superpixels and their descriptors, under the same rules as in cvector.h: equal bits for every instruction set.

/// One cluster's window in SLIC's assignment (Achanta et al. 2012, section 3): the squared distance of every pixel to
/// the cluster, (L,a,b) plus `weight` times (x,y), and where it is less than the one kept in `distance`, `cluster` into
/// `labels`. The planes point to the window's first pixel, `dx` and `dy` are that pixel's place less the cluster's.
void cvector_slic_window(const float *_Nonnull l, const float *_Nonnull a, const float *_Nonnull b, size_t stride,
                         size_t height, size_t width, const float centre[_Nonnull 3], float dx, float dy, float weight,
                         int32_t cluster, float *_Nonnull distance, int32_t *_Nonnull labels);

/// CIE L*a*b* (D65) of linear RGB in 0 ... 1, in place: red becomes L, green a, blue b.
void cvector_lab(float *_Nonnull red, float *_Nonnull green, float *_Nonnull blue, size_t count);

/// result[i] += (column[i] - value)^2
void cvector_add_squared_difference(const float *_Nonnull column, float value, float *_Nonnull result, size_t count);
