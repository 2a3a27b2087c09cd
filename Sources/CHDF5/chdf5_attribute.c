#include "chdf5_internal.h"

int32_t chdf5_attribute_exists(int64_t object, const char *name) { return H5Aexists(object, name); }
int32_t chdf5_attribute_delete(int64_t object, const char *name) { return H5Adelete(object, name); }

int32_t chdf5_attribute_write(int64_t object, const char *name, int64_t file_type, int64_t memory_type, int32_t rank,
                              const uint64_t *shape, const void *values) {
  hid_t space = chdf5_space(rank, shape);
  if (space < 0) return -1;
  herr_t status = -1;
  hid_t attribute = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute >= 0) {
    status = H5Awrite(attribute, memory_type, values);
    if (status < 0) {
      chdf5_put_away(attribute, H5Aclose);
    } else {
      status = H5Aclose(attribute);
    }
  }
  chdf5_put_away(space, H5Sclose);
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
  struct chdf5_receiver *receiver = context;
  return receiver->function(name, receiver->context);
}

int32_t chdf5_attribute_iterate(int64_t object, chdf5_name_receiver function, void *context) {
  struct chdf5_receiver receiver = {function, context};
  hsize_t index = 0;
  return H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &index, receive_attribute, &receiver);
}

int64_t chdf5_attribute_open(int64_t object, const char *name) { return H5Aopen(object, name, H5P_DEFAULT); }
int64_t chdf5_attribute_type(int64_t attribute) { return H5Aget_type(attribute); }
int32_t chdf5_attribute_shape(int64_t attribute, uint64_t *shape) {
  return chdf5_take_shape(H5Aget_space(attribute), shape);
}
int32_t chdf5_attribute_read(int64_t attribute, int64_t type, void *values) { return H5Aread(attribute, type, values); }
int32_t chdf5_attribute_reclaim(int64_t attribute, int64_t type, void *values) {
  return chdf5_reclaim(H5Aget_space(attribute), type, values);
}
int32_t chdf5_attribute_close(int64_t attribute) { return H5Aclose(attribute); }
