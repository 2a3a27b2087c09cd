#include "conednn_internal.h"

#ifdef CONEDNN_HEADERS

/// Everything that a primitive descriptor of a (transposed) convolution is made from; freed by `release`.
typedef struct {
  dnnl_memory_desc_t source, weights, bias, destination;
  dnnl_dims_t strides, dilations, before, after;
  dnnl_primitive_attr_t attributes;
} parts;

static void release(parts *p) {
  dnnl_memory_desc_t layouts[] = {p->source, p->weights, p->bias, p->destination};
  for (int i = 0; i < 4; i++)
    if (layouts[i]) conednn_dnnl.memory_desc_destroy(layouts[i]);
  if (p->attributes) conednn_dnnl.primitive_attr_destroy(p->attributes);
}

static int32_t make_parts(const conednn_convolution *c, int32_t direction, conednn_descriptor fixed, parts *p) {
  dnnl_data_type_t type = c->bfloat16 ? dnnl_bf16 : dnnl_f32;
  int forward = direction == CONEDNN_FORWARD, weights = direction == CONEDNN_BACKWARD_WEIGHTS;
  dnnl_dims_t source = {c->images, c->source_channels, c->source_height, c->source_width};
  dnnl_dims_t destination = {c->images, c->destination_channels, c->destination_height, c->destination_width};
  dnnl_dims_t kernel = {c->destination_channels, c->source_channels, c->kernel, c->kernel};
  dnnl_dims_t bias = {c->destination_channels};
  *p = (parts){.strides = {c->stride, c->stride},
               .before = {c->padding_top, c->padding_left},
               .after = {c->padding_bottom, c->padding_right}};
  dnnl_status_t status = conednn_descriptor_with_tag(&p->source, 4, source, type, dnnl_nhwc);
  if (!status)
    status = conednn_descriptor_with_tag(&p->destination, 4, destination,
                                         forward && c->float_destination ? dnnl_f32 : type, dnnl_nhwc);
  if (!status && c->biased && direction != CONEDNN_BACKWARD_DATA)
    status = conednn_descriptor_with_tag(&p->bias, 1, bias, dnnl_f32, dnnl_x);
  if (!status && fixed) status = conednn_dnnl.memory_desc_clone(&p->weights, fixed->layout);
  if (!status && !fixed)
    status = conednn_descriptor_with_tag(&p->weights, 4, kernel, weights ? dnnl_f32 : type, dnnl_format_tag_any);
  if (status) return conednn_check(status, "the shapes of a convolution");
  return conednn_attributes_create(forward && c->accumulating, forward && c->rectified, &p->attributes);
}

static dnnl_status_t describe_forward(const conednn_convolution *c, const parts *p, dnnl_primitive_desc_t *result) {
  dnnl_prop_kind_t kind = c->inference ? dnnl_forward_inference : dnnl_forward_training;
  return c->transposed
             ? conednn_dnnl.deconvolution_forward_primitive_desc_create(
                   result, conednn_engine, kind, dnnl_deconvolution_direct, p->source, p->weights, p->bias,
                   p->destination, p->strides, p->dilations, p->before, p->after, p->attributes)
             : conednn_dnnl.convolution_forward_primitive_desc_create(
                   result, conednn_engine, kind, dnnl_convolution_direct, p->source, p->weights, p->bias,
                   p->destination, p->strides, p->dilations, p->before, p->after, p->attributes);
}

/// The library wants the forward pass's descriptor as a hint for both backward ones.
static int32_t describe_hint(const conednn_convolution *c, dnnl_primitive_desc_t *result) {
  conednn_convolution plain = *c;
  plain.rectified = plain.accumulating = plain.inference = plain.float_destination = 0;
  parts p;
  int32_t status = make_parts(&plain, CONEDNN_FORWARD, NULL, &p);
  if (!status) status = conednn_check(describe_forward(&plain, &p, result), "the forward pass as a hint");
  release(&p);
  return status;
}

static int32_t describe_backward(const conednn_convolution *c, int32_t direction, const parts *p,
                                 dnnl_primitive_desc_t *result) {
  dnnl_primitive_desc_t hint = NULL;
  int32_t failed = describe_hint(c, &hint);
  if (failed) return failed;
  dnnl_status_t status;
  if (direction == CONEDNN_BACKWARD_DATA && c->transposed)
    status = conednn_dnnl.deconvolution_backward_data_primitive_desc_create(
        result, conednn_engine, dnnl_deconvolution_direct, p->source, p->weights, p->destination, p->strides,
        p->dilations, p->before, p->after, hint, p->attributes);
  else if (direction == CONEDNN_BACKWARD_DATA)
    status = conednn_dnnl.convolution_backward_data_primitive_desc_create(
        result, conednn_engine, dnnl_convolution_direct, p->source, p->weights, p->destination, p->strides,
        p->dilations, p->before, p->after, hint, p->attributes);
  else if (c->transposed)
    status = conednn_dnnl.deconvolution_backward_weights_primitive_desc_create(
        result, conednn_engine, dnnl_deconvolution_direct, p->source, p->weights, p->bias, p->destination,
        p->strides, p->dilations, p->before, p->after, hint, p->attributes);
  else
    status = conednn_dnnl.convolution_backward_weights_primitive_desc_create(
        result, conednn_engine, dnnl_convolution_direct, p->source, p->weights, p->bias, p->destination,
        p->strides, p->dilations, p->before, p->after, hint, p->attributes);
  conednn_dnnl.primitive_desc_destroy(hint);
  return conednn_check(status, direction == CONEDNN_BACKWARD_DATA ? "backward data" : "backward weights");
}

static const conednn_role backward_data_roles[CONEDNN_ROLES] = {
    [CONEDNN_SOURCE] = {DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md, 0, 1},
    [CONEDNN_WEIGHTS] = {DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0, 0},
    [CONEDNN_DESTINATION] = {DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0, 0},
    [CONEDNN_SCRATCH] = {DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, 0, 1},
};
static const conednn_role backward_weights_roles[CONEDNN_ROLES] = {
    [CONEDNN_SOURCE] = {DNNL_ARG_SRC, dnnl_query_src_md, 0, 0},
    [CONEDNN_WEIGHTS] = {DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md, 0, 1},
    [CONEDNN_BIAS] = {DNNL_ARG_DIFF_BIAS, dnnl_query_diff_weights_md, 1, 1},
    [CONEDNN_DESTINATION] = {DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0, 0},
    [CONEDNN_SCRATCH] = {DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, 0, 1},
};

int32_t conednn_convolution_create(const conednn_convolution *c, int32_t direction, int32_t threads,
                                   conednn_descriptor weights, conednn_operation *result) {
  const conednn_role *roles = direction == CONEDNN_FORWARD         ? conednn_forward_roles
                              : direction == CONEDNN_BACKWARD_DATA ? backward_data_roles
                                                                   : backward_weights_roles;
  dnnl_primitive_desc_t description = NULL;
  parts p;
  uint32_t mode = conednn_enter(threads);
  int32_t status = make_parts(c, direction, weights, &p);
  if (!status)
    status = direction == CONEDNN_FORWARD ? conednn_check(describe_forward(c, &p, &description), "forward")
                                          : describe_backward(c, direction, &p, &description);
  release(&p);
  if (!status) status = conednn_operation_finish(description, roles, c->biased, threads, result);
  conednn_leave(mode);
  return status;
}

#endif
