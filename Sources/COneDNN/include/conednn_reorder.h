#pragma once
#include <stdint.h>

/// Where each weight of an [out, in, spatial] tensor is: element (o, i, s) at out[o] + in[i] + spatial[s].
/// Every layout made of plain strides and blocks has this form.
typedef struct {
  const int64_t *_Nonnull out;
  const int64_t *_Nonnull in;
  const int64_t *_Nonnull spatial;
} conednn_offsets;

/// How the fast path may write a copy: whole vectors of 16 x 16 tiles, or element by element.
enum {
  CONEDNN_ANY_ORDER = 0,
  /// 16 outputs are neighbours.
  CONEDNN_OUT_ROWS = 1,
  /// 16 inputs are neighbours.
  CONEDNN_IN_ROWS = 2,
  /// Pairs of inputs are neighbours, and 16 such pairs of consecutive outputs follow each other (bfloat16).
  CONEDNN_IN_PAIRS = 3,
  /// Pairs of outputs are neighbours, and 16 such pairs of consecutive inputs follow each other (bfloat16).
  CONEDNN_OUT_PAIRS = 4,
};

typedef struct {
  void *_Nonnull base;
  conednn_offsets offsets;
  int32_t order;
  int32_t bfloat16;
} conednn_copy;

/// Which of the orders above a layout has for all whole 16 x 16 tiles of `outs` x `ins`.
int32_t conednn_order_of(conednn_offsets offsets, int64_t outs, int64_t ins, int32_t bfloat16);
/// Writes outputs `out_begin` ..< `out_end` of the master weights into each copy, converted where it is bfloat16
/// (rounded to nearest even). `master_order` is the master's own: any, out rows or in rows.
void conednn_reorder_weights(const float *_Nonnull master, conednn_offsets offsets, int32_t master_order,
                             int64_t out_begin, int64_t out_end, int64_t ins, int64_t spatials,
                             const conednn_copy *_Nonnull copies, int32_t copy_count);
/// result = weights times their output's factor, for outputs `out_begin` ..< `out_end` of one arrangement; `result` may
/// be `weights`.
void conednn_scale_weights(const float *_Nonnull weights, conednn_offsets offsets, const float *_Nonnull factors,
                           int64_t out_begin, int64_t out_end, int64_t ins, int64_t spatials, float *_Nonnull result);
/// Copies every weight from one float32 arrangement to another.
void conednn_move_weights(const float *_Nonnull source, conednn_offsets from, float *_Nonnull destination,
                          conednn_offsets to, int64_t outs, int64_t ins, int64_t spatials);
