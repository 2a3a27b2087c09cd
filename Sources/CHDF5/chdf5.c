#include "chdf5.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// H5Pset_file_locking came with 1.10.7 and 1.12.1; libraries before take the environment's word when a file is opened.
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 12, 0))
#define HAS_FILE_LOCKING_PROPERTY 1
#else
#define HAS_FILE_LOCKING_PROPERTY 0
#endif

int32_t chdf5_start(void) {
#if !HAS_FILE_LOCKING_PROPERTY
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
#endif
  // At exit other threads may still read; the library must not be taken down under them.
  herr_t status = H5dont_atexit();
  if (status < 0) return status;
  return H5open();
}

int32_t chdf5_silence_this_thread(void) { return H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

int32_t chdf5_version(uint32_t *major, uint32_t *minor, uint32_t *release) {
  unsigned values[3] = {0, 0, 0};
  herr_t status = H5get_libversion(&values[0], &values[1], &values[2]);
  *major = values[0];
  *minor = values[1];
  *release = values[2];
  return status;
}

int32_t chdf5_is_parallel(void) {
#ifdef H5_HAVE_PARALLEL
  return 1;
#else
  return 0;
#endif
}

struct error_text {
  char *buffer;
  int64_t capacity, length;
};

static herr_t append_error(unsigned index, const H5E_error2_t *error, void *context) {
  (void)index;
  struct error_text *text = context;
  int64_t room = text->capacity - text->length;
  if (room <= 1) return 0;
  int written = snprintf(text->buffer + text->length, (size_t)room, "%s%s: %s", text->length ? "\n" : "",
                         error->func_name ? error->func_name : "?", error->desc ? error->desc : "?");
  if (written > 0) text->length += written < room ? written : room - 1;
  return 0;
}

int64_t chdf5_error_text(char *buffer, int64_t capacity) {
  struct error_text text = {buffer, capacity, 0};
  if (capacity > 0) buffer[0] = 0;
  if (H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, append_error, &text) < 0) return -1;
  return text.length;
}

/// Closes what a function needed on the way. Every call clears the error stack, and the caller wants to read it.
static void put_away(hid_t identifier, herr_t (*closer)(hid_t)) {
  if (identifier < 0) return;
  hid_t errors = H5Eget_current_stack();
  closer(identifier);
  if (errors >= 0) H5Eset_current_stack(errors);
}

// Files

static hid_t access_properties(void) {
  hid_t properties = H5Pcreate(H5P_FILE_ACCESS);
  if (properties < 0) return properties;
  int failed = H5Pset_fclose_degree(properties, H5F_CLOSE_STRONG) < 0;
#if HAS_FILE_LOCKING_PROPERTY
  failed |= H5Pset_file_locking(properties, 0, 1) < 0;
#endif
  if (!failed) return properties;
  put_away(properties, H5Pclose);
  return -1;
}

int64_t chdf5_file_create(const char *path) {
  hid_t access = access_properties();
  if (access < 0) return access;
  hid_t creation = H5Pcreate(H5P_FILE_CREATE), file = -1;
  if (creation >= 0 && H5Pset_obj_track_times(creation, 0) >= 0 &&
      H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) >= 0)
    file = H5Fcreate(path, H5F_ACC_EXCL, creation, access);
  put_away(creation, H5Pclose);
  put_away(access, H5Pclose);
  return file;
}

int64_t chdf5_file_open(const char *path) {
  hid_t access = access_properties();
  if (access < 0) return access;
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
  put_away(access, H5Pclose);
  return file;
}

int32_t chdf5_file_flush(int64_t file) { return H5Fflush(file, H5F_SCOPE_GLOBAL); }
int32_t chdf5_file_close(int64_t file) { return H5Fclose(file); }
int64_t chdf5_file_open_count(int64_t file) { return (int64_t)H5Fget_obj_count(file, H5F_OBJ_ALL); }

// Groups and links

int64_t chdf5_group_create(int64_t parent, const char *name) {
  hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
  if (creation < 0) return creation;
  // Times would make two writes of the same content differ.
  hid_t group = H5Pset_obj_track_times(creation, 0) < 0 ? -1 : H5Gcreate2(parent, name, H5P_DEFAULT, creation, H5P_DEFAULT);
  put_away(creation, H5Pclose);
  return group;
}

int64_t chdf5_object_open(int64_t parent, const char *name) { return H5Oopen(parent, name, H5P_DEFAULT); }
int32_t chdf5_object_close(int64_t object) { return H5Oclose(object); }

int32_t chdf5_object_kind(int64_t object) {
  switch (H5Iget_type(object)) {
    case H5I_BADID: return -1;
    case H5I_GROUP: return CHDF5_OBJECT_GROUP;
    case H5I_DATASET: return CHDF5_OBJECT_DATASET;
    default: return CHDF5_OBJECT_OTHER;
  }
}

