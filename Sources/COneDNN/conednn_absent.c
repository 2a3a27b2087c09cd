#include <stddef.h>

#include "conednn_internal.h"

#ifndef CONEDNN_HEADERS

// This build found no oneDNN headers: the library is never opened, and no handle ever exists.

static int32_t absent(void) { return conednn_fail(CONEDNN_FAILED, "built without oneDNN's headers"); }

int32_t conednn_has_headers(void) { return 0; }
const char *conednn_header_version(void) { return ""; }
int32_t conednn_open(const char *path) { return (void)path, absent(); }
const char *conednn_version(void) { return ""; }
const char *conednn_instruction_set(void) { return ""; }
void conednn_set_guard(int32_t wanted) { (void)wanted; }
int32_t conednn_supports_bfloat16(void) { return 0; }
int32_t conednn_has_matrix_tiles(void) { return 0; }
int conednn_has_avx2(void) { return 0; }
int conednn_has_avx512(void) { return 0; }
int conednn_has_avx512_bfloat16(void) { return 0; }
void conednn_descriptor_destroy(conednn_descriptor descriptor) { (void)descriptor; }
int64_t conednn_descriptor_size(conednn_descriptor descriptor) { return (void)descriptor, 0; }
int32_t conednn_descriptor_blocking(conednn_descriptor descriptor, conednn_blocking *result) {
  return (void)descriptor, (void)result, absent();
}
int32_t conednn_convolution_create(const conednn_convolution *convolution, int32_t direction, int32_t threads,
                                   conednn_descriptor weights, conednn_operation *result) {
  return (void)convolution, (void)direction, (void)threads, (void)weights, (void)result, absent();
}
int32_t conednn_product_create(const conednn_product *product, int32_t threads, conednn_descriptor weights,
                               conednn_operation *result) {
  return (void)product, (void)threads, (void)weights, (void)result, absent();
}
int32_t conednn_reorder_create(conednn_descriptor from, conednn_descriptor to, int32_t threads,
                               conednn_operation *result) {
  return (void)from, (void)to, (void)threads, (void)result, absent();
}
void conednn_operation_destroy(conednn_operation operation) { (void)operation; }
int32_t conednn_operation_weights(conednn_operation operation, conednn_descriptor *result) {
  return (void)operation, (void)result, absent();
}
int64_t conednn_operation_scratch_size(conednn_operation operation) { return (void)operation, 0; }
const char *conednn_operation_implementation(conednn_operation operation) { return (void)operation, ""; }
int32_t conednn_operation_execute(conednn_operation operation, void *source, void *weights, void *bias,
                                  void *destination, void *scratch) {
  return (void)operation, (void)source, (void)weights, (void)bias, (void)destination, (void)scratch, absent();
}

#endif
