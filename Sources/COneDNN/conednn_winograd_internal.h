#pragma once
#include "conednn_vectors.h"
#include "conednn_winograd.h"

// A destination is cut into tiles of 4x4 pixels, each made from 6x6 pixels of the source. Per tile and channel there
// are 36 transformed values; product x of all tiles is one matrix product. Tiles are taken in groups of 12, as many as
// the registers hold. A transformed activation is stored as [36][...][...][12 tiles][16 channels], its middle either
// [groups][channels / 16], for sums over channels, or [channels / 16][groups], for sums over tiles.

enum {
  POINTS = 6,
  PRODUCTS = 36,
  TILE = 4,    // pixels of a destination tile on a side
  GROUP = 12,  // tiles
  PANEL = 32,  // columns of a matrix product that are computed together
  LARGE_TILES = 192,  // of a large layer's block
};

/// A transformed activation: floats from one product to the next, from group to group, from 16 channels to the next.
typedef struct {
  float *base;
  int64_t plane, group, block;
} conednn_points;

/// Floats from one product to the next. One line more than they need: else the 36 places of a tile would often be a
/// multiple of 4 KiB apart, which is the same place in the first-level cache.
static inline int64_t conednn_plane(int64_t groups, int64_t channels) { return groups * GROUP * channels + LANES; }

static inline conednn_points conednn_points_by_group(float *base, int64_t groups, int64_t channels) {
  return (conednn_points){base, conednn_plane(groups, channels), channels * GROUP, LANES * GROUP};
}
static inline conednn_points conednn_points_by_channel(float *base, int64_t groups, int64_t channels) {
  return (conednn_points){base, conednn_plane(groups, channels), LANES * GROUP, groups * LANES * GROUP};
}

/// Where tiles are in an activation.
typedef struct {
  int64_t images, height, width, channels;
  int64_t rows, columns;  // of tiles in an image
  /// Pixels from a tile's first to the next one's, and of the first tile's before the image.
  int64_t margin;
  int32_t bfloat16;
  /// Written to memory rather than to the cache: a float32 activation too large to be there when it is read.
  int32_t past_cache;
} conednn_tiling;

/// A convolution's tiles, and how many of them are transformed and multiplied together.
typedef struct {
  conednn_tiling source, destination;
  int64_t tiles;  // of all images
  int64_t block_tiles, blocks;
} conednn_tilings;

conednn_tilings conednn_tilings_of(const conednn_winograd *shape);
/// Cuts the tiles into blocks, those of small layers so that a block's transformed values stay in a core's second-level
/// cache. Each thread takes blocks of its own unless all work on one (`is_shared`).
void conednn_cut_blocks(conednn_tilings *tilings, const conednn_winograd *shape, int is_small, int is_shared);

/// The rows of the source (pixels of `size` rows a tile) that a run of neighbouring tiles reads, to be fetched into the
/// cache a little at a time while other tiles are multiplied.
typedef struct {
  const char *rows[POINTS];
  int64_t row_count, bytes, done, step;
} conednn_ahead;

/// `steps`: how often `conednn_fetch` will be called. Tiles past the end, or in the next row of tiles, are left out.
conednn_ahead conednn_look_ahead(const conednn_tiling *tiling, const void *activation, int64_t first, int64_t count,
                                 int64_t size, int64_t steps);

static inline void conednn_fetch(conednn_ahead *ahead) {
  for (int64_t end = ahead->done + ahead->step; ahead->done < end && ahead->done < ahead->bytes; ahead->done += 64)
    for (int64_t row = 0; row < ahead->row_count; row++) __builtin_prefetch(ahead->rows[row] + ahead->done, 0, 2);
}

/// Transforms tiles `first` ..< `first + count` of the source (6x6 pixels each) or of the gradient (4x4 pixels),
/// channels `channel` ..< `channel + channels`, to places `first - base` .... Places up to the end of the last group
/// become zero. The gradient's channels are summed into `sums` where it is not nil.
void conednn_transform_source(const conednn_tiling *tiling, const void *source, int64_t first, int64_t count,
                              int64_t base, int64_t channel, int64_t channels, conednn_points result);
void conednn_transform_gradient(const conednn_tiling *tiling, const void *gradient, int64_t first, int64_t count,
                                int64_t base, conednn_points result, float *sums);
/// The way back: writes 4x4 pixels for each tile, as far as they are inside.
void conednn_transform_product(const conednn_tiling *tiling, conednn_points products, int64_t first, int64_t count,
                               int64_t base, const float *bias, int rectified, void *destination);
/// From 36 products to 9 taps, for inputs `input` ..< `input + inputs` of `products` [parts][36][inputs][outputs],
/// summed over the parts in order.
void conednn_transform_weight_gradient(const float *products, int64_t parts, int64_t part_stride, int64_t inputs,
                                       int64_t outputs, int64_t first, int64_t count, float *weights,
                                       int64_t input_stride, int64_t output_stride);

/// result [12 tiles][32 columns, in two blocks] = tiles [depth / 16][12][16] x weights [depth][32].
void conednn_multiply_tiles(const float *tiles, const float *weights, int64_t depth, float *result);
/// result [8 rows][32 columns] (+)= sum over `tiles` tiles of source [tiles][16] x gradient [2 blocks][tiles][16].
void conednn_multiply_channels(const float *source, const float *gradient, int64_t tiles, float *result,
                               int64_t row_stride, int is_first);
