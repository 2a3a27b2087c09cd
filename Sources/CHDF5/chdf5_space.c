#include "chdf5_internal.h"

hid_t chdf5_space(int32_t rank, const uint64_t *shape) {
  if (rank == 0) return H5Screate(H5S_SCALAR);
  if (rank < 0 || rank > CHDF5_MAXIMUM_RANK) return -1;
  hsize_t extent[CHDF5_MAXIMUM_RANK];
  for (int32_t i = 0; i < rank; ++i) extent[i] = shape[i];
  return H5Screate_simple(rank, extent, NULL);
}

int32_t chdf5_take_shape(hid_t space, uint64_t *shape) {
  if (space < 0) return -1;
  hsize_t extent[CHDF5_MAXIMUM_RANK];
  int rank = -1;
  // A null space has no elements at all; it is reported as one dimension of zero.
  if (H5Sget_simple_extent_type(space) == H5S_NULL) {
    rank = 1;
    extent[0] = 0;
  } else if (H5Sget_simple_extent_ndims(space) <= CHDF5_MAXIMUM_RANK) {
    rank = H5Sget_simple_extent_dims(space, extent, NULL);
  }
  for (int i = 0; i < rank; ++i) shape[i] = extent[i];
  chdf5_put_away(space, H5Sclose);
  return rank;
}

int32_t chdf5_reclaim(hid_t space, int64_t type, void *values) {
  if (space < 0) return -1;
#if H5_VERSION_GE(1, 12, 0)
  herr_t status = H5Treclaim(type, space, H5P_DEFAULT, values);
#else
  herr_t status = H5Dvlen_reclaim(type, space, H5P_DEFAULT, values);
#endif
  chdf5_put_away(space, H5Sclose);
  return status;
}
