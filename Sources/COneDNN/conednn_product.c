#include "conednn_internal.h"

#ifdef CONEDNN_HEADERS

int32_t conednn_product_create(const conednn_product *p, int32_t threads, conednn_descriptor weights,
                               conednn_operation *result) {
  dnnl_data_type_t type = p->bfloat16 ? dnnl_bf16 : dnnl_f32;
  dnnl_dims_t source = {p->rows, p->inner}, kernel = {p->inner, p->columns}, destination = {p->rows, p->columns};
  dnnl_dims_t bias = {1, p->columns};
  dnnl_memory_desc_t layouts[4] = {0};
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t description = NULL;
  uint32_t mode = conednn_enter(threads);
  dnnl_status_t status =
      conednn_descriptor_with_tag(&layouts[0], 2, source, type, p->source_transposed ? dnnl_ba : dnnl_ab);
  if (!status)
    status = weights ? conednn_dnnl.memory_desc_clone(&layouts[1], weights->layout)
                     : conednn_descriptor_with_tag(&layouts[1], 2, kernel, type,
                                                   p->weights_chosen ? dnnl_format_tag_any : dnnl_ab);
  if (!status)
    status = conednn_descriptor_with_tag(&layouts[2], 2, destination, p->float_destination ? dnnl_f32 : type, dnnl_ab);
  if (!status && p->biased) status = conednn_descriptor_with_tag(&layouts[3], 2, bias, dnnl_f32, dnnl_ab);
  int32_t failed = conednn_check(status, "the shapes of a product");
  if (!failed) failed = conednn_attributes_create(0, p->rectified, &attributes);
  if (!failed)
    failed = conednn_check(conednn_dnnl.matmul_primitive_desc_create(&description, conednn_engine, layouts[0],
                                                                     layouts[1], layouts[3], layouts[2], attributes),
                           "matrix product");
  for (int i = 0; i < 4; i++)
    if (layouts[i]) conednn_dnnl.memory_desc_destroy(layouts[i]);
  if (attributes) conednn_dnnl.primitive_attr_destroy(attributes);
  if (!failed) failed = conednn_operation_finish(description, conednn_forward_roles, p->biased, threads, result);
  conednn_leave(mode);
  return failed;
}

int32_t conednn_reorder_create(conednn_descriptor from, conednn_descriptor to, int32_t threads,
                               conednn_operation *result) {
  static const conednn_role roles[CONEDNN_ROLES] = {
      [CONEDNN_SOURCE] = {DNNL_ARG_FROM, dnnl_query_src_md, 0, 0},
      [CONEDNN_DESTINATION] = {DNNL_ARG_TO, dnnl_query_dst_md, 0, 1},
      [CONEDNN_SCRATCH] = {DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, 0, 1},
  };
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t description = NULL;
  uint32_t mode = conednn_enter(threads);
  int32_t status = conednn_attributes_create(0, 0, &attributes);
  if (!status)
    status = conednn_check(conednn_dnnl.reorder_primitive_desc_create(&description, from->layout, conednn_engine,
                                                                      to->layout, conednn_engine, attributes),
                           "reorder");
  if (attributes) conednn_dnnl.primitive_attr_destroy(attributes);
  if (!status) status = conednn_operation_finish(description, roles, 0, threads, result);
  conednn_leave(mode);
  return status;
}

#endif
