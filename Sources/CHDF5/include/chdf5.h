#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// The part of HDF5 1.10+ that Storage uses, without hdf5.h: identifiers cross as int64_t, types as fixed-width
// integers. Every function returns what the library returned (negative: it failed; ask chdf5_error_text), results
// come last. Not safe to call from two threads at once: the caller holds a lock.

/// Element types that files are written in (little-endian) and memory is read in (native).
enum {
  CHDF5_UINT8 = 0, CHDF5_INT8, CHDF5_UINT16, CHDF5_INT16, CHDF5_UINT32, CHDF5_INT32, CHDF5_UINT64, CHDF5_INT64,
  CHDF5_FLOAT32, CHDF5_FLOAT64,
};
enum { CHDF5_CLASS_OTHER = 0, CHDF5_CLASS_INTEGER, CHDF5_CLASS_FLOAT, CHDF5_CLASS_STRING };
enum { CHDF5_PADDING_NULL = 0, CHDF5_PADDING_SPACE };
enum { CHDF5_LAYOUT_OTHER = 0, CHDF5_LAYOUT_COMPACT, CHDF5_LAYOUT_CONTIGUOUS, CHDF5_LAYOUT_CHUNKED };
enum { CHDF5_LINK_MISSING = 0, CHDF5_LINK_HARD, CHDF5_LINK_SOFT, CHDF5_LINK_OTHER };
enum { CHDF5_OBJECT_GROUP = 0, CHDF5_OBJECT_DATASET, CHDF5_OBJECT_OTHER };
enum { CHDF5_MAXIMUM_RANK = 32 };

typedef struct {
  int32_t type_class;          // CHDF5_CLASS_…
  int32_t is_signed;           // integers
  int32_t is_variable;         // strings
  int32_t padding;             // strings: CHDF5_PADDING_…
  int64_t size;                // bytes of an element as stored
} chdf5_type_description;

typedef struct {
  int32_t layout;              // CHDF5_LAYOUT_…
  int32_t external_count;      // raw files outside the HDF5 file
  int32_t compressing_count;   // filters that can make data smaller
  int32_t filter_count;
  int64_t stored_size;         // bytes that raw data takes in the file
  int64_t offset;              // of contiguous raw data in the file; negative: none
  uint64_t chunk[CHDF5_MAXIMUM_RANK];
} chdf5_storage_description;

typedef int32_t (*chdf5_name_receiver)(const char *_Nonnull name, void *_Nullable context);

int32_t chdf5_start(void);
/// Automatic error printing is a setting of each thread in a thread-safe library.
int32_t chdf5_silence_this_thread(void);
int32_t chdf5_version(uint32_t *_Nonnull major, uint32_t *_Nonnull minor, uint32_t *_Nonnull release);
/// 1 where the library was built over MPI; its serial functions, the only ones used here, work the same.
int32_t chdf5_is_parallel(void);
/// The thread's error stack, outermost first, one line "function: description" each; returns the length written.
int64_t chdf5_error_text(char *_Nonnull buffer, int64_t capacity);

/// Formats bound to V110, locking off; fails where the file exists.
int64_t chdf5_file_create(const char *_Nonnull path);
/// Read only, locking off.
int64_t chdf5_file_open(const char *_Nonnull path);
int32_t chdf5_file_flush(int64_t file);
int32_t chdf5_file_close(int64_t file);
/// Identifiers of files, groups, datasets, attributes and types that are open in `file`; negative: failure.
int64_t chdf5_file_open_count(int64_t file);

int64_t chdf5_group_create(int64_t parent, const char *_Nonnull name);
int64_t chdf5_object_open(int64_t parent, const char *_Nonnull name);
int32_t chdf5_object_kind(int64_t object);
int32_t chdf5_object_close(int64_t object);
int32_t chdf5_link_kind(int64_t parent, const char *_Nonnull name, int32_t *_Nonnull kind);
int32_t chdf5_group_iterate(int64_t group, chdf5_name_receiver _Nonnull receiver, void *_Nullable context);

