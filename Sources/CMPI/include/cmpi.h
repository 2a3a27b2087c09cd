#pragma once
// MPI-3.1 for Swift: fixed-width types, opaque handles, counts beyond 2^31. No policy lives here. Every function
// returns MPI's own status (0: success), results come through the last parameters, and nothing is printed or retried.
// A `piece` is the largest number of elements (bytes, where data is untyped) that one MPI call is given.
#include <stdint.h>

typedef struct cmpi_communicator_s *cmpi_communicator;
typedef struct cmpi_request_s *cmpi_request;
typedef struct cmpi_window_s *cmpi_window;

typedef enum { CMPI_FLOAT32, CMPI_FLOAT64, CMPI_INT64 } cmpi_type;
typedef enum { CMPI_SUM, CMPI_MINIMUM, CMPI_MAXIMUM } cmpi_operation;
typedef enum { CMPI_SINGLE, CMPI_FUNNELED, CMPI_SERIALIZED, CMPI_MULTIPLE } cmpi_thread_level;

// Life cycle. `initialize` asks for SERIALIZED and says what the library gave.
int32_t cmpi_initialize(cmpi_thread_level *_Nonnull provided);
int32_t cmpi_query_thread_level(cmpi_thread_level *_Nonnull level);
int32_t cmpi_is_initialized(int32_t *_Nonnull flag);
int32_t cmpi_is_finalized(int32_t *_Nonnull flag);
int32_t cmpi_finalize(void);

// Texts are cut to `capacity` bytes, the closing zero included.
int32_t cmpi_error_string(int32_t status, char *_Nonnull text, int32_t capacity);
int32_t cmpi_is_truncation(int32_t status, int32_t *_Nonnull flag);
int32_t cmpi_library_version(char *_Nonnull text, int32_t capacity);

// Communicators. All of them return errors instead of ending the process.
int32_t cmpi_duplicate_world(cmpi_communicator _Nullable *_Nonnull duplicate);
// A negative color gives no communicator.
int32_t cmpi_split(
    cmpi_communicator _Nonnull parent, int32_t color, int32_t key, cmpi_communicator _Nullable *_Nonnull part);
int32_t cmpi_split_by_machine(
    cmpi_communicator _Nonnull parent, int32_t key, cmpi_communicator _Nullable *_Nonnull part);
int32_t cmpi_free(cmpi_communicator _Nonnull communicator);
int32_t cmpi_rank(cmpi_communicator _Nonnull communicator, int32_t *_Nonnull rank);
int32_t cmpi_size(cmpi_communicator _Nonnull communicator, int32_t *_Nonnull size);
int32_t cmpi_abort(cmpi_communicator _Nonnull communicator, int32_t code);

// Collectives.
int32_t cmpi_barrier(cmpi_communicator _Nonnull communicator);
int32_t cmpi_allreduce(
    void *_Nullable values, int64_t count, cmpi_type type, cmpi_operation operation, int64_t piece,
    cmpi_communicator _Nonnull communicator);
int32_t cmpi_broadcast(
    void *_Nullable bytes, int64_t count, int32_t root, int64_t piece, cmpi_communicator _Nonnull communicator);
// `count` numbers of every rank, in rank order, into `all`.
int32_t cmpi_allgather_int64(
    const int64_t *_Nonnull values, int32_t count, int64_t *_Nonnull all, cmpi_communicator _Nonnull communicator);
// counts[r] bytes of rank r at offsets[r] of `all`; less than 2^31 in all.
int32_t cmpi_allgatherv(
    const void *_Nullable bytes, const int32_t *_Nonnull counts, const int32_t *_Nonnull offsets, int32_t own_count,
    void *_Nullable all, cmpi_communicator _Nonnull communicator);

// Messages. A message longer than a piece travels as several under one tag; an empty one travels too.
int32_t cmpi_send(
    const void *_Nullable bytes, int64_t count, int32_t destination, int32_t tag, int64_t piece,
    cmpi_communicator _Nonnull communicator);
// `received` is less than `count` where the message was shorter than the buffer.
int32_t cmpi_receive(
    void *_Nullable bytes, int64_t count, int32_t source, int32_t tag, int64_t piece,
    cmpi_communicator _Nonnull communicator, int64_t *_Nonnull received);
int32_t cmpi_start_send(
    const void *_Nullable bytes, int32_t count, int32_t destination, int32_t tag,
    cmpi_communicator _Nonnull communicator, cmpi_request _Nullable *_Nonnull request);
int32_t cmpi_start_receive(
    void *_Nullable bytes, int32_t count, int32_t source, int32_t tag, cmpi_communicator _Nonnull communicator,
    cmpi_request _Nullable *_Nonnull request);
// `received`: the bytes that arrived; null for a send.
int32_t cmpi_wait(cmpi_request _Nullable *_Nonnull request, int32_t *_Nullable received);
// As `wait`, but returns at once; `is_done` says whether the request is over.
int32_t cmpi_test(
    cmpi_request _Nullable *_Nonnull request, int32_t *_Nonnull is_done, int32_t *_Nullable received);
int32_t cmpi_probe(
    int32_t source, int32_t tag, cmpi_communicator _Nonnull communicator, int32_t *_Nonnull is_waiting);

// Memory that all ranks of one machine see; `base` is where rank 0's part, the whole, begins in this process, open for
// loads and stores by all until it is freed.
int32_t cmpi_window_allocate(
    int64_t count, cmpi_communicator _Nonnull communicator, void *_Nullable *_Nonnull base,
    cmpi_window _Nullable *_Nonnull window);
int32_t cmpi_window_free(cmpi_window _Nonnull window);
