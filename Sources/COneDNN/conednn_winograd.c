#include "conednn_internal.h"
#include "conednn_winograd_internal.h"

#if defined(__x86_64__)

// Each thread takes blocks of tiles and does everything for them. Where the weights are small, the blocks' transformed
// values stay in its second-level cache; else blocks are larger, so that the weights are read for many tiles. Where
// there are too few tiles for a large block per thread, all threads work on one block, step after step.

enum {
  PRIVATE_BYTES = 640 << 10,
  LARGE_WEIGHT_BYTES = 2500 << 10,
  CACHED_BYTES = 8 << 20,
};

typedef struct {
  conednn_tilings tilings;
  int is_shared;
  int64_t source_bytes, product_bytes;
} cut;

conednn_ahead conednn_look_ahead(const conednn_tiling *t, const void *activation, int64_t first, int64_t count,
                                 int64_t size, int64_t steps) {
  conednn_ahead ahead = {0};
  int64_t line = first / t->columns, image = line / t->rows, y = line % t->rows * t->tile - t->margin;
  int64_t x = first % t->columns * t->tile, width = at_most(count * t->tile, t->width - x);
  if (image >= t->images || width <= 0) return ahead;
  int64_t pixel_bytes = t->channels * (t->bfloat16 ? 2 : 4);
  for (int64_t row = y < 0 ? 0 : y; row < at_most(t->height, y + size); row++)
    ahead.rows[ahead.row_count++] = (const char *)activation + ((image * t->height + row) * t->width + x) * pixel_bytes;
  ahead.bytes = width * pixel_bytes;
  ahead.step = quotient_up(quotient_up(ahead.bytes, steps), 64) * 64;
  return ahead;
}

conednn_tilings conednn_tilings_of(const conednn_winograd *s) {
  int64_t height = s->height + 2 * s->padding - 2, width = s->width + 2 * s->padding - 2;
  int64_t tile = s->tile, rows = quotient_up(height, tile), columns = quotient_up(width, tile);
  return (conednn_tilings){
      .source = {s->images, s->height, s->width, s->inputs, tile, rows, columns, s->padding, s->bfloat16, 0},
      .destination = {s->images, height, width, s->outputs, tile, rows, columns, 0, s->bfloat16, 0},
      .tiles = s->images * rows * columns};
}

void conednn_cut_blocks(conednn_tilings *t, const conednn_winograd *s, int64_t tile_bytes, int64_t large,
                        int is_shared) {
  int64_t most = at_least(GROUP, large ? large : PRIVATE_BYTES / tile_bytes / GROUP * GROUP);
  t->blocks = quotient_up(t->tiles, most);
  if (large && !is_shared) t->blocks = quotient_up(t->blocks, s->threads) * s->threads;
  t->block_tiles = quotient_up(quotient_up(t->tiles, t->blocks), GROUP) * GROUP;
  t->blocks = quotient_up(t->tiles, t->block_tiles);
}

static int64_t byte_count(const conednn_tiling *t) {
  return t->images * t->height * t->width * t->channels * (t->bfloat16 ? 2 : 4);
}

static cut cut_up(const conednn_winograd *s) {
  const conednn_filtering *f = conednn_filtering_of(s);
  cut c = {.tilings = conednn_tilings_of(s)};
  c.tilings.destination.past_cache = byte_count(&c.tilings.destination) > CACHED_BYTES;
  int is_large = conednn_winograd_weight_size(s) > LARGE_WEIGHT_BYTES;
  c.is_shared = is_large && c.tilings.tiles < s->threads * LARGE_TILES;
  conednn_cut_blocks(&c.tilings, s, f->products * (f->value_bytes * s->inputs + 4 * s->outputs),
                     is_large ? LARGE_TILES : 0, c.is_shared);
  int64_t groups = c.tilings.block_tiles / GROUP;
  c.source_bytes = f->products * conednn_plane(groups, s->inputs, f->value_bytes);
  c.product_bytes = f->products * conednn_plane(groups, s->outputs, 4);
  return c;
}

int32_t conednn_winograd_supported(const conednn_winograd *s) {
  return (s->tile == 2 ? s->bfloat16 && has_avx512_products(1) : s->tile == 4 && conednn_has_avx512()) &&
         s->inputs % PANEL == 0 && s->outputs % PANEL == 0 && s->padding >= 0 && s->padding <= 2;
}

int64_t conednn_winograd_weight_size(const conednn_winograd *s) {
  const conednn_filtering *f = conednn_filtering_of(s);
  return f->products * s->inputs * s->outputs * f->value_bytes;
}

void conednn_winograd_transform_weights(const conednn_winograd *s, const float *weights, int64_t out_begin,
                                        int64_t out_end, void *forward, void *backward) {
  const conednn_filtering *f = conednn_filtering_of(s);
  for (int64_t out = out_begin; out < out_end; out += LANES)
    for (int64_t in = 0; in < s->inputs; in += LANES) {
      const float *block = weights + (out / LANES * (s->inputs / LANES) + in / LANES) * 9 * LANES * LANES;
      if (forward) f->forward_weights(block, s->inputs, s->outputs, in, out, forward);
      if (backward) f->backward_weights(block, s->inputs, s->outputs, in, out, backward);
    }
  // They are written past the cache.
  _mm_sfence();
}

