#include <string.h>

#include "conednn_internal.h"
#include "conednn_winograd_internal.h"

#if defined(__x86_64__)

// Product x of the weight gradient, [inputs][outputs], is the sum over all tiles of transformed source x transformed
// gradient. Small layers, and larger ones with many tiles: each thread sums its own part of the tiles. Others: all
// threads share out the products of one block of tiles after the other, so that there is one sum; inputs are taken in
// groups.

enum {
  SMALL_SUM_BYTES = 640 << 10,
  PRIVATE_SUM_BYTES = 2500 << 10,
  SHARED_SUM_BYTES = 10 << 20,
  LARGE_PIXELS = 16 * LARGE_TILES,  // of a large layer's block
};

typedef struct {
  conednn_tilings tilings;
  int is_shared;
  int64_t inputs, parts;  // of a sum; sums
  int64_t source_bytes, gradient_bytes, sum_bytes, bias_bytes, part_bytes;
} cut;

static cut cut_up(const conednn_winograd *s) {
  const conednn_filtering *f = conednn_filtering_of(s);
  cut c = {.tilings = conednn_tilings_of(s)};
  int64_t sum_bytes = f->products * s->inputs * s->outputs * 4, large = LARGE_PIXELS / (f->tile * f->tile);
  int is_small = sum_bytes <= SMALL_SUM_BYTES;
  c.is_shared = !is_small && (sum_bytes > PRIVATE_SUM_BYTES || c.tilings.tiles < s->threads * large);
  int64_t most_inputs = at_least(LANES, SHARED_SUM_BYTES / (f->products * s->outputs * 4) / LANES * LANES);
  c.inputs = c.is_shared ? at_most(s->inputs, most_inputs) : s->inputs;
  conednn_cut_blocks(&c.tilings, s, f->products * f->value_bytes * (s->inputs + s->outputs), is_small ? 0 : large,
                     c.is_shared);
  c.parts = c.is_shared ? 1 : at_most(s->threads, c.tilings.blocks);
  int64_t groups = c.tilings.block_tiles / GROUP;
  c.source_bytes = f->products * conednn_plane(groups, c.inputs, f->value_bytes);
  c.gradient_bytes = f->products * conednn_plane(groups, s->outputs, f->value_bytes);
  c.sum_bytes = f->products * c.inputs * s->outputs * 4;
  c.bias_bytes = whole_lines((c.is_shared ? groups : 1) * s->outputs * 4);
  c.part_bytes = c.source_bytes + c.gradient_bytes + c.sum_bytes + c.bias_bytes;
  return c;
}

int64_t conednn_winograd_gradient_scratch_size(const conednn_winograd *s) {
  cut c = cut_up(s);
  return c.parts * c.part_bytes;
}

typedef struct {
  const conednn_winograd *shape;
  const conednn_filtering *filtering;
  cut cut;
  const void *source, *gradient;
  float *weights, *bias;
  char *scratch;
  // The block and the inputs that all threads work on:
  int64_t block, first, count, input, inputs;
} job;

/// The memory of a part.
typedef struct {
  char *source, *gradient;
  float *sums, *bias;
} part_memory;

static part_memory memory_of(const job *j, int64_t part) {
  const cut *c = &j->cut;
  char *base = j->scratch + part * c->part_bytes;
  char *gradient = base + c->source_bytes, *sums = gradient + c->gradient_bytes;
  return (part_memory){base, gradient, (float *)sums, (float *)(sums + c->sum_bytes)};
}

static conednn_points source_points(const job *j, part_memory m, int64_t groups, int64_t inputs) {
  return conednn_points_by_channel(m.source, groups, inputs, j->filtering->value_bytes);
}
static conednn_points gradient_points(const job *j, part_memory m, int64_t groups) {
  return conednn_points_by_channel(m.gradient, groups, j->shape->outputs, j->filtering->value_bytes);
}

/// One product's sum over a block of tiles.
static void multiply_product(const job *j, part_memory m, int64_t groups, int64_t product, int64_t inputs,
                             int is_first) {
  int64_t outputs = j->shape->outputs;
  conednn_points source = source_points(j, m, groups, inputs), gradient = gradient_points(j, m, groups);
  float *sums = m.sums + product * inputs * outputs;
  for (int64_t o = 0; o < outputs; o += PANEL)
    for (int64_t i = 0; i < inputs; i += SUM_ROWS)
      j->filtering->multiply_channels(
          source.base + product * source.plane + i / LANES * source.block + i % LANES * (LINE / LANES),
          gradient.base + product * gradient.plane + o / LANES * gradient.block, groups * GROUP,
          sums + i * outputs + o, outputs, is_first);
}

