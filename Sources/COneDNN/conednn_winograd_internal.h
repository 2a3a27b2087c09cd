#pragma once
#include "conednn_arithmetic.h"
#include "conednn_vectors.h"
#include "conednn_winograd.h"

// A destination is cut into tiles, of 4x4 pixels each, made from 6x6 pixels of the source, or of 2x2, made from 4x4. Per
// tile and channel there are as many transformed values as the source has pixels; product x of all tiles is one matrix
// product. Tiles are taken in groups of 12, as many as the registers hold. Transformed values stand in lines of 64 bytes:
// [product][...][...][lines of a group], its middle either [groups][channels], for sums over channels, or [channels]
// [groups], for sums over tiles.

enum {
  GROUP = 12,       // tiles
  PANEL = 32,       // columns of a matrix product that are computed together
  LINE = 64,        // bytes
  MOST_POINTS = 6,  // of a source tile on a side
  LARGE_TILES = 192,  // of a large layer's block
};

/// Transformed values or products: bytes from one product to the next, from group to group, from line to line of
/// channels.
typedef struct {
  char *base;
  int64_t plane, group, block;
} conednn_points;

/// Bytes from one product to the next. One line more than they need: else the places of a tile would often be a
/// multiple of 4 KiB apart, which is the same place in the first-level cache.
static inline int64_t conednn_plane(int64_t groups, int64_t channels, int64_t value_bytes) {
  return groups * GROUP * channels * value_bytes + LINE;
}

static inline conednn_points conednn_points_by_group(void *base, int64_t groups, int64_t channels,
                                                     int64_t value_bytes) {
  return (conednn_points){base, conednn_plane(groups, channels, value_bytes), channels * value_bytes * GROUP,
                          LINE * GROUP};
}
/// A line is 16 channels of a tile, or of two tiles where values are bfloat16.
static inline conednn_points conednn_points_by_channel(void *base, int64_t groups, int64_t channels,
                                                       int64_t value_bytes) {
  int64_t group = LINE * GROUP * value_bytes / 4;
  return (conednn_points){base, conednn_plane(groups, channels, value_bytes), group, groups * group};
}

/// Where tiles are in an activation.
typedef struct {
  int64_t images, height, width, channels;
  int64_t tile;           // pixels of a destination tile on a side
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
/// Cuts the tiles into blocks: of `large` tiles, or, for small layers (`large` is 0), so that a block's transformed values
/// (`tile_bytes` a tile) stay in a core's second-level cache. Each thread takes blocks of its own unless all work on one
/// (`is_shared`).
void conednn_cut_blocks(conednn_tilings *tilings, const conednn_winograd *shape, int64_t tile_bytes, int64_t large,
                        int is_shared);

/// The rows of the source (pixels of `size` rows a tile) that a run of neighbouring tiles reads, to be fetched into the
/// cache a little at a time while other tiles are multiplied.
typedef struct {
  const char *rows[MOST_POINTS];
  int64_t row_count, bytes, done, step;
} conednn_ahead;

/// `steps`: how often `conednn_fetch` will be called. Tiles past the end, or in the next row of tiles, are left out.
conednn_ahead conednn_look_ahead(const conednn_tiling *tiling, const void *activation, int64_t first, int64_t count,
                                 int64_t size, int64_t steps);

static inline void conednn_fetch(conednn_ahead *ahead) {
  for (int64_t end = ahead->done + ahead->step; ahead->done < end && ahead->done < ahead->bytes; ahead->done += 64)
    for (int64_t row = 0; row < ahead->row_count; row++) __builtin_prefetch(ahead->rows[row] + ahead->done, 0, 2);
}

/// One of the two kinds of tile: its sizes, its transformations and its products.
///
/// Transformations take tiles `first` ..< `first + count` to or from places `first - base` ...; places up to the end of
/// the last group become zero.
typedef struct {
  int64_t tile, points, products;  // pixels of a destination tile on a side, of a source tile; points * points
  int64_t value_bytes;             // of transformed sources, gradients and weights; products are float32
  /// Source for sums over channels, and for sums over tiles: channels `channel` ..< `channel + channels`.
  void (*source_by_group)(const conednn_tiling *tiling, const void *source, int64_t first, int64_t count, int64_t base,
                          conednn_points result);
  void (*source_by_channel)(const conednn_tiling *tiling, const void *source, int64_t first, int64_t count,
                            int64_t base, int64_t channel, int64_t channels, conednn_points result);
  /// Gradient for sums over tiles; its channels are summed into `sums` where that is not nil.
  void (*gradient)(const conednn_tiling *tiling, const void *gradient, int64_t first, int64_t count, int64_t base,
                   conednn_points result, float *sums);
  /// The way back: writes each tile's pixels, as far as they are inside.
  void (*product)(const conednn_tiling *tiling, conednn_points products, int64_t first, int64_t count, int64_t base,
                  const float *bias, int rectified, void *destination);
  /// The weights of outputs `out` ..< `out + 16` and inputs `in` ..< `in + 16` from their block of taps, for either
  /// direction.
  void (*forward_weights)(const float *block, int64_t inputs, int64_t outputs, int64_t in, int64_t out, void *result);
  void (*backward_weights)(const float *block, int64_t inputs, int64_t outputs, int64_t in, int64_t out, void *result);
  /// From products to 9 taps, for inputs `first` ..< `first + count` of `products` [parts][products][inputs][outputs],
  /// summed over the parts in order.
  void (*weight_gradient)(const float *products, int64_t parts, int64_t part_stride, int64_t inputs, int64_t outputs,
                          int64_t first, int64_t count, float *weights, int64_t input_stride, int64_t output_stride);
  /// result [2 blocks][12 tiles][16 columns] = tiles [lines of channels][12] x weights [depth][32 columns].
  void (*multiply_tiles)(const char *tiles, const char *weights, int64_t depth, float *result);
  /// result [8 rows][32 columns] (+)= sum over `tiles` tiles of source x gradient [2 blocks], both by channel.
  void (*multiply_channels)(const char *source, const char *gradient, int64_t tiles, float *result, int64_t row_stride,
                            int is_first);
} conednn_filtering;

void conednn_multiply_floats(const char *tiles, const char *weights, int64_t depth, float *result);
void conednn_multiply_float_channels(const char *source, const char *gradient, int64_t tiles, float *result,
                                     int64_t row_stride, int is_first);
void conednn_multiply_pairs(const char *tiles, const char *weights, int64_t depth, float *result);
void conednn_multiply_pair_channels(const char *source, const char *gradient, int64_t tiles, float *result,
                                    int64_t row_stride, int is_first);

extern const conednn_filtering conednn_filtering_4x4, conednn_filtering_2x2;

static inline const conednn_filtering *conednn_filtering_of(const conednn_winograd *shape) {
  return shape->tile == 2 ? &conednn_filtering_2x2 : &conednn_filtering_4x4;
}
