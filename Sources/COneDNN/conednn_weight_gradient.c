#include "conednn_weight_gradient.h"

#include <string.h>

#include "conednn_arithmetic.h"
#include "conednn_internal.h"
#include "conednn_weight_gradient_internal.h"
#include "conednn_vectors.h"

#if defined(__x86_64__)

// One image's rows are laid end to end with `padding` zero pixels between them, `pitch` pixels from row to row. Then a
// tap (i, j) is a shift: weight gradient [i][j] = sum over d of source[d + i * pitch + j] x gradient[d], where the
// gradient has zeros in the places between its rows. The sum over d runs in registers for 8 inputs x 32 outputs.
//
// In bfloat16 the processor multiplies pairs: d and d + 1. The source is therefore packed twice, in pairs that begin at
// even and at odd places, for even and odd shifts. A `unit` below is such a pair, or one pixel in float32.

enum {
  /// Units whose gradient panel stays in the first-level cache, beside the source's.
  MOST_UNITS = 160,
  /// Inputs whose packed source stays in the second-level cache.
  GROUP = 128,
  STRIP_BYTES = 400 << 10,
  MOST_TAPS = 64,
};

/// What follows from the shape: how it is cut.
typedef struct {
  int64_t rows, columns;  // of the gradient
  int64_t pitch;
  int64_t unit_pixels;  // 2 in bfloat16, else 1
  int64_t copies;       // of the packed source
  int64_t group_inputs, groups;
  int64_t range_outputs, ranges;
  int64_t strip_rows, strips_per_image, strips, chunks;
  int64_t run_strips, run_units;  // of the packed source, per copy
  int64_t gradient_units;         // of the packed gradient
  int64_t shifts[MOST_TAPS];      // of each tap, in pixels
  int64_t weight_count;
  int64_t source_bytes, gradient_bytes, worker_bytes, partial_bytes;
} cut;

/// Units of the packed source that `rows` rows of the gradient meet.
static int64_t units_of_rows(const conednn_weight_gradient *s, const cut *c, int64_t rows) {
  return quotient_up((rows + s->kernel - 1) * c->pitch + s->kernel - 1, c->unit_pixels) + 1;
}

/// Enough pieces of work for the threads: ranges of outputs, each of which packs the source again, or chunks of the
/// image, each of which has a weight gradient of its own to be added in the end. Whichever moves less memory.
static void share_out(const conednn_weight_gradient *s, cut *c) {
  int64_t range_cost = s->images * s->height * s->width * s->inputs * c->copies;
  int64_t wanted = s->threads > 1 ? 3 * s->threads : 1;
  c->ranges = c->chunks = 1;
  c->range_outputs = s->outputs;
  while (c->groups * c->ranges * c->chunks < wanted) {
    int may_split_range = c->range_outputs % (2 * PANEL) == 0, may_split_chunk = c->chunks < c->strips;
    if (may_split_range && (range_cost < c->weight_count || !may_split_chunk)) {
      c->range_outputs /= 2;
      c->ranges *= 2;
    } else if (may_split_chunk) {
      c->chunks++;
    } else {
      return;
    }
  }
}

static cut cut_up(const conednn_weight_gradient *s) {
  cut c = {0};
  c.rows = s->height + 2 * s->padding - s->kernel + 1;
  c.columns = s->width + 2 * s->padding - s->kernel + 1;
  c.pitch = s->width + s->padding;
  c.unit_pixels = s->bfloat16 ? 2 : 1;
  c.copies = s->bfloat16 && s->kernel > 1 ? 2 : 1;
  c.group_inputs = at_most(GROUP, quotient_up(s->inputs, BLOCK) * BLOCK);
  c.groups = quotient_up(s->inputs, c.group_inputs);
  int64_t pixel_bytes = c.group_inputs * (s->bfloat16 ? 2 : 4) * c.copies;
  int64_t most_pixels = STRIP_BYTES / pixel_bytes;
  c.strip_rows = at_least(1, at_most(c.rows, most_pixels / c.pitch - (s->kernel - 1)));
  c.strips_per_image = quotient_up(c.rows, c.strip_rows);
  c.strip_rows = quotient_up(c.rows, c.strips_per_image);
  c.strips = s->images * c.strips_per_image;
  c.run_strips = at_least(1, quotient_up(4 * (s->kernel - 1), c.strip_rows));
  c.run_units = units_of_rows(s, &c, c.run_strips * c.strip_rows);
  c.gradient_units = quotient_up(c.strip_rows * c.pitch, c.unit_pixels);
  for (int64_t tap = 0; tap < s->kernel * s->kernel; tap++)
    c.shifts[tap] = tap / s->kernel * c.pitch + tap % s->kernel;
  int64_t blocks = quotient_up(s->inputs, BLOCK) * (s->outputs / BLOCK);
  c.weight_count = blocks * s->kernel * s->kernel * BLOCK * BLOCK;
  share_out(s, &c);
  c.source_bytes = whole_lines(c.group_inputs * c.run_units * c.copies * 4);
  c.gradient_bytes = c.gradient_units * c.range_outputs * 4;
  c.worker_bytes = c.source_bytes + c.gradient_bytes;
  c.partial_bytes = whole_lines((c.weight_count + s->outputs) * 4);
  return c;
}

