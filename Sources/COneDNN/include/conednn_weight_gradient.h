#pragma once
#include <stdint.h>

// Weight gradients of stride-1 convolutions by direct convolution, as register-blocked rank-1 updates (as Georganas et
// al. 2018 do): for processors whose vectors multiply as fast as anything they have (AVX-512, with or without bfloat16
// products), where the library's kernels leave a third unused.

/// Source and gradient are channels-last. The weight gradient is in blocks of [16 in][16 out] floats, one for each tap,
/// the taps of a pair of channel blocks following each other.
typedef struct {
  int64_t images, height, width;
  int64_t inputs, outputs;
  int64_t kernel, padding;
  /// Floats from one block of 16 channels to the next.
  int64_t input_stride, output_stride;
  int32_t bfloat16;
  int32_t threads;
} conednn_weight_gradient;

/// Whether this processor has the instructions and the shape the multiples that the kernel needs.
int32_t conednn_weight_gradient_supported(const conednn_weight_gradient *_Nonnull shape);
int64_t conednn_weight_gradient_scratch_size(const conednn_weight_gradient *_Nonnull shape);
/// Overwrites weights (padding inputs become zero) and bias. The order of sums depends on the shape and the number of
/// threads alone.
void conednn_weight_gradient_run(const conednn_weight_gradient *_Nonnull shape, const void *_Nonnull source,
                                 const void *_Nonnull gradient, float *_Nonnull weights, float *_Nullable bias,
                                 void *_Nonnull scratch);
