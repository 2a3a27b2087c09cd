#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "conednn_internal.h"

#ifdef CONEDNN_HEADERS

enum { PAGE = 4096, ALIGNMENT = 64 };
static const unsigned char canary = 0xA5;

typedef struct {
  unsigned char *region;
  size_t region_size;
  unsigned char *data;
  size_t size;
} guarded;

static _Atomic int guard_wanted = -1;

void conednn_set_guard(int32_t wanted) { guard_wanted = wanted != 0; }

int conednn_guard_wanted(void) {
  if (guard_wanted < 0) {
    const char *value = getenv("FCN_DIST_GUARD");
    guard_wanted = value && strcmp(value, "1") == 0;
  }
  return guard_wanted;
}

/// The data ends less than 64 bytes before an inaccessible page and begins after another; the rest is canaries.
static int32_t guard(guarded *g, const void *original, size_t size) {
  size_t aligned = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  size_t middle = (aligned + PAGE - 1) / PAGE * PAGE;
  g->size = size;
  g->region_size = middle + 2 * PAGE;
  g->region = mmap(NULL, g->region_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (g->region == MAP_FAILED) return conednn_fail(CONEDNN_FAILED, "no memory for guarded copies");
  memset(g->region + PAGE, canary, middle);
  if (mprotect(g->region, PAGE, PROT_NONE) || mprotect(g->region + PAGE + middle, PAGE, PROT_NONE)) {
    munmap(g->region, g->region_size);
    return conednn_fail(CONEDNN_FAILED, "cannot guard copies (pages larger than 4 KiB?)");
  }
  g->data = g->region + PAGE + (middle - aligned);
  if (original) memcpy(g->data, original, size);
  return CONEDNN_OK;
}

static int damaged(const guarded *g) {
  const unsigned char *end = g->region + g->region_size - PAGE;
  for (const unsigned char *p = g->region + PAGE; p < end; p++) {
    if (p == g->data) p += g->size;
    if (p < end && *p != canary) return 1;
  }
  return 0;
}

int32_t conednn_guarded_execute(conednn_operation operation, void *const pointers[CONEDNN_ROLES]) {
  guarded copies[CONEDNN_ROLES] = {0};
  dnnl_exec_arg_t arguments[CONEDNN_ROLES];
  int count = 0;
  int32_t status = CONEDNN_OK;
  for (int role = 0; role < CONEDNN_ROLES && !status; role++) {
    const conednn_tensor *tensor = &operation->tensors[role];
    if (!tensor->memory) continue;
    status = guard(&copies[role], role == CONEDNN_SCRATCH ? NULL : pointers[role], tensor->size);
    if (!status)
      status = conednn_check(conednn_dnnl.memory_set_data_handle(tensor->memory, copies[role].data), "guarded copy");
    arguments[count++] = (dnnl_exec_arg_t){tensor->argument, tensor->memory};
  }
  uint32_t mode = conednn_enter(operation->threads);
  if (!status)
    status = conednn_check(
        conednn_dnnl.primitive_execute(operation->primitive, conednn_stream, count, arguments),
        operation->implementation);
  if (!status) status = conednn_check(conednn_dnnl.stream_wait(conednn_stream), operation->implementation);
  conednn_leave(mode);
  for (int role = 0; role < CONEDNN_ROLES; role++) {
    if (!copies[role].data) continue;
    if (!status && damaged(&copies[role]))
      status = conednn_fail(CONEDNN_FAILED, "%s wrote outside its tensor %d", operation->implementation, role);
    if (!status && operation->tensors[role].is_output && role != CONEDNN_SCRATCH)
      memcpy(pointers[role], copies[role].data, copies[role].size);
    munmap(copies[role].region, copies[role].region_size);
  }
  return status;
}

#endif
