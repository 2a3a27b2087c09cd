#pragma once
#include <stdint.h>

// kn2row (Vasudevan, Anderson and Gregg 2017) for kernels about as large as their images: a GEMM for each tap over
// the rows that it reaches, so that nothing is multiplied with the padding's zeros. Of fc6's products at 12x15 pixels
// (7x7, padding 3) those are a fourth. For processors with AVX-512.

typedef struct {
  /// Of the source. Stride 1; the destination is height + 2 * padding - kernel + 1 high.
  int64_t images, height, width;
  int64_t inputs, outputs;
  int64_t kernel, padding;
  /// Taps in reverse, which turns the convolution into that of the destination's gradient.
  int32_t rotated;
  int32_t rectified;
  /// Of source, weights and destination; sums are float32.
  int32_t bfloat16;
  int32_t threads;
} conednn_kn2row;

/// Whether the processor has the instructions and the shape the multiples (32 channels on both sides).
int32_t conednn_kn2row_supported(const conednn_kn2row *_Nonnull shape);
int64_t conednn_kn2row_scratch_size(const conednn_kn2row *_Nonnull shape);
/// destination = source * weights (+ bias, rectified). Weights are [outputs / 32][taps][inputs][32], in bfloat16
/// [outputs / 32][taps][inputs / 2][32][2]. The same bits for any number of threads and any batch split.
void conednn_kn2row_run(const conednn_kn2row *_Nonnull shape, const void *_Nonnull source, const void *_Nonnull weights,
                      const float *_Nullable bias, void *_Nonnull destination, void *_Nonnull scratch);
