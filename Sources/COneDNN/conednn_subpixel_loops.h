// The loops of conednn_subpixel.c, which includes this once for each instruction set and says what differs. No guard: it is
// meant to be read twice.

#define INNER LOOPS static inline __attribute__((always_inline))

#if WITH_AVX512
INNER __mmask16 NAME(mask_of)(int64_t count) { return (__mmask16)((1u << count) - 1); }
#endif

/// The first `count` (1 to 16) of 16 values, and zeros.
INNER lanes NAME(load_some)(const void *values, int64_t index, int64_t count, int is_bfloat16) {
#if WITH_AVX512
  __mmask16 mask = NAME(mask_of)(count);
  return is_bfloat16 ? (lanes)widened(_mm256_maskz_loadu_epi16(mask, (const uint16_t *)values + index))
                     : (lanes)_mm512_maskz_loadu_ps(mask, (const float *)values + index);
#else
  (void)is_bfloat16;
  const float *from = (const float *)values + index;
  __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  union { lanes whole; __m256 half[2]; } result;
  result.half[0] = _mm256_maskload_ps(from, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), places));
  result.half[1] = _mm256_maskload_ps(from + 8, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count - 8), places));
  return result.whole;
#endif
}

INNER void NAME(store_some)(lanes values, void *destination, int64_t index, int64_t count, int is_bfloat16) {
#if WITH_AVX512
  __mmask16 mask = NAME(mask_of)(count);
  if (is_bfloat16) {
    _mm256_mask_storeu_epi16((uint16_t *)destination + index, mask, narrowed((__m512)values));
  } else {
    _mm512_mask_storeu_ps((float *)destination + index, mask, (__m512)values);
  }
#else
  (void)is_bfloat16;
  float *to = (float *)destination + index;
  __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  union { lanes whole; __m256 half[2]; } given = {values};
  _mm256_maskstore_ps(to, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), places), given.half[0]);
  _mm256_maskstore_ps(to + 8, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count - 8), places), given.half[1]);
#endif
}

LOOPS static void NAME(widen_rows)(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const conednn_subpixel *s = j->shape;
  int64_t count = s->source_width * s->inputs, before = j->margin * s->inputs;
  for (int64_t r = begin; r < end; r++) {
    float *to = j->source + r * j->row;
    memset(to, 0, (size_t)before * sizeof(float));
    memset(to + before + count, 0, (size_t)(j->row - before - count) * sizeof(float));
    to += before;
    if (s->bfloat16) {
      const uint16_t *from = (const uint16_t *)j->given + r * count;
      for (int64_t i = 0; i < count; i += LANES) {
        int64_t some = at_most(LANES, count - i);
        NAME(store_some)(NAME(load_some)(from, i, some, 1), to, i, some, 0);
      }
    } else {
      memcpy(to, (const float *)j->given + r * count, (size_t)count * sizeof(float));
    }
  }
}

/// One row of one phase: `count` pixels, `stride` apart from column `first` on, of 16 outputs.
INNER void NAME(run_phase)(const job *j, int64_t image, int64_t y, int64_t first, int64_t block, int is_bfloat16) {
  const conednn_subpixel *s = j->shape;
  int64_t whole_y = y + s->offset, whole_x = first + s->offset, taps = s->kernel * s->kernel;
  int64_t count = quotient_up(s->width - first, s->stride), outputs = at_most(LANES, s->outputs - block * LANES);
  int64_t place = ((image * s->height + y) * s->width + first) * s->outputs + block * LANES;
  for (int64_t p = 0; p < count; p += PIXELS) {
    lanes sums[PIXELS];
#pragma clang loop unroll(full)
    for (int g = 0; g < PIXELS; g++) sums[g] = (lanes)0.0f;
    for (int64_t ky = whole_y % s->stride; ky < s->kernel; ky += s->stride) {
      int64_t row = whole_y - ky;
      if (row < 0 || row / s->stride >= s->source_height) continue;
      const float *line = j->source + (image * s->source_height + row / s->stride) * j->row;
      for (int64_t kx = whole_x % s->stride; kx < s->kernel; kx += s->stride) {
        // The margin keeps this in the line: a tap reaches at most kernel / stride columns beyond either edge.
        const float *x = line + ((whole_x - kx) / s->stride + j->margin + p) * s->inputs;
        int64_t weight = (block * taps + ky * s->kernel + kx) * s->inputs * LANES;
        for (int64_t i = 0; i < s->inputs; i++) {
          lanes w = NAME(load_some)(j->weights, weight + i * LANES, LANES, is_bfloat16);
#pragma clang loop unroll(full)
          for (int g = 0; g < PIXELS; g++) {
            sums[g] = __builtin_elementwise_fma((lanes)x[g * s->inputs + i], w, sums[g]);
          }
        }
      }
    }
#pragma clang loop unroll(full)
    for (int g = 0; g < PIXELS; g++) {
      if (p + g >= count) break;
      NAME(store_some)(sums[g], j->destination, place + (p + g) * s->stride * s->outputs, outputs,
                       is_bfloat16 && !s->float_destination);
    }
  }
}

