#pragma once
#include <stdint.h>

enum {
  KN2ROW_PANEL = 32,    // outputs that are computed together
  KN2ROW_MOST_PIXELS = 14,  // pixels that are, at most
};

/// sums [pixels][32] += packed source [units][row units of 4 bytes] x weights [units][32] (of 4 bytes). A unit is an
/// input channel, or in bfloat16 a pair of them.
void conednn_kn2row_multiply(float *sums, const void *source, int64_t row, const void *weights, int64_t units,
                           int64_t pixels, int32_t bfloat16);
