#pragma once
#include <stdint.h>

#include "conednn.h"

#if __has_include(<oneapi/dnnl/dnnl_version.h>)
#include <oneapi/dnnl/dnnl_version.h>
#if DNNL_VERSION_MAJOR == 3 && DNNL_VERSION_MINOR >= 2
#define CONEDNN_HEADERS 1
#endif
#endif

/// Keeps the words for `conednn_message` and returns `status`.
int32_t conednn_fail(int32_t status, const char *format, ...) __attribute__((format(printf, 2, 3)));
void conednn_count_handle(int64_t change);

/// The OpenMP runtime that the opened library is linked to; all nil before it is open.
typedef struct {
  void (*parallel)(void (*body)(void *), void *data, unsigned threads, unsigned flags);
  void (*set_num_threads)(int);
  void (*set_dynamic)(int);
  int (*in_parallel)(void);
} conednn_openmp;
extern conednn_openmp conednn_threading;

/// Every call into the library happens between these two: this many threads, denormals flushed in each of them, and
/// the caller's floating-point mode given back after.
uint32_t conednn_enter(int32_t threads);
void conednn_leave(uint32_t mode);
/// Runs `body` for each index of 0 ..< count; `worker` (below `threads`) says whose scratch memory it may use.
void conednn_parallel_workers(int32_t threads, int64_t count, void *context,
                              void (*body)(void *context, int32_t worker, int64_t index));

#ifdef CONEDNN_HEADERS
#include <oneapi/dnnl/dnnl.h>

#define CONEDNN_FUNCTIONS(X)                      \
  X(version)                                      \
  X(get_effective_cpu_isa)                        \
  X(engine_create)                                \
  X(stream_create)                                \
  X(memory_desc_create_with_tag)                  \
  X(memory_desc_clone)                            \
  X(memory_desc_destroy)                          \
  X(memory_desc_get_size)                         \
  X(memory_desc_query)                            \
  X(memory_create)                                \
  X(memory_destroy)                               \
  X(memory_set_data_handle)                       \
  X(primitive_attr_create)                        \
  X(primitive_attr_destroy)                       \
  X(primitive_attr_set_post_ops)                  \
  X(primitive_attr_set_scratchpad_mode)           \
  X(post_ops_create)                              \
  X(post_ops_destroy)                             \
  X(post_ops_append_eltwise)                      \
  X(post_ops_append_sum)                          \
  X(convolution_forward_primitive_desc_create)    \
  X(convolution_backward_data_primitive_desc_create)      \
  X(convolution_backward_weights_primitive_desc_create)   \
  X(deconvolution_forward_primitive_desc_create)          \
  X(deconvolution_backward_data_primitive_desc_create)    \
  X(deconvolution_backward_weights_primitive_desc_create) \
  X(matmul_primitive_desc_create)                 \
  X(reorder_primitive_desc_create)                \
  X(primitive_desc_query)                         \
  X(primitive_desc_query_md)                      \
  X(primitive_desc_destroy)                       \
  X(primitive_create)                             \
  X(primitive_execute)                            \
  X(primitive_destroy)                            \
  X(stream_wait)

/// The library's functions, found by name when it was opened.
typedef struct {
#define X(name) __typeof__(dnnl_##name) *name;
  CONEDNN_FUNCTIONS(X)
#undef X
} conednn_functions;

extern conednn_functions conednn_dnnl;
extern dnnl_engine_t conednn_engine;
extern dnnl_stream_t conednn_stream;

struct conednn_descriptor_s {
  dnnl_memory_desc_t layout;
};

/// One tensor that a primitive reads or writes.
typedef struct {
  int argument;
  dnnl_memory_t memory;
  size_t size;
  int is_output;
} conednn_tensor;

enum { CONEDNN_SOURCE, CONEDNN_WEIGHTS, CONEDNN_BIAS, CONEDNN_DESTINATION, CONEDNN_SCRATCH, CONEDNN_ROLES };

struct conednn_operation_s {
  dnnl_primitive_desc_t description;
  dnnl_primitive_t primitive;
  int32_t threads;
  conednn_tensor tensors[CONEDNN_ROLES];
  dnnl_query_t weights_query;
  int weights_index;
  char implementation[128];
};

/// What a role's tensor is called in the primitive, where its layout is found, and whether it is written.
typedef struct {
  int argument;
  dnnl_query_t query;
  int index;
  int is_output;
} conednn_role;

/// Those of a forward pass or a matrix product.
extern const conednn_role conednn_forward_roles[CONEDNN_ROLES];

/// Finishes an operation from its primitive descriptor, which it takes over. Roles with argument 0 are absent, and so
/// is the bias unless `biased`.
int32_t conednn_operation_finish(dnnl_primitive_desc_t description, const conednn_role roles[CONEDNN_ROLES],
                                 int biased, int32_t threads, conednn_operation *result);
/// Own attributes for one primitive: caller's scratchpad, and the post-operations asked for. NULL where it fails.
int32_t conednn_attributes_create(int accumulating, int rectified, dnnl_primitive_attr_t *result);
int32_t conednn_check(dnnl_status_t status, const char *what);
dnnl_status_t conednn_descriptor_with_tag(dnnl_memory_desc_t *result, int count, const dnnl_dims_t dimensions,
                                          dnnl_data_type_t type, dnnl_format_tag_t tag);

/// Debug mode (FCN_DIST_GUARD=1): runs the primitive on copies of all its tensors that end at an inaccessible page.
int conednn_guard_wanted(void);
int32_t conednn_guarded_execute(conednn_operation operation, void *const pointers[CONEDNN_ROLES]);
#endif