int64_t chdf5_type_file(int32_t element);
int64_t chdf5_type_memory(int32_t element);
/// UTF-8 of `size` bytes, padded with zeros; size 0: variable length.
int64_t chdf5_type_utf8(int64_t size);
/// ASCII of `size` bytes including a closing zero, as the HDF5 Image specification writes it.
int64_t chdf5_type_ascii(int64_t size);
int32_t chdf5_type_describe(int64_t type, chdf5_type_description *_Nonnull description);
int32_t chdf5_type_is_file_type(int64_t type, int32_t element);
int32_t chdf5_type_close(int64_t type);

/// chunk NULL: contiguous.
int64_t chdf5_dataset_create(int64_t parent, const char *_Nonnull name, int64_t type, int32_t rank,
                             const uint64_t *_Nonnull shape, const uint64_t *_Nullable chunk, int32_t fletcher32);
int64_t chdf5_dataset_type(int64_t dataset);
/// Returns the rank; negative: failure.
int32_t chdf5_dataset_shape(int64_t dataset, uint64_t *_Nonnull shape);
int32_t chdf5_dataset_storage(int64_t dataset, chdf5_storage_description *_Nonnull description);
int32_t chdf5_dataset_write(int64_t dataset, int64_t type, const void *_Nonnull values);
int32_t chdf5_dataset_read(int64_t dataset, int64_t type, void *_Nonnull values);
/// `count` entries of the first dimension from `first` on, whole in all other dimensions.
int32_t chdf5_dataset_read_rows(int64_t dataset, int64_t type, uint64_t first, uint64_t count, void *_Nonnull values);
/// Frees the strings that a read of variable-length strings made.
int32_t chdf5_dataset_reclaim(int64_t dataset, int64_t type, void *_Nonnull values);

int32_t chdf5_attribute_exists(int64_t object, const char *_Nonnull name);
int32_t chdf5_attribute_delete(int64_t object, const char *_Nonnull name);
/// rank 0: a scalar.
int32_t chdf5_attribute_write(int64_t object, const char *_Nonnull name, int64_t file_type, int64_t memory_type,
                              int32_t rank, const uint64_t *_Nonnull shape, const void *_Nonnull values);
/// One reference to the object at `path` below `parent`, as the Image specification wants its PALETTE.
int32_t chdf5_attribute_write_reference(int64_t object, const char *_Nonnull name, int64_t parent,
                                        const char *_Nonnull path);
int32_t chdf5_attribute_iterate(int64_t object, chdf5_name_receiver _Nonnull receiver, void *_Nullable context);
int64_t chdf5_attribute_open(int64_t object, const char *_Nonnull name);
int64_t chdf5_attribute_type(int64_t attribute);
int32_t chdf5_attribute_shape(int64_t attribute, uint64_t *_Nonnull shape);
int32_t chdf5_attribute_read(int64_t attribute, int64_t type, void *_Nonnull values);
int32_t chdf5_attribute_reclaim(int64_t attribute, int64_t type, void *_Nonnull values);
int32_t chdf5_attribute_close(int64_t attribute);

// Processes that read one file each (Storage/Isolation): they may crash instead of the one that asks.

/// Where such a process finds its end of the sockets.
enum { CHDF5_READER_DESCRIPTOR = 3 };

/// Starts `program` with four arguments, connected to `*descriptor` here; its standard streams lead nowhere. Returns an
/// error number.
int32_t chdf5_reader_start(const char *_Nonnull program, const char *_Nonnull word, const char *_Nonnull path,
                           const char *_Nonnull memory, const char *_Nonnull seconds, int32_t *_Nonnull descriptor,
                           int32_t *_Nonnull process);
/// Bounds of the calling process: bytes of address space, seconds of computing, no core files.
void chdf5_reader_limit(int64_t memory, int64_t seconds);
/// As send(2), without SIGPIPE.
ssize_t chdf5_reader_send(int32_t descriptor, const void *_Nullable bytes, size_t count);
/// Ends the process, whose socket is closed, if it does not end itself, and waits for it. Returns the signal that ended
/// it before, or 0.
int32_t chdf5_reader_end(int32_t process);
