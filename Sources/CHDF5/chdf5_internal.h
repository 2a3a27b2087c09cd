#pragma once
#include <hdf5.h>

#include "chdf5.h"

/// Closes what a function needed on the way. Every call clears the error stack, and the caller wants to read it.
void chdf5_put_away(hid_t identifier, herr_t (*closer)(hid_t));

/// A dataspace of that shape; scalar where `rank` is 0.
hid_t chdf5_space(int32_t rank, const uint64_t *shape);
/// Writes a space's shape, returns its rank and closes it; a negative number is passed on as a failure.
int32_t chdf5_take_shape(hid_t space, uint64_t *shape);
/// Frees what reading values of variable length allocated, and closes the space that they filled.
int32_t chdf5_reclaim(hid_t space, int64_t type, void *values);

/// Who is told names that the library iterates over.
struct chdf5_receiver {
  chdf5_name_receiver function;
  void *context;
};