int32_t conednn_weight_gradient_supported(const conednn_weight_gradient *s) {
  return has_avx512_products(s->bfloat16) && s->outputs % PANEL == 0 && s->kernel * s->kernel <= MOST_TAPS &&
         s->padding < s->kernel && s->height + 2 * s->padding >= s->kernel && s->width + 2 * s->padding >= s->kernel;
}

int64_t conednn_weight_gradient_scratch_size(const conednn_weight_gradient *s) {
  cut c = cut_up(s);
  return s->threads * c.worker_bytes + (c.chunks - 1) * c.partial_bytes;
}

typedef struct {
  const conednn_weight_gradient *shape;
  cut cut;
  const char *source, *gradient;
  float *weights, *bias;
  char *worker_scratch;
  char *partials;
} job;

/// Memory that is fetched into the cache a few lines at a time.
typedef struct {
  const char *next, *end;
} ahead;

/// One worker's share of a job: some inputs and outputs, over some strips.
typedef struct {
  const job *job;
  int64_t input, inputs, output, outputs;
  float *weights, *bias;
  char *source, *gradient;  // packed
  /// The rows of an image whose source is packed now: neighbouring strips share `kernel` - 1 of them.
  int64_t run_image, run_row, run_strips, run_units;
  /// What the next strip will read from memory, fetched while this one is multiplied.
  ahead source_ahead, gradient_ahead;
  int64_t lines_ahead;
} item;

/// The rows of one image that are computed together.
typedef struct {
  int64_t image, row, rows;
} strip;

static inline void fetch_lines(ahead *a, int64_t lines) {
  for (; lines > 0 && a->next < a->end; lines--, a->next += 64) __builtin_prefetch(a->next, 0, 2);
}

static int64_t element_bytes(const conednn_weight_gradient *s) { return s->bfloat16 ? 2 : 4; }

static const char *gradient_row(const job *j, int64_t image, int64_t row) {
  const cut *c = &j->cut;
  return j->gradient + (image * c->rows + row) * c->columns * j->shape->outputs * element_bytes(j->shape);
}

static const char *source_row(const job *j, int64_t image, int64_t row) {
  const conednn_weight_gradient *s = j->shape;
  return j->source + (image * s->height + row) * s->width * s->inputs * element_bytes(s);
}

/// All taps of one panel of outputs over some units, the first of which is `place` in the packed source.
static void multiply_panel(item *t, const char *panel, int64_t output, int64_t place, int64_t units, int is_first) {
  const conednn_weight_gradient *s = t->job->shape;
  const cut *c = &t->job->cut;
  for (int64_t i = 0; i < t->inputs; i += SUM_ROWS) {
    int64_t input = t->input + i;
    float *low =
        t->weights + output / BLOCK * s->output_stride + input / BLOCK * s->input_stride + input % BLOCK * BLOCK;
    const char *block = t->source + (i / BLOCK * c->run_units * BLOCK + i % BLOCK) * 4;
    for (int64_t tap = 0; tap < s->kernel * s->kernel; tap++, low += BLOCK * BLOCK) {
      int64_t from = place + c->shifts[tap];
      fetch_lines(&t->source_ahead, t->lines_ahead);
      fetch_lines(&t->gradient_ahead, t->lines_ahead);
      if (s->bfloat16) {
        const char *copy = block + (from % 2 ? c->group_inputs * c->run_units * 4 : 0);
        conednn_multiply_bfloat16(copy + from / 2 * 64, panel, units, low, low + s->output_stride, is_first);
      } else {
        conednn_multiply_float32(block + from * 64, panel, units, low, low + s->output_stride, is_first);
      }
    }
  }
}