int64_t conednn_winograd_scratch_size(const conednn_winograd *s) {
  cut c = cut_up(s);
  return (c.is_shared ? 1 : s->threads) * (c.source_bytes + c.product_bytes);
}

typedef struct {
  const conednn_winograd *shape;
  const conednn_filtering *filtering;
  cut cut;
  const void *source;
  const char *weights;
  const float *bias;
  void *destination;
  char *scratch;
  // The block that all threads work on:
  int64_t first, count;
} job;

/// The memory of a block that starts at `base`.
static conednn_points source_points(const job *j, char *base, int64_t groups) {
  return conednn_points_by_group(base, groups, j->shape->inputs, j->filtering->value_bytes);
}
static conednn_points product_points(const job *j, char *base, int64_t groups) {
  return conednn_points_by_group(base + j->cut.source_bytes, groups, j->shape->outputs, 4);
}

static void multiply_panel(const job *j, char *base, int64_t groups, int64_t product, int64_t panel) {
  const conednn_filtering *f = j->filtering;
  int64_t inputs = j->shape->inputs, outputs = j->shape->outputs;
  conednn_points source = source_points(j, base, groups), products = product_points(j, base, groups);
  const char *tiles = source.base + product * source.plane;
  const char *weights = j->weights + (product * (outputs / PANEL) + panel) * inputs * PANEL * f->value_bytes;
  char *result = products.base + product * products.plane + panel * (PANEL / LANES) * products.block;
  for (int64_t g = 0; g < groups; g++, tiles += source.group, result += products.group)
    f->multiply_tiles(tiles, weights, inputs, (float *)result);
}

static void run_block(void *context, int32_t worker, int64_t block) {
  const job *j = context;
  const conednn_filtering *f = j->filtering;
  const cut *c = &j->cut;
  const conednn_tilings *t = &c->tilings;
  char *base = j->scratch + worker * (c->source_bytes + c->product_bytes);
  int64_t first = block * t->block_tiles, count = at_most(t->block_tiles, t->tiles - first);
  int64_t groups = quotient_up(count, GROUP), panels = j->shape->outputs / PANEL;
  f->source_by_group(&t->source, j->source, first, count, first, source_points(j, base, groups));
  conednn_ahead ahead =
      conednn_look_ahead(&t->source, j->source, first + count, count, f->points, f->products * panels);
  for (int64_t product = 0; product < f->products; product++)
    for (int64_t panel = 0; panel < panels; panel++) {
      conednn_fetch(&ahead);
      multiply_panel(j, base, groups, product, panel);
    }
  f->product(&t->destination, product_points(j, base, groups), first, count, first, j->bias, j->shape->rectified,
             j->destination);
}

static void transform_in(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  int64_t first = begin * GROUP, count = at_most(end * GROUP, j->count) - first;
  j->filtering->source_by_group(&j->cut.tilings.source, j->source, j->first + first, count, j->first,
                                source_points(j, j->scratch, quotient_up(j->count, GROUP)));
}

static void multiply(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  int64_t panels = j->shape->outputs / PANEL;
  for (int64_t i = begin; i < end; i++)
    multiply_panel(j, j->scratch, quotient_up(j->count, GROUP), i / panels, i % panels);
}

static void transform_out(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  int64_t first = begin * GROUP, count = at_most(end * GROUP, j->count) - first;
  j->filtering->product(&j->cut.tilings.destination, product_points(j, j->scratch, quotient_up(j->count, GROUP)),
                        j->first + first, count, j->first, j->bias, j->shape->rectified, j->destination);
}

void conednn_winograd_run(const conednn_winograd *s, const void *source, const void *weights, const float *bias,
                          void *destination, void *scratch) {
  const conednn_filtering *f = conednn_filtering_of(s);
  job j = {s, f, cut_up(s), source, weights, bias, destination, scratch, 0, 0};
  if ((uintptr_t)destination % LINE) j.cut.tilings.destination.past_cache = 0;
  if (!j.cut.is_shared) {
    conednn_parallel_workers(s->threads, j.cut.tilings.blocks, &j, run_block);
    return;
  }
  for (; j.first < j.cut.tilings.tiles; j.first += j.cut.tilings.block_tiles) {
    j.count = at_most(j.cut.tilings.block_tiles, j.cut.tilings.tiles - j.first);
    int64_t groups = quotient_up(j.count, GROUP);
    conednn_parallel(s->threads, groups, 1, &j, transform_in);
    conednn_parallel(s->threads, f->products * (s->outputs / PANEL), 1, &j, multiply);
    conednn_parallel(s->threads, groups, 1, &j, transform_out);
  }
}

#else

int32_t conednn_winograd_supported(const conednn_winograd *s) { return (void)s, 0; }
int64_t conednn_winograd_weight_size(const conednn_winograd *s) { return (void)s, 0; }
int64_t conednn_winograd_scratch_size(const conednn_winograd *s) { return (void)s, 0; }
void conednn_winograd_transform_weights(const conednn_winograd *s, const float *weights, int64_t out_begin,
                                        int64_t out_end, void *forward, void *backward) {
  (void)s, (void)weights, (void)out_begin, (void)out_end, (void)forward, (void)backward;
}
void conednn_winograd_run(const conednn_winograd *s, const void *source, const void *weights, const float *bias,
                          void *destination, void *scratch) {
  (void)s, (void)source, (void)weights, (void)bias, (void)destination, (void)scratch;
}

#endif
