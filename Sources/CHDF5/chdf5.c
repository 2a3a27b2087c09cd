#include "chdf5_internal.h"

#include <stdio.h>
#include <stdlib.h>

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

void chdf5_put_away(hid_t identifier, herr_t (*closer)(hid_t)) {
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
  chdf5_put_away(properties, H5Pclose);
  return -1;
}

int64_t chdf5_file_create(const char *path) {
  hid_t access = access_properties();
  if (access < 0) return access;
  hid_t creation = H5Pcreate(H5P_FILE_CREATE), file = -1;
  if (creation >= 0 && H5Pset_obj_track_times(creation, 0) >= 0 &&
      H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) >= 0)
    file = H5Fcreate(path, H5F_ACC_EXCL, creation, access);
  chdf5_put_away(creation, H5Pclose);
  chdf5_put_away(access, H5Pclose);
  return file;
}

int64_t chdf5_file_open(const char *path) {
  hid_t access = access_properties();
  if (access < 0) return access;
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
  chdf5_put_away(access, H5Pclose);
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
  hid_t group = H5Pset_obj_track_times(creation, 0) < 0
                    ? -1
                    : H5Gcreate2(parent, name, H5P_DEFAULT, creation, H5P_DEFAULT);
  chdf5_put_away(creation, H5Pclose);
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

static herr_t receive_link(hid_t group, const char *name, const H5L_info_t *information, void *context) {
  (void)group, (void)information;
  struct chdf5_receiver *receiver = context;
  return receiver->function(name, receiver->context);
}

int32_t chdf5_group_iterate(int64_t group, chdf5_name_receiver function, void *context) {
  struct chdf5_receiver receiver = {function, context};
  return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, receive_link, &receiver);
}
