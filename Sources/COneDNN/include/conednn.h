#pragma once
#include <stddef.h>
#include <stdint.h>

#include "conednn_reorder.h"
#include "conednn_kn2row.h"
#include "conednn_subpixel.h"
#include "conednn_weight_gradient.h"
#include "conednn_winograd.h"

// A small, coarse face of oneDNN (API v3, 3.2 or newer) for the CPU. No header of oneDNN is needed to use it, and the
// library itself is opened at run time. Functions return 0 or a status; `conednn_message` then says in words what
// failed. Shapes are channels-last. Everything is created once per shape; executing allocates nothing.

typedef struct conednn_descriptor_s *conednn_descriptor;
typedef struct conednn_operation_s *conednn_operation;

enum {
  CONEDNN_OK = 0,
  CONEDNN_FAILED = 1,
  /// The library has no implementation for this combination.
  CONEDNN_UNIMPLEMENTED = 2,
};

// Library

/// Whether this build knows oneDNN's headers, and their version ("3.2.0", "" where it does not).
int32_t conednn_has_headers(void);
const char *_Nonnull conednn_header_version(void);
/// Opens the library at `path` (nil: the loader's own search for "libdnnl.so.3"), once per process. Refuses a version
/// that differs from the headers'.
int32_t conednn_open(const char *_Nullable path);
/// "3.2.0" and the instruction set the library will use, once it is open.
const char *_Nonnull conednn_version(void);
const char *_Nonnull conednn_instruction_set(void);
/// Whether the library computes in bfloat16 on this processor as fast as it can (AVX-512 or newer, with or without
/// products of bfloat16).
int32_t conednn_supports_bfloat16(void);
int32_t conednn_has_matrix_tiles(void);
/// What went wrong in the calling thread's last failing call.
const char *_Nonnull conednn_message(void);
/// Operations and descriptors that the calling thread has made and not destroyed, for leak tests.
int64_t conednn_live_handles(void);
/// Debug mode, also set by FCN_DIST_GUARD=1: operations run on copies of their tensors that end at an inaccessible
/// page, and say so when they wrote outside one.
void conednn_set_guard(int32_t wanted);

// Threads

/// Runs `body(context, begin, end)` over pieces of 0 ..< count, each at most `grain` long, on the OpenMP threads that
/// oneDNN uses; returns when all are done. Which thread takes a piece is not fixed: pieces must be independent.
void conednn_parallel(int32_t threads, int64_t count, int64_t grain, void *_Nullable context,
                      void (*_Nonnull body)(void *_Nullable context, int64_t begin, int64_t end));

// Layouts of weights

/// The arrangement of a tensor of up to four dimensions, as oneDNN describes it.
typedef struct {
  int32_t dimension_count;
  int32_t element_size;
  int64_t dimensions[4];
  int64_t padded[4];
  int64_t strides[4];
  int32_t block_count;
  int32_t block_sizes[8];
  int32_t block_dimensions[8];
} conednn_blocking;

void conednn_descriptor_destroy(conednn_descriptor _Nullable descriptor);
int64_t conednn_descriptor_size(conednn_descriptor _Nonnull descriptor);
/// Fails where the layout is not a plain or blocked one.
int32_t conednn_descriptor_blocking(conednn_descriptor _Nonnull descriptor, conednn_blocking *_Nonnull result);

// Operations

enum { CONEDNN_FORWARD = 0, CONEDNN_BACKWARD_DATA = 1, CONEDNN_BACKWARD_WEIGHTS = 2 };

/// A convolution, or a transposed one. Dimensions of the weights are [out, in, kernel, kernel] in both cases.
typedef struct {
  int64_t images;
  int64_t source_height, source_width, source_channels;
  int64_t destination_height, destination_width, destination_channels;
  int64_t kernel, stride;
  int64_t padding_top, padding_left, padding_bottom, padding_right;
  int32_t transposed;
  int32_t biased;
  int32_t rectified;
  int32_t accumulating;
  int32_t inference;
  /// Activations and compute copies of weights; weight gradients are float32 always.
  int32_t bfloat16;
  /// The destination of a forward pass is float32 whatever `bfloat16` says.
  int32_t float_destination;
} conednn_convolution;

/// `weights` fixes the layout of the weights (or of their gradient); nil lets the library choose.
int32_t conednn_convolution_create(const conednn_convolution *_Nonnull convolution, int32_t direction, int32_t threads,
                                   conednn_descriptor _Nullable weights, conednn_operation _Nullable *_Nonnull result);

/// destination = source x weights: [rows, inner] x [inner, columns], row-major. `source_transposed`: the memory holds
/// the transposed matrix; `weights_chosen`: the library chooses the layout of the weights. bfloat16 operands where
/// `bfloat16`, and a bfloat16 destination unless `float_destination`; bias [columns] float32.
typedef struct {
  int64_t rows, inner, columns;
  int32_t source_transposed;
  int32_t weights_chosen;
  int32_t biased;
  int32_t rectified;
  int32_t bfloat16;
  int32_t float_destination;
} conednn_product;

/// `weights` as above.
int32_t conednn_product_create(const conednn_product *_Nonnull product, int32_t threads,
                               conednn_descriptor _Nullable weights, conednn_operation _Nullable *_Nonnull result);
/// From one layout of weights to another of the same.
int32_t conednn_reorder_create(conednn_descriptor _Nonnull from, conednn_descriptor _Nonnull to, int32_t threads,
                               conednn_operation _Nullable *_Nonnull result);
void conednn_operation_destroy(conednn_operation _Nullable operation);

/// A new descriptor of the weights (or weight gradient) that the operation expects.
int32_t conednn_operation_weights(conednn_operation _Nonnull operation, conednn_descriptor _Nullable *_Nonnull result);
int64_t conednn_operation_scratch_size(conednn_operation _Nonnull operation);
/// The library's name for the kernel it chose.
const char *_Nonnull conednn_operation_implementation(conednn_operation _Nonnull operation);
/// Roles, whatever the direction: source (or its gradient), weights (or theirs), bias (or its gradient), destination
/// (or its gradient); a reorder reads source and writes destination. Denormals are flushed inside.
int32_t conednn_operation_execute(conednn_operation _Nonnull operation, void *_Nullable source,
                                  void *_Nullable weights, void *_Nullable bias, void *_Nullable destination,
                                  void *_Nullable scratch);