LOOPS static void NAME(run_rows)(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const conednn_subpixel *s = j->shape;
  for (int64_t r = begin; r < end; r++) {
    for (int64_t block = 0; block < j->blocks; block++) {
      for (int64_t first = 0; first < at_most(s->stride, s->width); first++) {
        if (s->bfloat16) {
          NAME(run_phase)(j, r / s->height, r % s->height, first, block, 1);
        } else {
          NAME(run_phase)(j, r / s->height, r % s->height, first, block, 0);
        }
      }
    }
  }
}

/// The gradient of one tap's weights from up to `INPUTS` inputs to 16 outputs: a sum over all pixels of the source.
INNER void NAME(sum_tap)(const job *j, int64_t block, int64_t tap, int64_t input, int64_t inputs, int is_bfloat16) {
  const conednn_subpixel *s = j->shape;
  int64_t ky = tap / s->kernel, kx = tap % s->kernel;
  // Destination column of source column c: c * stride + kx - offset, where that is one.
  int64_t begin = quotient_up(at_least(0, s->offset - kx), s->stride);
  int64_t end = at_most(s->source_width, quotient_up(at_least(0, s->width + s->offset - kx), s->stride));
  int64_t outputs = at_most(LANES, s->outputs - block * LANES);
  lanes sums[INPUTS];
#pragma clang loop unroll(full)
  for (int i = 0; i < INPUTS; i++) sums[i] = (lanes)0.0f;
  for (int64_t r = 0; r < s->images * s->source_height; r++) {
    int64_t image = r / s->source_height, y = r % s->source_height * s->stride + ky - s->offset;
    if (y < 0 || y >= s->height) continue;
    const float *x = j->source + r * j->row + (begin + j->margin) * s->inputs + input;
    int64_t index = ((image * s->height + y) * s->width + begin * s->stride + kx - s->offset) * s->outputs;
    index += block * LANES;
    for (int64_t c = begin; c < end; c++, x += s->inputs, index += s->stride * s->outputs) {
      lanes g = NAME(load_some)(j->gradient, index, outputs, is_bfloat16);
      // Beyond `inputs` these are the next pixel's values or the margin's: sums that nobody stores.
#pragma clang loop unroll(full)
      for (int i = 0; i < INPUTS; i++) sums[i] = __builtin_elementwise_fma((lanes)x[i], g, sums[i]);
    }
  }
  float *to = j->weight_gradient + ((block * s->kernel * s->kernel + tap) * s->inputs + input) * LANES;
#pragma clang loop unroll(full)
  for (int i = 0; i < INPUTS; i++) {
    if (i >= inputs) break;
    NAME(store_some)(sums[i], to, i * LANES, LANES, 0);
  }
}

LOOPS static void NAME(sum_taps)(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  int64_t inputs = j->shape->inputs;
  for (int64_t tap = begin; tap < end; tap++) {
    for (int64_t block = 0; block < j->blocks; block++) {
      for (int64_t input = 0; input < inputs; input += INPUTS) {
        int64_t count = at_most(INPUTS, inputs - input);
        if (j->shape->bfloat16) {
          NAME(sum_tap)(j, block, tap, input, count, 1);
        } else {
          NAME(sum_tap)(j, block, tap, input, count, 0);
        }
      }
    }
  }
}

#undef INNER