int32_t chdf5_link_kind(int64_t parent, const char *name, int32_t *kind) {
  *kind = CHDF5_LINK_MISSING;
  htri_t exists = H5Lexists(parent, name, H5P_DEFAULT);
  if (exists <= 0) return exists;
  H5L_info_t information;
  herr_t status = H5Lget_info(parent, name, &information, H5P_DEFAULT);
  if (status < 0) return status;
  *kind = information.type == H5L_TYPE_HARD ? CHDF5_LINK_HARD
          : information.type == H5L_TYPE_SOFT ? CHDF5_LINK_SOFT : CHDF5_LINK_OTHER;
  return 0;
}

struct receiver {
  chdf5_name_receiver function;
  void *context;
};

static herr_t receive_link(hid_t group, const char *name, const H5L_info_t *information, void *context) {
  (void)group, (void)information;
  struct receiver *receiver = context;
  return receiver->function(name, receiver->context);
}

int32_t chdf5_group_iterate(int64_t group, chdf5_name_receiver function, void *context) {
  struct receiver receiver = {function, context};
  return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, receive_link, &receiver);
}

// Types

static hid_t file_type(int32_t element) {
  switch (element) {
    case CHDF5_UINT8: return H5T_STD_U8LE;
    case CHDF5_INT8: return H5T_STD_I8LE;
    case CHDF5_UINT16: return H5T_STD_U16LE;
    case CHDF5_INT16: return H5T_STD_I16LE;
    case CHDF5_UINT32: return H5T_STD_U32LE;
    case CHDF5_INT32: return H5T_STD_I32LE;
    case CHDF5_UINT64: return H5T_STD_U64LE;
    case CHDF5_INT64: return H5T_STD_I64LE;
    case CHDF5_FLOAT32: return H5T_IEEE_F32LE;
    case CHDF5_FLOAT64: return H5T_IEEE_F64LE;
    default: return -1;
  }
}

static hid_t memory_type(int32_t element) {
  switch (element) {
    case CHDF5_UINT8: return H5T_NATIVE_UINT8;
    case CHDF5_INT8: return H5T_NATIVE_INT8;
    case CHDF5_UINT16: return H5T_NATIVE_UINT16;
    case CHDF5_INT16: return H5T_NATIVE_INT16;
    case CHDF5_UINT32: return H5T_NATIVE_UINT32;
    case CHDF5_INT32: return H5T_NATIVE_INT32;
    case CHDF5_UINT64: return H5T_NATIVE_UINT64;
    case CHDF5_INT64: return H5T_NATIVE_INT64;
    case CHDF5_FLOAT32: return H5T_NATIVE_FLOAT;
    case CHDF5_FLOAT64: return H5T_NATIVE_DOUBLE;
    default: return -1;
  }
}

int64_t chdf5_type_file(int32_t element) { return H5Tcopy(file_type(element)); }
int64_t chdf5_type_memory(int32_t element) { return H5Tcopy(memory_type(element)); }
int32_t chdf5_type_is_file_type(int64_t type, int32_t element) { return H5Tequal(type, file_type(element)); }
int32_t chdf5_type_close(int64_t type) { return H5Tclose(type); }

static hid_t string_type(size_t size, H5T_cset_t characters, H5T_str_t padding) {
  hid_t type = H5Tcopy(H5T_C_S1);
  if (type < 0) return type;
  if (H5Tset_size(type, size) >= 0 && H5Tset_cset(type, characters) >= 0 && H5Tset_strpad(type, padding) >= 0)
    return type;
  put_away(type, H5Tclose);
  return -1;
}

int64_t chdf5_type_utf8(int64_t size) {
  return size > 0 ? string_type((size_t)size, H5T_CSET_UTF8, H5T_STR_NULLPAD)
                  : string_type(H5T_VARIABLE, H5T_CSET_UTF8, H5T_STR_NULLTERM);
}

int64_t chdf5_type_ascii(int64_t size) { return string_type((size_t)size, H5T_CSET_ASCII, H5T_STR_NULLTERM); }

int32_t chdf5_type_describe(int64_t type, chdf5_type_description *description) {
  memset(description, 0, sizeof *description);
  H5T_class_t type_class = H5Tget_class(type);
  if (type_class == H5T_NO_CLASS) return -1;
  description->size = (int64_t)H5Tget_size(type);
  if (type_class == H5T_INTEGER) {
    description->type_class = CHDF5_CLASS_INTEGER;
    description->is_signed = H5Tget_sign(type) == H5T_SGN_2;
  } else if (type_class == H5T_FLOAT) {
    description->type_class = CHDF5_CLASS_FLOAT;
  } else if (type_class == H5T_STRING) {
    description->type_class = CHDF5_CLASS_STRING;
    description->padding = H5Tget_strpad(type) == H5T_STR_SPACEPAD ? CHDF5_PADDING_SPACE : CHDF5_PADDING_NULL;
    htri_t is_variable = H5Tis_variable_str(type);
    if (is_variable < 0) return is_variable;
    description->is_variable = is_variable;
  }
  return 0;
}

