#include <stdio.h>
#include <stdlib.h>

#include "conednn_internal.h"

#ifdef CONEDNN_HEADERS

int32_t conednn_attributes_create(int accumulating, int rectified, dnnl_primitive_attr_t *result) {
  dnnl_post_ops_t post_operations = NULL;
  *result = NULL;
  dnnl_status_t status = conednn_dnnl.primitive_attr_create(result);
  if (!status) status = conednn_dnnl.primitive_attr_set_scratchpad_mode(*result, dnnl_scratchpad_mode_user);
  if (!status && (accumulating || rectified)) {
    status = conednn_dnnl.post_ops_create(&post_operations);
    if (!status && accumulating)
      status = conednn_dnnl.post_ops_append_sum(post_operations, 1, 0, dnnl_data_type_undef);
    if (!status && rectified)
      status = conednn_dnnl.post_ops_append_eltwise(post_operations, dnnl_eltwise_relu, 0, 0);
    if (!status) status = conednn_dnnl.primitive_attr_set_post_ops(*result, post_operations);
  }
  if (post_operations) conednn_dnnl.post_ops_destroy(post_operations);
  if (status && *result) {
    conednn_dnnl.primitive_attr_destroy(*result);
    *result = NULL;
  }
  return conednn_check(status, "the attributes of an operation");
}

static int32_t add_tensor(conednn_operation operation, int role, conednn_role described) {
  const_dnnl_memory_desc_t layout =
      conednn_dnnl.primitive_desc_query_md(operation->description, described.query, described.index);
  conednn_tensor *tensor = &operation->tensors[role];
  if (!layout) return conednn_fail(CONEDNN_FAILED, "an operation does not describe its tensor %d", role);
  tensor->size = conednn_dnnl.memory_desc_get_size(layout);
  if (tensor->size == 0) return CONEDNN_OK;
  tensor->argument = described.argument;
  tensor->is_output = described.is_output;
  return conednn_check(conednn_dnnl.memory_create(&tensor->memory, layout, conednn_engine, DNNL_MEMORY_NONE),
                       "dnnl_memory_create");
}

const conednn_role conednn_forward_roles[CONEDNN_ROLES] = {
    [CONEDNN_SOURCE] = {DNNL_ARG_SRC, dnnl_query_src_md, 0, 0},
    [CONEDNN_WEIGHTS] = {DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0, 0},
    [CONEDNN_BIAS] = {DNNL_ARG_BIAS, dnnl_query_weights_md, 1, 0},
    [CONEDNN_DESTINATION] = {DNNL_ARG_DST, dnnl_query_dst_md, 0, 1},
    [CONEDNN_SCRATCH] = {DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, 0, 1},
};

int32_t conednn_operation_finish(dnnl_primitive_desc_t description, const conednn_role roles[CONEDNN_ROLES],
                                 int biased, int32_t threads, conednn_operation *result) {
  conednn_operation operation = calloc(1, sizeof *operation);
  if (!operation) {
    conednn_dnnl.primitive_desc_destroy(description);
    return conednn_fail(CONEDNN_FAILED, "out of memory");
  }
  conednn_count_handle(1);
  operation->description = description;
  operation->threads = threads;
  operation->weights_query = roles[CONEDNN_WEIGHTS].query;
  operation->weights_index = roles[CONEDNN_WEIGHTS].index;
  const char *name = NULL;
  int32_t status = conednn_check(
      conednn_dnnl.primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name), "dnnl_primitive_desc_query");
  if (!status) snprintf(operation->implementation, sizeof operation->implementation, "%s", name);
  for (int role = 0; role < CONEDNN_ROLES && !status; role++)
    if (roles[role].argument && (role != CONEDNN_BIAS || biased)) status = add_tensor(operation, role, roles[role]);
  if (!status)
    status = conednn_check(conednn_dnnl.primitive_create(&operation->primitive, description), "dnnl_primitive_create");
  if (status) {
    conednn_operation_destroy(operation);
    return status;
  }
  *result = operation;
  return CONEDNN_OK;
}

void conednn_operation_destroy(conednn_operation operation) {
  if (!operation) return;
  if (operation->primitive) conednn_dnnl.primitive_destroy(operation->primitive);
  for (int role = 0; role < CONEDNN_ROLES; role++)
    if (operation->tensors[role].memory) conednn_dnnl.memory_destroy(operation->tensors[role].memory);
  conednn_dnnl.primitive_desc_destroy(operation->description);
  free(operation);
  conednn_count_handle(-1);
}

int32_t conednn_operation_weights(conednn_operation operation, conednn_descriptor *result) {
  const_dnnl_memory_desc_t layout = conednn_dnnl.primitive_desc_query_md(
      operation->description, operation->weights_query, operation->weights_index);
  conednn_descriptor descriptor = calloc(1, sizeof *descriptor);
  if (!layout || !descriptor) {
    free(descriptor);
    return conednn_fail(CONEDNN_FAILED, "an operation does not describe its weights");
  }
  int32_t status = conednn_check(conednn_dnnl.memory_desc_clone(&descriptor->layout, layout), "dnnl_memory_desc_clone");
  if (status) {
    free(descriptor);
    return status;
  }
  conednn_count_handle(1);
  *result = descriptor;
  return CONEDNN_OK;
}

int64_t conednn_operation_scratch_size(conednn_operation operation) {
  return (int64_t)operation->tensors[CONEDNN_SCRATCH].size;
}

const char *conednn_operation_implementation(conednn_operation operation) { return operation->implementation; }

int32_t conednn_operation_execute(conednn_operation operation, void *source, void *weights, void *bias,
                                  void *destination, void *scratch) {
  void *const pointers[CONEDNN_ROLES] = {source, weights, bias, destination, scratch};
  if (conednn_guard_wanted()) return conednn_guarded_execute(operation, pointers);
  dnnl_exec_arg_t arguments[CONEDNN_ROLES];
  int count = 0;
  dnnl_status_t status = dnnl_success;
  for (int role = 0; role < CONEDNN_ROLES && !status; role++) {
    const conednn_tensor *tensor = &operation->tensors[role];
    if (!tensor->memory) continue;
    status = conednn_dnnl.memory_set_data_handle(tensor->memory, pointers[role]);
    arguments[count++] = (dnnl_exec_arg_t){tensor->argument, tensor->memory};
  }
  uint32_t mode = conednn_enter(operation->threads);
  if (!status) status = conednn_dnnl.primitive_execute(operation->primitive, conednn_stream, count, arguments);
  if (!status) status = conednn_dnnl.stream_wait(conednn_stream);
  conednn_leave(mode);
  return conednn_check(status, operation->implementation);
}

#endif