/// Packs what the strip needs of the source and the run does not have yet.
static void pack_source(item *t, strip now) {
  const conednn_weight_gradient *s = t->job->shape;
  const cut *c = &t->job->cut;
  if (t->run_image != now.image || t->run_strips == c->run_strips) {
    t->run_image = now.image;
    t->run_row = now.row;
    t->run_strips = t->run_units = 0;
  }
  int64_t first = t->run_units, end = units_of_rows(s, c, now.row - t->run_row + now.rows);
  conednn_walk w = conednn_walk_from(source_row(t->job, now.image, 0), t->run_row - s->padding, s->height, s->width,
                                     c->pitch, -s->padding, s->inputs * element_bytes(s), first * c->unit_pixels);
  conednn_packed_source packed = {t->source, c->run_units, c->group_inputs / BLOCK, c->copies};
  if (s->bfloat16)
    conednn_pack_source_bfloat16(&packed, w, first, end, t->input, t->inputs);
  else
    conednn_pack_source_float32(&packed, w, first, end, t->input, t->inputs);
  t->run_units = end;
  t->run_strips++;
}

static void pack_gradient(item *t, strip now, int64_t units) {
  const conednn_weight_gradient *s = t->job->shape;
  const cut *c = &t->job->cut;
  conednn_walk w = conednn_walk_from(gradient_row(t->job, now.image, 0), now.row, now.row + now.rows, c->columns,
                                     c->pitch, 0, s->outputs * element_bytes(s), 0);
  if (s->bfloat16)
    conednn_pack_gradient_bfloat16(w, units, c->gradient_units, t->output, t->outputs, t->gradient);
  else
    conednn_pack_gradient_float32(w, units, c->gradient_units, t->output, t->outputs, t->gradient);
}

/// Plans to fetch the next strip's rows, where this item reads them whole.
static void look_ahead(item *t, strip now, int64_t units) {
  const conednn_weight_gradient *s = t->job->shape;
  const cut *c = &t->job->cut;
  t->lines_ahead = 0;
  int64_t row = now.row + now.rows, rows = at_most(c->strip_rows, c->rows - row);
  if (rows <= 0 || c->groups > 1 || c->ranges > 1) return;
  t->gradient_ahead = (ahead){gradient_row(t->job, now.image, row), gradient_row(t->job, now.image, row + rows)};
  int64_t first = row + s->kernel - 1 - s->padding;
  t->source_ahead = (ahead){source_row(t->job, now.image, at_most(s->height, first)),
                            source_row(t->job, now.image, at_most(s->height, first + rows))};
  int64_t calls = t->outputs / PANEL * quotient_up(units, MOST_UNITS) * quotient_up(t->inputs, SUM_ROWS) *
                  s->kernel * s->kernel;
  t->lines_ahead = quotient_up((t->gradient_ahead.end - t->gradient_ahead.next) / 64, calls);
}

static void add_strip(item *t, strip now, int is_first) {
  const cut *c = &t->job->cut;
  int64_t units = quotient_up(now.rows * c->pitch, c->unit_pixels);
  pack_source(t, now);
  pack_gradient(t, now, units);
  look_ahead(t, now, units);
  int64_t place = (now.row - t->run_row) * c->pitch;
  int64_t most = quotient_up(units, quotient_up(units, MOST_UNITS));
  for (int64_t output = t->output; output < t->output + t->outputs; output += PANEL) {
    const char *panel = t->gradient + (output - t->output) / PANEL * c->gradient_units * 128;
    for (int64_t first = 0; first < units; first += most)
      multiply_panel(t, panel + first * 128, output, place + first * c->unit_pixels, at_most(most, units - first),
                     is_first && first == 0);
    if (!t->bias) continue;
    if (t->job->shape->bfloat16)
      conednn_sum_panel_bfloat16(panel, units, t->bias + output);
    else
      conednn_sum_panel_float32(panel, units, t->bias + output);
  }
}

