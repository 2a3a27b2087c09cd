#pragma once
#include <stddef.h>
#include <stdint.h>

#include "cvector_activation.h"
#include "cvector_image.h"
#include "cvector_pyramid.h"
#include "cvector_regions.h"

// Loops over flat arrays, compiled for several instruction sets and chosen at load time. Every element is computed
// with the same operations in the same order whatever the instruction set (no contraction to FMA), and reductions
// run over a fixed number of lanes: the results are the same bits on every machine.

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `count` bytes, continuing from `crc` (0 to begin).
uint32_t cvector_crc32c(uint32_t crc, const void *_Nonnull bytes, size_t count);

/// result[i] = a[i] + b[i]; result may be a or b.
void cvector_add(const float *_Nonnull a, const float *_Nonnull b, float *_Nonnull result, size_t count);
/// x[i] *= factor
void cvector_scale(float *_Nonnull x, float factor, size_t count);
/// Sum of squares in double, over 16 fixed lanes. Not a number or infinite when any element is.
double cvector_sum_of_squares(const float *_Nonnull x, size_t count);

/// A moving average: a += share * (p - a).
void cvector_move_towards(float *_Nonnull a, const float *_Nonnull p, size_t count, float share);

/// SGD with momentum (FORMATS.md section 2): v = momentum*v + scale*g + decay*p; p -= rate*v.
void cvector_sgd(float *_Nonnull p, float *_Nonnull v, const float *_Nonnull g, size_t count, float scale,
                 float momentum, float decay, float rate);
/// AdamW (Loshchilov & Hutter 2019, decoupled decay): m, s the moments, c1 = 1-beta1^t, c2 = 1-beta2^t;
/// p -= rate * (m/c1 / (sqrt(s/c2) + epsilon) + decay*p).
void cvector_adamw(float *_Nonnull p, float *_Nonnull m, float *_Nonnull s, const float *_Nonnull g, size_t count,
                   float scale, float beta1, float beta2, float c1, float c2, float epsilon, float decay, float rate);

/// float32 to bfloat16, round to nearest even, NaN kept; and back.
void cvector_to_bfloat16(const float *_Nonnull x, uint16_t *_Nonnull result, size_t count);
void cvector_from_bfloat16(const uint16_t *_Nonnull x, float *_Nonnull result, size_t count);
/// Rounds every element to the nearest bfloat16 value, kept as float32.
void cvector_round_to_bfloat16(float *_Nonnull x, size_t count);

/// A non-temporal-friendly 64-bit mixing digest of `count` floats, for comparing replicas quickly (not cryptographic).
uint64_t cvector_digest(const float *_Nonnull x, size_t count);
