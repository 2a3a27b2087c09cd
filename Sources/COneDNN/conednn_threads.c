#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "conednn_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define FLUSH_TO_ZERO 0x8040u
static uint32_t float_mode(void) { return _mm_getcsr(); }
static void set_float_mode(uint32_t mode) { _mm_setcsr(mode); }
#else
#define FLUSH_TO_ZERO 0u
static uint32_t float_mode(void) { return 0; }
static void set_float_mode(uint32_t mode) { (void)mode; }
#endif

conednn_openmp conednn_threading;

/// How many threads the calling thread's pool was last set up for: OpenMP keeps one pool per calling thread.
static _Thread_local int32_t prepared_threads;

static void flush_denormals(void *data) {
  (void)data;
  set_float_mode(float_mode() | FLUSH_TO_ZERO);
}

uint32_t conednn_enter(int32_t threads) {
  uint32_t mode = float_mode();
  set_float_mode(mode | FLUSH_TO_ZERO);
  if (conednn_threading.in_parallel && conednn_threading.in_parallel()) {
    // Inside a parallel region the library would get one thread and silently compute a part of the result.
    fputs("fcn-dist: oneDNN was called from inside an OpenMP parallel region\n", stderr);
    abort();
  }
  if (prepared_threads != threads) {
    prepared_threads = threads;
    if (conednn_threading.set_dynamic) conednn_threading.set_dynamic(0);
    if (conednn_threading.set_num_threads) conednn_threading.set_num_threads(threads);
    if (conednn_threading.parallel) conednn_threading.parallel(flush_denormals, NULL, (unsigned)threads, 0);
  }
  return mode;
}

void conednn_leave(uint32_t mode) { set_float_mode(mode); }

/// Runs `take` on `used` of a pool of `threads`.
static void share_out(int32_t used, int32_t threads, void (*take)(void *shared), void *shared) {
  uint32_t mode = conednn_enter(threads);
  if (used > 1 && conednn_threading.parallel)
    conednn_threading.parallel(take, shared, (unsigned)used, 0);
  else
    take(shared);
  conednn_leave(mode);
}

typedef struct {
  _Atomic int64_t next;
  int64_t count, grain;
  void *context;
  void (*body)(void *context, int64_t begin, int64_t end);
} work;

static void take_pieces(void *data) {
  work *shared = data;
  for (;;) {
    int64_t begin = atomic_fetch_add_explicit(&shared->next, shared->grain, memory_order_relaxed);
    if (begin >= shared->count) return;
    int64_t end = begin + shared->grain;
    shared->body(shared->context, begin, end < shared->count ? end : shared->count);
  }
}

void conednn_parallel(int32_t threads, int64_t count, int64_t grain, void *context,
                      void (*body)(void *context, int64_t begin, int64_t end)) {
  work shared = {.count = count, .grain = grain > 0 ? grain : 1, .context = context, .body = body};
  share_out(count > shared.grain ? threads : 1, threads, take_pieces, &shared);
}

typedef struct {
  _Atomic int32_t workers;
  _Atomic int64_t next;
  int64_t count;
  void *context;
  void (*body)(void *context, int32_t worker, int64_t index);
} numbered_work;

static void take_indices(void *data) {
  numbered_work *shared = data;
  int32_t worker = atomic_fetch_add_explicit(&shared->workers, 1, memory_order_relaxed);
  for (;;) {
    int64_t index = atomic_fetch_add_explicit(&shared->next, 1, memory_order_relaxed);
    if (index >= shared->count) return;
    shared->body(shared->context, worker, index);
  }
}

void conednn_parallel_workers(int32_t threads, int64_t count, void *context,
                              void (*body)(void *context, int32_t worker, int64_t index)) {
  numbered_work shared = {.count = count, .context = context, .body = body};
  share_out(count > 1 ? threads : 1, threads, take_indices, &shared);
}