static void run_part(void *context, int32_t worker, int64_t part) {
  (void)worker;
  const job *j = context;
  const conednn_filtering *f = j->filtering;
  const cut *c = &j->cut;
  const conednn_tilings *t = &c->tilings;
  const conednn_winograd *s = j->shape;
  part_memory m = memory_of(j, part);
  memset(m.bias, 0, (size_t)s->outputs * sizeof(float));
  int64_t begin = part * t->blocks / c->parts, end = (part + 1) * t->blocks / c->parts;
  for (int64_t block = begin; block < end; block++) {
    int64_t first = block * t->block_tiles, count = at_most(t->block_tiles, t->tiles - first);
    int64_t groups = quotient_up(count, GROUP);
    f->source_by_channel(&t->source, j->source, first, count, first, 0, s->inputs,
                         source_points(j, m, groups, s->inputs));
    f->gradient(&t->destination, j->gradient, first, count, first, gradient_points(j, m, groups), m.bias);
    conednn_ahead source = conednn_look_ahead(&t->source, j->source, first + count, count, f->points, f->products);
    conednn_ahead gradient = conednn_look_ahead(&t->destination, j->gradient, first + count, count, f->tile, f->products);
    for (int64_t product = 0; product < f->products; product++) {
      conednn_fetch(&source);
      conednn_fetch(&gradient);
      multiply_product(j, m, groups, product, s->inputs, block == begin);
    }
  }
}

static void transform_in(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  part_memory m = memory_of(j, 0);
  int64_t first = begin * GROUP, count = at_most(end * GROUP, j->count) - first, groups = quotient_up(j->count, GROUP);
  j->filtering->source_by_channel(&j->cut.tilings.source, j->source, j->first + first, count, j->first, j->input, j->inputs,
                                  source_points(j, m, groups, j->inputs));
  // The gradient of a single block stays for all groups of inputs.
  if (j->input > 0 && j->cut.tilings.blocks == 1) return;
  float *sums = j->input == 0 ? m.bias + begin * j->shape->outputs : NULL;
  if (sums) memset(sums, 0, (size_t)((end - begin) * j->shape->outputs) * sizeof(float));
  j->filtering->gradient(&j->cut.tilings.destination, j->gradient, j->first + first, count, j->first,
                         gradient_points(j, m, groups), sums);
}

static void multiply(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  for (int64_t product = begin; product < end; product++)
    multiply_product(j, memory_of(j, 0), quotient_up(j->count, GROUP), product, j->inputs, j->block == 0);
}

static void transform_out(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const conednn_winograd *s = j->shape;
  int64_t input_stride = 9 * LANES * LANES, output_stride = s->inputs / LANES * input_stride;
  j->filtering->weight_gradient(memory_of(j, 0).sums, j->cut.parts, j->cut.part_bytes / 4, j->inputs, s->outputs,
                                begin, end - begin, j->weights + j->input / LANES * input_stride, input_stride,
                                output_stride);
}

/// Adds rows of bias sums in their order.
static void add_bias(const job *j, const float *rows, int64_t count, int64_t stride, int is_first) {
  if (!j->bias) return;
  if (is_first) memset(j->bias, 0, (size_t)j->shape->outputs * sizeof(float));
  for (int64_t row = 0; row < count; row++)
    for (int64_t o = 0; o < j->shape->outputs; o++) j->bias[o] += rows[row * stride + o];
}

static void run_shared(job *j) {
  const conednn_winograd *s = j->shape;
  const cut *c = &j->cut;
  const conednn_tilings *t = &c->tilings;
  for (j->input = 0; j->input < s->inputs; j->input += c->inputs) {
    j->inputs = at_most(c->inputs, s->inputs - j->input);
    for (j->block = 0; j->block < t->blocks; j->block++) {
      j->first = j->block * t->block_tiles;
      j->count = at_most(t->block_tiles, t->tiles - j->first);
      int64_t groups = quotient_up(j->count, GROUP);
      conednn_parallel(s->threads, groups, 1, j, transform_in);
      if (j->input == 0) add_bias(j, memory_of(j, 0).bias, groups, s->outputs, j->block == 0);
      conednn_parallel(s->threads, j->filtering->products, 1, j, multiply);
    }
    conednn_parallel(s->threads, j->inputs, 4, j, transform_out);
  }
}

void conednn_winograd_gradient_run(const conednn_winograd *s, const void *source, const void *gradient, float *weights,
                                   float *bias, void *scratch) {
  job j = {.shape = s, .filtering = conednn_filtering_of(s), .cut = cut_up(s), .source = source, .gradient = gradient};
  j.weights = weights, j.bias = bias, j.scratch = scratch;
  if (j.cut.is_shared) {
    run_shared(&j);
    return;
  }
  conednn_parallel_workers(s->threads, j.cut.parts, &j, run_part);
  add_bias(&j, memory_of(&j, 0).bias, j.cut.parts, j.cut.part_bytes / 4, 1);
  j.inputs = s->inputs;
  conednn_parallel(s->threads, s->inputs, 4, &j, transform_out);
}

#else

int64_t conednn_winograd_gradient_scratch_size(const conednn_winograd *s) { return (void)s, 0; }
void conednn_winograd_gradient_run(const conednn_winograd *s, const void *source, const void *gradient, float *weights,
                                   float *bias, void *scratch) {
  (void)s, (void)source, (void)gradient, (void)weights, (void)bias, (void)scratch;
}

#endif
