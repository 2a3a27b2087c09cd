#include "conednn_arithmetic.h"
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
  int64_t line = first / t->columns, image = line / t->rows, y = line % t->rows * TILE - t->margin;
  int64_t x = first % t->columns * TILE, width = at_most(count * TILE, t->width - x);
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
  int64_t rows = quotient_up(height, TILE), columns = quotient_up(width, TILE);
  return (conednn_tilings){
      .source = {s->images, s->height, s->width, s->inputs, rows, columns, s->padding, s->bfloat16, 0},
      .destination = {s->images, height, width, s->outputs, rows, columns, 0, s->bfloat16, 0},
      .tiles = s->images * rows * columns};
}

void conednn_cut_blocks(conednn_tilings *t, const conednn_winograd *s, int is_small, int is_shared) {
  int64_t tile_bytes = PRODUCTS * 4 * (s->inputs + s->outputs);
  int64_t most = at_least(GROUP, is_small ? PRIVATE_BYTES / tile_bytes / GROUP * GROUP : LARGE_TILES);
  t->blocks = quotient_up(t->tiles, most);
  if (!is_small && !is_shared) t->blocks = quotient_up(t->blocks, s->threads) * s->threads;
  t->block_tiles = quotient_up(quotient_up(t->tiles, t->blocks), GROUP) * GROUP;
  t->blocks = quotient_up(t->tiles, t->block_tiles);
}

static int64_t byte_count(const conednn_tiling *t) {
  return t->images * t->height * t->width * t->channels * (t->bfloat16 ? 2 : 4);
}

static cut cut_up(const conednn_winograd *s) {
  cut c = {.tilings = conednn_tilings_of(s)};
  c.tilings.destination.past_cache = byte_count(&c.tilings.destination) > CACHED_BYTES;
  int is_large = PRODUCTS * s->inputs * s->outputs * 4 > LARGE_WEIGHT_BYTES;
  c.is_shared = is_large && c.tilings.tiles < s->threads * LARGE_TILES;
  conednn_cut_blocks(&c.tilings, s, !is_large, c.is_shared);
  c.source_bytes = PRODUCTS * conednn_plane(c.tilings.block_tiles / GROUP, s->inputs) * 4;
  c.product_bytes = PRODUCTS * conednn_plane(c.tilings.block_tiles / GROUP, s->outputs) * 4;
  return c;
}

int32_t conednn_winograd_supported(const conednn_winograd *s) {
  return has_avx512() && s->inputs % PANEL == 0 && s->outputs % PANEL == 0 && s->padding >= 0 && s->padding <= 2;
}

int64_t conednn_winograd_weight_count(int64_t inputs, int64_t outputs) { return PRODUCTS * inputs * outputs; }

int64_t conednn_winograd_scratch_size(const conednn_winograd *s) {
  cut c = cut_up(s);
  return (c.is_shared ? 1 : s->threads) * (c.source_bytes + c.product_bytes);
}

typedef struct {
  const conednn_winograd *shape;
  cut cut;
  const void *source;
  const float *weights, *bias;
  void *destination;
  char *scratch;
  // The block that all threads work on:
  int64_t first, count;
} job;

static void multiply_panel(const job *j, const float *tiles, int64_t groups, int64_t product, int64_t panel,
                           float *products) {
  int64_t inputs = j->shape->inputs, outputs = j->shape->outputs;
  const float *weights = j->weights + (product * (outputs / PANEL) + panel) * inputs * PANEL;
  tiles += product * conednn_plane(groups, inputs);
  products += product * conednn_plane(groups, outputs) + panel * PANEL * GROUP;
  for (int64_t g = 0; g < groups; g++)
    conednn_multiply_tiles(tiles + g * GROUP * inputs, weights, inputs, products + g * GROUP * outputs);
}

