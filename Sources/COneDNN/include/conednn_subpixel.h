#pragma once
#include <stdint.h>

// Transposed convolutions with few channels, as those that upsample scores are: destination columns a stride apart read
// the same weights, so that each sub-pixel phase (Shi et al. 2016) is a small dense product. The library has no kernel
// of its own for several of these (64x64, stride 32; float32 weight gradients) and falls to a general product, or to
// its reference implementation where the weights' layout was chosen for another image size. For processors with
// AVX-512; float32 with AVX2, too, and the same bits.

typedef struct {
  int64_t images, source_height, source_width;
  int64_t inputs, outputs;
  /// Of the destination: rows and columns `offset` ..< `offset + height` (`width`) of the whole result.
  int64_t height, width;
  int64_t kernel, stride, offset;
  /// Of source, gradient and the weights of the forward pass; sums are float32.
  int32_t bfloat16;
  int32_t float_destination;
  int32_t threads;
} conednn_subpixel;

/// Whether the processor has the instructions, and what oneDNN calls them.
int32_t conednn_subpixel_supported(int32_t bfloat16);
const char *_Nonnull conednn_subpixel_instructions(int32_t bfloat16);
int64_t conednn_subpixel_scratch_size(const conednn_subpixel *_Nonnull shape);
/// Weights are [outputs / 16, rounded up][taps][inputs][16], zero beyond the last output. The same bits for any number
/// of threads and any batch split.
void conednn_subpixel_run(const conednn_subpixel *_Nonnull shape, const void *_Nonnull source,
                            const void *_Nonnull weights, void *_Nonnull destination, void *_Nonnull scratch);
/// Overwrites the weight gradient, float32 in the order of the weights. The same bits for any number of threads.
void conednn_subpixel_gradient_run(const conednn_subpixel *_Nonnull shape, const void *_Nonnull source,
                                     const void *_Nonnull gradient, float *_Nonnull weights, void *_Nonnull scratch);
