#pragma once
#include <stdint.h>

// 3x3 convolutions by Winograd filtering (Winograd 1980; Lavin and Gray, "Fast algorithms for convolutional neural
// networks", CVPR 2016), for processors with AVX-512:
//
// - F(4x4, 3x3), a fourth of the multiplications, in float32. With the points 0, 3/4, -3/4, 3/2, -3/2 and infinity the
//   rounding error of a layer is about four times that of the plain sum (7e-7 of the result's size). Activations may be
//   bfloat16; everything between is float32.
// - F(2x2, 3x3), a multiplication in 2.25, of bfloat16 values with float32 sums. Two values are rounded for each product
//   rather than one; OneDNNWinogradTests holds the error below 6e-3 of the result's usual size, of which rounding the
//   result is up to 2e-3. Activations are bfloat16.

typedef struct {
  /// Of the source. Stride 1, kernel 3; the destination is height + 2 * padding - 2 high.
  int64_t images, height, width;
  int64_t inputs, outputs;
  int64_t padding;
  /// 4 or 2: pixels of a tile on a side.
  int32_t tile;
  int32_t rectified;
  int32_t bfloat16;
  int32_t threads;
} conednn_winograd;

/// Whether the processor has the instructions and the shape the multiples (32 channels on both sides). Tiles of 2x2 want
/// bfloat16.
int32_t conednn_winograd_supported(const conednn_winograd *_Nonnull shape);

/// Bytes of transformed weights for one direction.
int64_t conednn_winograd_weight_size(const conednn_winograd *_Nonnull shape);
/// Transforms outputs `out_begin` ..< `out_end` (multiples of 16) of weights in blocks [out / 16][in / 16][9][16 in]
/// [16 out]; either result may be nil. `backward` is for the convolution of the destination's gradient, so that the
/// roles of inputs and outputs are exchanged in it. Of the shape, only tile and channels count.
void conednn_winograd_transform_weights(const conednn_winograd *_Nonnull shape, const float *_Nonnull weights,
                                        int64_t out_begin, int64_t out_end, void *_Nullable forward,
                                        void *_Nullable backward);

int64_t conednn_winograd_scratch_size(const conednn_winograd *_Nonnull shape);
/// destination = source * weights (+ bias, rectified). The same bits for any number of threads and any batch split.
void conednn_winograd_run(const conednn_winograd *_Nonnull shape, const void *_Nonnull source,
                          const void *_Nonnull weights, const float *_Nullable bias, void *_Nonnull destination,
                          void *_Nonnull scratch);

int64_t conednn_winograd_gradient_scratch_size(const conednn_winograd *_Nonnull shape);
/// Overwrites the weight gradient (in the blocks above) and the bias gradient.
void conednn_winograd_gradient_run(const conednn_winograd *_Nonnull shape, const void *_Nonnull source,
                                   const void *_Nonnull gradient, float *_Nonnull weights, float *_Nullable bias,
                                   void *_Nonnull scratch);