// Datasets

static hid_t simple_space(int32_t rank, const uint64_t *shape) {
  if (rank == 0) return H5Screate(H5S_SCALAR);
  if (rank < 0 || rank > CHDF5_MAXIMUM_RANK) return -1;
  hsize_t extent[CHDF5_MAXIMUM_RANK];
  for (int32_t i = 0; i < rank; ++i) extent[i] = shape[i];
  return H5Screate_simple(rank, extent, NULL);
}

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
  put_away(properties, H5Pclose);
  return -1;
}

int64_t chdf5_dataset_create(int64_t parent, const char *name, int64_t type, int32_t rank, const uint64_t *shape,
                             const uint64_t *chunk, int32_t fletcher32) {
  hid_t dataset = -1, space = simple_space(rank, shape);
  if (space < 0) return space;
  hid_t properties = dataset_properties(rank, chunk, fletcher32);
  if (properties >= 0) {
    dataset = H5Dcreate2(parent, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    put_away(properties, H5Pclose);
  }
  put_away(space, H5Sclose);
  return dataset;
}

int64_t chdf5_dataset_type(int64_t dataset) { return H5Dget_type(dataset); }

static int32_t shape_of_space(hid_t space, uint64_t *shape) {
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
  put_away(space, H5Sclose);
  return rank;
}

int32_t chdf5_dataset_shape(int64_t dataset, uint64_t *shape) {
  return shape_of_space(H5Dget_space(dataset), shape);
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
  put_away(properties, H5Pclose);
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
      put_away(memory, H5Sclose);
    }
  }
  put_away(space, H5Sclose);
  return status;
}

static int32_t reclaim(hid_t space, int64_t type, void *values) {
  if (space < 0) return -1;
#if H5_VERSION_GE(1, 12, 0)
  herr_t status = H5Treclaim(type, space, H5P_DEFAULT, values);
#else
  herr_t status = H5Dvlen_reclaim(type, space, H5P_DEFAULT, values);
#endif
  put_away(space, H5Sclose);
  return status;
}

int32_t chdf5_dataset_reclaim(int64_t dataset, int64_t type, void *values) {
  return reclaim(H5Dget_space(dataset), type, values);
}

// Attributes

int32_t chdf5_attribute_exists(int64_t object, const char *name) { return H5Aexists(object, name); }
int32_t chdf5_attribute_delete(int64_t object, const char *name) { return H5Adelete(object, name); }

int32_t chdf5_attribute_write(int64_t object, const char *name, int64_t file_type, int64_t memory_type, int32_t rank,
                              const uint64_t *shape, const void *values) {
  hid_t space = simple_space(rank, shape);
  if (space < 0) return -1;
  herr_t status = -1;
  hid_t attribute = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute >= 0) {
    status = H5Awrite(attribute, memory_type, values);
    if (status < 0) {
      put_away(attribute, H5Aclose);
    } else {
      status = H5Aclose(attribute);
    }
  }
  put_away(space, H5Sclose);
  return status;
}

int32_t chdf5_attribute_write_reference(int64_t object, const char *name, int64_t parent, const char *path) {
  hobj_ref_t reference;
  herr_t status = H5Rcreate(&reference, parent, path, H5R_OBJECT, -1);
  if (status < 0) return status;
  const uint64_t one = 1;
  return chdf5_attribute_write(object, name, H5T_STD_REF_OBJ, H5T_STD_REF_OBJ, 1, &one, &reference);
}

static herr_t receive_attribute(hid_t object, const char *name, const H5A_info_t *information, void *context) {
  (void)object, (void)information;
  struct receiver *receiver = context;
  return receiver->function(name, receiver->context);
}

int32_t chdf5_attribute_iterate(int64_t object, chdf5_name_receiver function, void *context) {
  struct receiver receiver = {function, context};
  hsize_t index = 0;
  return H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &index, receive_attribute, &receiver);
}

int64_t chdf5_attribute_open(int64_t object, const char *name) { return H5Aopen(object, name, H5P_DEFAULT); }
int64_t chdf5_attribute_type(int64_t attribute) { return H5Aget_type(attribute); }
int32_t chdf5_attribute_shape(int64_t attribute, uint64_t *shape) {
  return shape_of_space(H5Aget_space(attribute), shape);
}
int32_t chdf5_attribute_read(int64_t attribute, int64_t type, void *values) { return H5Aread(attribute, type, values); }
int32_t chdf5_attribute_reclaim(int64_t attribute, int64_t type, void *values) {
  return reclaim(H5Aget_space(attribute), type, values);
}
int32_t chdf5_attribute_close(int64_t attribute) { return H5Aclose(attribute); }
