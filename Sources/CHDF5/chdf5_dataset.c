#include "chdf5_internal.h"

#include <string.h>

static hid_t dataset_properties(int32_t rank, const uint64_t *chunk, int32_t fletcher32) {
  hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  if (properties < 0) return properties;
  int failed = H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER) < 0 || H5Pset_obj_track_times(properties, 0) < 0;
  if (chunk) {
    hsize_t extent[CHDF5_MAXIMUM_RANK];
    for (int32_t i = 0; i < rank && i < CHDF5_MAXIMUM_RANK; ++i) extent[i] = chunk[i];
    failed |= H5Pset_chunk(properties, rank, extent) < 0;
    if (fletcher32) failed |= H5Pset_fletcher32(properties) < 0;
  }
  if (!failed) return properties;
  chdf5_put_away(properties, H5Pclose);
  return -1;
}

int64_t chdf5_dataset_create(int64_t parent, const char *name, int64_t type, int32_t rank, const uint64_t *shape,
                             const uint64_t *chunk, int32_t fletcher32) {
  hid_t dataset = -1, space = chdf5_space(rank, shape);
  if (space < 0) return space;
  hid_t properties = dataset_properties(rank, chunk, fletcher32);
  if (properties >= 0) {
    dataset = H5Dcreate2(parent, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    chdf5_put_away(properties, H5Pclose);
  }
  chdf5_put_away(space, H5Sclose);
  return dataset;
}

int64_t chdf5_dataset_type(int64_t dataset) { return H5Dget_type(dataset); }

int32_t chdf5_dataset_shape(int64_t dataset, uint64_t *shape) {
  return chdf5_take_shape(H5Dget_space(dataset), shape);
}

static int32_t describe_filters(hid_t properties, chdf5_storage_description *description) {
  description->filter_count = H5Pget_nfilters(properties);
  if (description->filter_count < 0) return -1;
  for (int32_t i = 0; i < description->filter_count; ++i) {
    unsigned flags = 0, configuration = 0;
    size_t value_count = 0;
    H5Z_filter_t filter = H5Pget_filter2(properties, (unsigned)i, &flags, &value_count, NULL, 0, NULL, &configuration);
    if (filter < 0) return -1;
    if (filter != H5Z_FILTER_FLETCHER32 && filter != H5Z_FILTER_SHUFFLE) description->compressing_count += 1;
  }
  return 0;
}

int32_t chdf5_dataset_storage(int64_t dataset, chdf5_storage_description *description) {
  memset(description, 0, sizeof *description);
  description->offset = -1;
  hid_t properties = H5Dget_create_plist(dataset);
  if (properties < 0) return -1;
  int32_t status = 0;
  switch (H5Pget_layout(properties)) {
    case H5D_COMPACT: description->layout = CHDF5_LAYOUT_COMPACT; break;
    case H5D_CONTIGUOUS: {
      description->layout = CHDF5_LAYOUT_CONTIGUOUS;
      description->external_count = H5Pget_external_count(properties);
      haddr_t offset = H5Dget_offset(dataset);
      if (offset != HADDR_UNDEF && offset <= INT64_MAX) description->offset = (int64_t)offset;
      break;
    }
    case H5D_CHUNKED: {
      description->layout = CHDF5_LAYOUT_CHUNKED;
      hsize_t extent[CHDF5_MAXIMUM_RANK];
      int rank = H5Pget_chunk(properties, CHDF5_MAXIMUM_RANK, extent);
      for (int i = 0; i < rank && i < CHDF5_MAXIMUM_RANK; ++i) description->chunk[i] = extent[i];
      status = rank < 0 ? -1 : describe_filters(properties, description);
      break;
    }
    default: break;
  }
  chdf5_put_away(properties, H5Pclose);
  if (status < 0 || description->layout == CHDF5_LAYOUT_OTHER) return status;
  hsize_t size = H5Dget_storage_size(dataset);
  description->stored_size = size > INT64_MAX ? INT64_MAX : (int64_t)size;
  return 0;
}

int32_t chdf5_dataset_write(int64_t dataset, int64_t type, const void *values) {
  return H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
}

int32_t chdf5_dataset_read(int64_t dataset, int64_t type, void *values) {
  return H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
}

int32_t chdf5_dataset_read_rows(int64_t dataset, int64_t type, uint64_t first, uint64_t count, void *values) {
  hid_t space = H5Dget_space(dataset);
  if (space < 0) return -1;
  hsize_t start[CHDF5_MAXIMUM_RANK] = {0}, extent[CHDF5_MAXIMUM_RANK];
  herr_t status = -1;
  int rank = H5Sget_simple_extent_ndims(space) > CHDF5_MAXIMUM_RANK ? -1
                                                                    : H5Sget_simple_extent_dims(space, extent, NULL);
  if (rank > 0) {
    start[0] = first;
    extent[0] = count;
    hid_t memory = H5Screate_simple(rank, extent, NULL);
    if (memory >= 0) {
      if (H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL) >= 0)
        status = H5Dread(dataset, type, memory, space, H5P_DEFAULT, values);
      chdf5_put_away(memory, H5Sclose);
    }
  }
  chdf5_put_away(space, H5Sclose);
  return status;
}

int32_t chdf5_dataset_reclaim(int64_t dataset, int64_t type, void *values) {
  return chdf5_reclaim(H5Dget_space(dataset), type, values);
}