/// The weights of inputs that a block has and the layer has not.
static void clear_padding(const conednn_weight_gradient *s, int64_t first_output, int64_t outputs, float *weights) {
  int64_t missing = quotient_up(s->inputs, BLOCK) * BLOCK - s->inputs;
  if (missing == 0) return;
  for (int64_t output = first_output; output < first_output + outputs; output += BLOCK) {
    float *block = weights + output / BLOCK * s->output_stride + s->inputs / BLOCK * s->input_stride;
    for (int64_t tap = 0; tap < s->kernel * s->kernel; tap++, block += BLOCK * BLOCK)
      memset(block + s->inputs % BLOCK * BLOCK, 0, (size_t)(missing * BLOCK) * sizeof(float));
  }
}

static void run_item(void *context, int32_t worker, int64_t index) {
  const job *j = context;
  const cut *c = &j->cut;
  int64_t chunk = index / (c->groups * c->ranges), range = index / c->groups % c->ranges, group = index % c->groups;
  float *partial = chunk ? (float *)(j->partials + (chunk - 1) * c->partial_bytes) : NULL;
  item t = {.job = j, .input = group * c->group_inputs, .output = range * c->range_outputs, .run_image = -1};
  t.inputs = at_most(c->group_inputs, j->shape->inputs - t.input);
  t.outputs = c->range_outputs;
  t.weights = partial ? partial : j->weights;
  if (j->bias && group == 0) t.bias = partial ? partial + c->weight_count : j->bias;
  t.source = j->worker_scratch + worker * c->worker_bytes;
  t.gradient = t.source + c->source_bytes;
  if (t.bias) memset(t.bias + t.output, 0, (size_t)t.outputs * sizeof(float));
  int64_t begin = chunk * c->strips / c->chunks, end = (chunk + 1) * c->strips / c->chunks;
  for (int64_t n = begin; n < end; n++) {
    int64_t row = n % c->strips_per_image * c->strip_rows;
    strip now = {n / c->strips_per_image, row, at_most(c->strip_rows, c->rows - row)};
    add_strip(&t, now, n == begin);
  }
  if (group == c->groups - 1) clear_padding(j->shape, t.output, t.outputs, t.weights);
}

/// Adds the chunks' results in their order.
static void add_partials(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  for (int64_t chunk = 1; chunk < j->cut.chunks; chunk++) {
    const float *partial = (const float *)(j->partials + (chunk - 1) * j->cut.partial_bytes);
    for (int64_t i = begin; i < end; i++) j->weights[i] += partial[i];
  }
}

void conednn_weight_gradient_run(const conednn_weight_gradient *s, const void *source, const void *gradient,
                                 float *weights, float *bias, void *scratch) {
  job j = {s, cut_up(s), source, gradient, weights, bias, scratch, NULL};
  j.partials = j.worker_scratch + s->threads * j.cut.worker_bytes;
  conednn_parallel_workers(s->threads, j.cut.chunks * j.cut.groups * j.cut.ranges, &j, run_item);
  if (j.cut.chunks == 1) return;
  conednn_parallel(s->threads, j.cut.weight_count, 16 << 10, &j, add_partials);
  for (int64_t chunk = 1; bias && chunk < j.cut.chunks; chunk++) {
    const float *partial = (const float *)(j.partials + (chunk - 1) * j.cut.partial_bytes) + j.cut.weight_count;
    for (int64_t i = 0; i < s->outputs; i++) bias[i] += partial[i];
  }
}

#else

int32_t conednn_weight_gradient_supported(const conednn_weight_gradient *shape) { return (void)shape, 0; }
int64_t conednn_weight_gradient_scratch_size(const conednn_weight_gradient *shape) { return (void)shape, 0; }
void conednn_weight_gradient_run(const conednn_weight_gradient *shape, const void *source, const void *gradient,
                                 float *weights, float *bias, void *scratch) {
  (void)shape, (void)source, (void)gradient, (void)weights, (void)bias, (void)scratch;
}

#endif