static void run_block(void *context, int32_t worker, int64_t block) {
  const job *j = context;
  const cut *c = &j->cut;
  const conednn_tilings *t = &c->tilings;
  float *tiles = (float *)(j->scratch + worker * (c->source_bytes + c->product_bytes));
  float *products = (float *)((char *)tiles + c->source_bytes);
  int64_t first = block * t->block_tiles, count = at_most(t->block_tiles, t->tiles - first);
  int64_t groups = quotient_up(count, GROUP), panels = j->shape->outputs / PANEL;
  conednn_transform_source(&t->source, j->source, first, count, first, 0, j->shape->inputs,
                           conednn_points_by_group(tiles, groups, j->shape->inputs));
  conednn_ahead ahead =
      conednn_look_ahead(&t->source, j->source, first + count, count, POINTS, PRODUCTS * panels);
  for (int64_t product = 0; product < PRODUCTS; product++)
    for (int64_t panel = 0; panel < panels; panel++) {
      conednn_fetch(&ahead);
      multiply_panel(j, tiles, groups, product, panel, products);
    }
  conednn_transform_product(&t->destination, conednn_points_by_group(products, groups, j->shape->outputs), first, count,
                            first, j->bias, j->shape->rectified, j->destination);
}

static conednn_points shared_source(const job *j) {
  return conednn_points_by_group((float *)j->scratch, quotient_up(j->count, GROUP), j->shape->inputs);
}

static conednn_points shared_products(const job *j) {
  return conednn_points_by_group((float *)(j->scratch + j->cut.source_bytes), quotient_up(j->count, GROUP),
                                 j->shape->outputs);
}

static void transform_in(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  int64_t first = begin * GROUP, count = at_most(end * GROUP, j->count) - first;
  conednn_transform_source(&j->cut.tilings.source, j->source, j->first + first, count, j->first, 0, j->shape->inputs,
                           shared_source(j));
}

static void multiply(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  int64_t panels = j->shape->outputs / PANEL;
  for (int64_t i = begin; i < end; i++)
    multiply_panel(j, shared_source(j).base, quotient_up(j->count, GROUP), i / panels, i % panels,
                   shared_products(j).base);
}

static void transform_out(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  int64_t first = begin * GROUP, count = at_most(end * GROUP, j->count) - first;
  conednn_transform_product(&j->cut.tilings.destination, shared_products(j), j->first + first, count, j->first, j->bias,
                            j->shape->rectified, j->destination);
}

void conednn_winograd_run(const conednn_winograd *s, const void *source, const float *weights, const float *bias,
                          void *destination, void *scratch) {
  job j = {s, cut_up(s), source, weights, bias, destination, scratch, 0, 0};
  if ((uintptr_t)destination % 64) j.cut.tilings.destination.past_cache = 0;
  if (!j.cut.is_shared) {
    conednn_parallel_workers(s->threads, j.cut.tilings.blocks, &j, run_block);
    return;
  }
  for (; j.first < j.cut.tilings.tiles; j.first += j.cut.tilings.block_tiles) {
    j.count = at_most(j.cut.tilings.block_tiles, j.cut.tilings.tiles - j.first);
    int64_t groups = quotient_up(j.count, GROUP);
    conednn_parallel(s->threads, groups, 1, &j, transform_in);
    conednn_parallel(s->threads, PRODUCTS * (s->outputs / PANEL), 1, &j, multiply);
    conednn_parallel(s->threads, groups, 1, &j, transform_out);
  }
}

#else

int32_t conednn_winograd_supported(const conednn_winograd *s) { return (void)s, 0; }
int64_t conednn_winograd_weight_count(int64_t inputs, int64_t outputs) { return (void)inputs, (void)outputs, 0; }
int64_t conednn_winograd_scratch_size(const conednn_winograd *s) { return (void)s, 0; }
void conednn_winograd_transform_weights(const float *weights, int64_t inputs, int64_t outputs, int64_t out_begin,
                                        int64_t out_end, float *forward, float *backward) {
  (void)weights, (void)inputs, (void)outputs, (void)out_begin, (void)out_end, (void)forward, (void)backward;
}
void conednn_winograd_run(const conednn_winograd *s, const void *source, const float *weights, const float *bias,
                          void *destination, void *scratch) {
  (void)s, (void)source, (void)weights, (void)bias, (void)destination, (void)scratch;
}

#endif
