#include <stdlib.h>

#include "conednn_internal.h"

#ifdef CONEDNN_HEADERS

dnnl_status_t conednn_descriptor_with_tag(dnnl_memory_desc_t *result, int count, const dnnl_dims_t dimensions,
                                          dnnl_data_type_t type, dnnl_format_tag_t tag) {
  return conednn_dnnl.memory_desc_create_with_tag(result, count, dimensions, type, tag);
}

void conednn_descriptor_destroy(conednn_descriptor descriptor) {
  if (!descriptor) return;
  conednn_dnnl.memory_desc_destroy(descriptor->layout);
  free(descriptor);
  conednn_count_handle(-1);
}

int64_t conednn_descriptor_size(conednn_descriptor descriptor) {
  return (int64_t)conednn_dnnl.memory_desc_get_size(descriptor->layout);
}

int32_t conednn_descriptor_blocking(conednn_descriptor descriptor, conednn_blocking *result) {
  const_dnnl_memory_desc_t layout = descriptor->layout;
  dnnl_format_kind_t kind;
  dnnl_data_type_t type;
  int32_t count, blocks;
  const dnnl_dims_t *dimensions, *padded, *strides, *sizes, *indices;
  if (conednn_dnnl.memory_desc_query(layout, dnnl_query_format_kind, &kind) || kind != dnnl_blocked)
    return conednn_fail(CONEDNN_FAILED, "the library chose a layout that cannot be described");
  dnnl_status_t status = conednn_dnnl.memory_desc_query(layout, dnnl_query_ndims_s32, &count);
  if (!status) status = conednn_dnnl.memory_desc_query(layout, dnnl_query_data_type, &type);
  if (!status) status = conednn_dnnl.memory_desc_query(layout, dnnl_query_dims, &dimensions);
  if (!status) status = conednn_dnnl.memory_desc_query(layout, dnnl_query_padded_dims, &padded);
  if (!status) status = conednn_dnnl.memory_desc_query(layout, dnnl_query_strides, &strides);
  if (!status) status = conednn_dnnl.memory_desc_query(layout, dnnl_query_inner_nblks_s32, &blocks);
  if (!status) status = conednn_dnnl.memory_desc_query(layout, dnnl_query_inner_blks, &sizes);
  if (!status) status = conednn_dnnl.memory_desc_query(layout, dnnl_query_inner_idxs, &indices);
  if (status) return conednn_check(status, "dnnl_memory_desc_query");
  if (count > 4 || blocks > 8) return conednn_fail(CONEDNN_FAILED, "a layout with more blocks than expected");
  *result = (conednn_blocking){.dimension_count = count, .block_count = blocks};
  result->element_size = type == dnnl_f32 ? 4 : 2;
  for (int i = 0; i < count; i++) {
    result->dimensions[i] = (*dimensions)[i];
    result->padded[i] = (*padded)[i];
    result->strides[i] = (*strides)[i];
  }
  for (int i = 0; i < blocks; i++) {
    result->block_sizes[i] = (int32_t)(*sizes)[i];
    result->block_dimensions[i] = (int32_t)(*indices)[i];
  }
  return CONEDNN_OK;
}

#endif
