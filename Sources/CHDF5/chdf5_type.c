#include "chdf5_internal.h"

#include <string.h>

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
  chdf5_put_away(type, H5Tclose);
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
  // h5py stores truth values as an enumeration of integers.
  if (type_class == H5T_INTEGER || type_class == H5T_ENUM) {
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
